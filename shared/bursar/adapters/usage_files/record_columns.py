"""Records of one chunk in columns, and how they are taken from lines that have been cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bursar.adapters.usage_files.buffer import Buffer, Texts
from bursar.adapters.usage_files.rows import COUNTS, NEVER, TOKENS
from bursar.adapters.usage_files.templates import Template
from bursar.adapters.usage_files.times import microseconds
from bursar.adapters.usage_files.words import Integers, Mask
from bursar.domain.usage.records import LONGEST_ID_BYTES, LONGEST_NAME_BYTES

MOST = 10**15  # of a count
_MOST_DIGITS = len(str(MOST))
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

    def __init__(self, buffer: Buffer, template: Template, values: Mapping[str, Texts]) -> None:
        self._buffer = buffer
        self._template = template
        self._values = values

    def are_values(self) -> Mask:
        """Whether what no column is known for is written as a value, too."""
        good = np.ones(len(self._values["model"].lengths), np.bool_)
        for column in self._template.valued:
            if not (column.quoted or self._template.is_csv or column.name in COUNTS):
                good &= self._buffer.whole_numbers(self._values[column.name])[1]
        return good

    def text(self, name: str, good: Mask) -> Texts | None:
        if (values := self._values.get(name)) is None:
            return None
        most = LONGEST_ID_BYTES if name == "id" else LONGEST_NAME_BYTES
        if values.longest > most:
            good &= values.lengths <= most
        return values

    def count(self, name: str, good: Mask) -> Integers | None:
        if (values := self._values.get(name)) is None:
            return None
        numbers, whole = self._buffer.whole_numbers(values)
        if values.longest >= _MOST_DIGITS and int(numbers.max(initial=0)) > MOST:
            whole &= numbers <= MOST
        if self._template.is_csv and not whole.all():
            empty = values.lengths == 0
            numbers, whole = np.where(empty, DEFAULTS[name], numbers), whole | empty
        good &= whole
        return numbers

    def at(self, good: Mask, until: int) -> Integers | None:
        if (values := self._values.get("at")) is None:
            return None
        times, right = microseconds(self._buffer, values)
        right &= times <= until
        if not right.all():
            told = values.lengths > 0
            times, right = np.where(told, times, NEVER), right | ~told
        good &= right
        return times

    def batch(self, good: Mask) -> Mask | None:
        values = self._values.get("batch")
        if values is None:
            told = {each.literal for each in self._template.columns if each.name == "batch"}
            return np.ones(len(good), np.bool_) if b"true" in told else None
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
        if not (models := records.texts["model"]).shortest:
            good &= models.lengths > 0
        if self._template.is_csv:
            tokens = (self._values.get(name) for name in ("input_tokens", "output_tokens"))
            told = [each for each in tokens if each is not None]
            if not any(each.shortest for each in told):
                good &= np.logical_or.reduce([each.lengths > 0 for each in told])
        zero = np.int64(0)
        if parts := [records.counts[name] for name in TOKENS[1:4] if name in records.counts]:
            good &= sum(parts[1:], parts[0]) <= records.counts.get("input_tokens", zero)
        if "reasoning_tokens" in records.counts:
            good &= records.counts["reasoning_tokens"] <= records.counts.get("output_tokens", zero)
        if (currency := self._values.get("currency")) is not None:
            usd = (currency.lengths == 3) & self._buffer.is_at(b"USD", currency.starts)
            good &= usd | (currency.lengths == 0)
