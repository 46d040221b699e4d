"""Records of one chunk in columns, and how they are taken from lines that have been cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bursar.adapters.usage_files.rows import COUNTS, KNOWN, NEVER, TOKENS
from bursar.adapters.usage_files.templates import Column, Template
from bursar.adapters.usage_files.times import microseconds
from bursar.adapters.usage_files.words import WORD, Buffer, Integers, Mask, Texts, Words
from bursar.domain.usage.records import LONGEST_ID_BYTES, LONGEST_NAME_BYTES

MOST = 10**15  # of a count
_WORDS_TAKEN = 4  # of a value at most, with the bytes before it
DEFAULTS = dict.fromkeys(COUNTS, 0) | {"requests": 1, "latency_ms": NEVER}


@dataclass(frozen=True, slots=True)
class Records:
    """Records of one chunk in columns; a column that no line has is None."""

    buffer: Buffer
    numbers: Integers  # of the lines
    places: Integers  # where the lines start in the file
    texts: dict[str, Texts]
    at: Integers | None
    batch: Mask | None
    counts: dict[str, Integers]

    def __len__(self) -> int:
        return len(self.numbers)

    def where(self, kept: Mask) -> Records:
        return Records(
            self.buffer,
            self.numbers[kept],
            self.places[kept],
            {name: texts.where(kept) for name, texts in self.texts.items()},
            None if self.at is None else self.at[kept],
            None if self.batch is None else self.batch[kept],
            {name: counts[kept] for name, counts in self.counts.items()},
        )


class TakenColumns:
    """The columns of lines, and the checks of each; a check clears the lines that fail it."""

    def __init__(self, buffer: Buffer, template: Template, texts: list[Texts]) -> None:
        self._buffer = buffer
        self._template = template
        self._differs = np.zeros(len(texts[0].starts), np.uint64)
        self._columns = {
            column.name: (column, self._with_words(column, values, joint))
            for column, values, joint in zip(
                template.columns, texts, template.joints[:-1], strict=True
            )
        }
        if behind := template.joints[-1]:
            words = -(-len(behind) // WORD)
            ends = texts[-1].starts + texts[-1].lengths + len(behind)
            self._compare(behind, buffer.windows(ends - words * WORD, words))

    def written_so(self) -> Mask:
        """Whether the fixed bytes stand around each value."""
        good: Mask = self._differs == 0
        for column, values in self._columns.values():
            if column.literal is not None:
                good &= values.lengths == 0
            elif not (
                column.quoted or self._template.empty_tells_nothing or column.name in COUNTS
            ):
                good &= self._buffer.whole_numbers(values)[1]
        return good

    def _with_words(self, column: Column, values: Texts, joint: bytes) -> Texts:
        """The values, their first words taken along with the fixed bytes before them."""
        fixed = -(-len(joint) // WORD)
        wanted = 0 if column.name not in KNOWN else -(-values.longest // WORD)
        if not fixed + wanted:
            return values
        count = fixed + min(wanted, _WORDS_TAKEN)
        words = self._buffer.windows(values.starts - fixed * WORD, count)
        self._compare(joint, words[:fixed])
        return values._replace(words=words[fixed:])

    def _compare(self, joint: bytes, words: Sequence[Words]) -> None:
        """Note where the ends of these words are other bytes."""
        expected = np.frombuffer(joint.rjust(len(words) * WORD, b"\0"), "<u8")
        for n, word in enumerate(words):
            differs = word ^ expected[n]
            if n == 0:
                differs >>= np.uint64(8 * (len(words) * WORD - len(joint)))
            self._differs |= differs

    def text(self, name: str, good: Mask) -> Texts | None:
        if (values := self._values(name)) is None:
            return None
        most = LONGEST_ID_BYTES if name == "id" else LONGEST_NAME_BYTES
        if values.longest > most:
            good &= values.lengths <= most
        return values

    def count(self, name: str, good: Mask) -> Integers | None:
        if (values := self._values(name)) is None:
            return None
        numbers, whole = self._buffer.whole_numbers(values)
        if int(numbers.max(initial=0)) > MOST:
            whole &= numbers <= MOST
        if self._template.empty_tells_nothing and not whole.all():
            empty = values.lengths == 0
            numbers, whole = np.where(empty, DEFAULTS[name], numbers), whole | empty
        good &= whole
        return numbers

    def at(self, good: Mask, until: int) -> Integers | None:
        if (values := self._values("at")) is None:
            return None
        times, right = microseconds(self._buffer, values)
        right &= times <= until
        if not right.all():
            told = values.lengths > 0
            times, right = np.where(told, times, NEVER), right | ~told
        good &= right
        return times

    def batch(self, good: Mask) -> Mask | None:
        found = self._columns.get("batch")
        if found is None or found[0].literal == b"null":
            return None
        column, values = found
        if column.literal is not None:
            return np.full(len(values.starts), column.literal == b"true")
        known = values.lengths == 0
        truth = np.zeros(len(known), np.bool_)
        for word, means in ((b"true", True), (b"1", True), (b"false", False), (b"0", False)):
            same = (values.lengths == len(word)) & self._buffer.is_at(word, values.starts)
            known |= same
            truth |= same & means
        good &= known
        return truth

    def check_rules(self, records: Records, good: Mask) -> None:
        """A model and tokens are told, the parts are no more than the whole, and it is USD."""
        good &= records.texts["model"].lengths > 0
        if self._template.empty_tells_nothing:
            tokens = (self._values(name) for name in ("input_tokens", "output_tokens"))
            told = [each.lengths > 0 for each in tokens if each is not None]
            good &= np.logical_or.reduce(told)
        zero = np.int64(0)
        parts = [records.counts.get(name, zero) for name in TOKENS[1:4]]
        if any(part is not zero for part in parts):
            good &= sum(parts, zero) <= records.counts.get("input_tokens", zero)
        if "reasoning_tokens" in records.counts:
            good &= records.counts["reasoning_tokens"] <= records.counts.get("output_tokens", zero)
        if (currency := self._values("currency")) is not None:
            usd = (currency.lengths == 3) & self._buffer.is_at(b"USD", currency.starts)
            good &= usd | (currency.lengths == 0)

    def _values(self, name: str) -> Texts | None:
        found = self._columns.get(name)
        return None if found is None or found[0].literal is not None else found[1]
