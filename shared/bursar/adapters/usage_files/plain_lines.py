"""Lines that are written as a template says, taken apart a chunk at a time.

A line is plain only if there is one way to read it: the fixed bytes stand where the template
has them, no value holds a comma, a quote, a backslash or a control character, counts are bare
digits, and times are in UTC. What is not plain is handed back, to be read with every rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bursar.adapters.usage_files.rows import COUNTS, NAMES, NEVER, TOKENS
from bursar.adapters.usage_files.templates import Column, Template
from bursar.adapters.usage_files.times import microseconds
from bursar.adapters.usage_files.words import BEFORE, Buffer, Integers, Mask, Texts
from bursar.domain.usage.records import LONGEST_ID_BYTES, LONGEST_NAME_BYTES

_COMMA, _NEWLINE, _QUOTE = (ord(each) for each in ',\n"')
MOST = 10**15
DEFAULTS = dict.fromkeys(COUNTS, 0) | {"requests": 1, "latency_ms": NEVER}


@dataclass(frozen=True, slots=True)
class Records:
    """Records of one chunk in columns; a column that no line has is None."""

    buffer: Buffer
    numbers: Integers  # of the lines
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
            {name: texts.where(kept) for name, texts in self.texts.items()},
            None if self.at is None else self.at[kept],
            None if self.batch is None else self.batch[kept],
            {name: counts[kept] for name, counts in self.counts.items()},
        )


class Lines(NamedTuple):
    """Lines inside a buffer, and their numbers in the file."""

    buffer: Buffer
    starts: Integers
    ends: Integers  # of the newline
    numbers: Integers

    def where(self, kept: Mask) -> Lines:
        return Lines(self.buffer, self.starts[kept], self.ends[kept], self.numbers[kept])

    def line(self, n: int) -> bytes:
        return self.buffer.padded[int(self.starts[n]) : int(self.ends[n])]


def lines_of(content: bytes, first: int) -> Lines:
    buffer = Buffer(content)
    ends = np.flatnonzero(buffer.bytes == _NEWLINE)
    starts = np.empty_like(ends)
    starts[:1], starts[1:] = len(BEFORE), ends[:-1] + 1
    return Lines(buffer, starts, ends, np.arange(first, first + len(ends)))


def suspects(lines: Lines) -> Mask:
    """Lines with a backslash, a control character, or bytes that are no UTF-8."""
    found = np.zeros(len(lines.starts), np.bool_)
    inner = lines.buffer.bytes[int(lines.starts[0]) : int(lines.ends[-1]) + 1]
    if np.count_nonzero(inner < 32) != len(lines.starts):
        control = (lines.buffer.bytes < 32) & (lines.buffer.bytes != _NEWLINE)
        found |= _any_within(control, lines)
    if b"\\" in lines.buffer.padded:
        found |= _any_within(lines.buffer.bytes == ord("\\"), lines)
    if not lines.buffer.padded.isascii():
        try:
            lines.buffer.padded.decode()
        except UnicodeDecodeError:
            found |= _any_within(lines.buffer.bytes >= 128, lines)
    return found


def records_of(lines: Lines, template: Template, until: int) -> tuple[Records | None, Mask]:
    """The records of the plain lines, and which of the lines those are."""
    plain = np.zeros(len(lines.starts), np.bool_)
    names = [column.name for column in template.columns]
    if "model" not in names or not {"input_tokens", "output_tokens"} & set(names):
        return None, plain
    cut, columns = _cut(lines, template)
    taken = _Taken(lines.buffer, template, columns)
    good = taken.written_so()
    records = Records(
        buffer=lines.buffer,
        numbers=lines.numbers[cut],
        texts={n: t for n in ("id", *NAMES) if (t := taken.text(n, good)) is not None},
        at=taken.at(good, until),
        batch=taken.batch(good),
        counts={n: c for n in COUNTS if (c := taken.count(n, good)) is not None},
    )
    taken.check_rules(records, good)
    good &= _no_quote_within(lines.where(cut), template, good)
    plain[np.flatnonzero(cut)[good]] = True
    return (records if good.all() else records.where(good)), plain


class _Taken:
    """The columns of lines, and the checks of each; a check clears the lines that fail it."""

    def __init__(self, buffer: Buffer, template: Template, texts: list[Texts]) -> None:
        self._buffer = buffer
        self._template = template
        self._columns = {
            column.name: (column, values)
            for column, values in zip(template.columns, texts, strict=True)
        }

    def written_so(self) -> Mask:
        """Whether the fixed bytes stand around each value."""
        good = np.ones(len(next(iter(self._columns.values()))[1].starts), np.bool_)
        for column, values in self._columns.values():
            before, after = len(column.before), len(column.after)
            if before:
                good &= self._buffer.is_at(column.before, values.starts - before)
            if after:
                good &= self._buffer.is_at(column.after, values.starts + values.lengths)
            if column.literal is not None:
                good &= values.lengths == 0
            elif not column.quoted and not self._template.empty_tells_nothing:
                good &= self._buffer.whole_numbers(values)[1]
        return good

    def text(self, name: str, good: Mask) -> Texts | None:
        if (values := self._values(name)) is None:
            return None
        good &= values.lengths <= (LONGEST_ID_BYTES if name == "id" else LONGEST_NAME_BYTES)
        return values

    def count(self, name: str, good: Mask) -> Integers | None:
        if (values := self._values(name)) is None:
            return None
        numbers, whole = self._buffer.whole_numbers(values)
        whole &= numbers <= MOST
        if self._template.empty_tells_nothing and not whole.all():
            empty = values.lengths == 0
            numbers, whole = np.where(empty, DEFAULTS[name], numbers), whole | empty
        good &= whole
        return numbers

    def at(self, good: Mask, until: int) -> Integers | None:
        if (values := self._values("at")) is None:
            return None
        told = values.lengths > 0
        times, right = microseconds(self._buffer, values)
        good &= ~told | (right & (times <= until))
        return np.where(told, times, NEVER)

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


def _cut(lines: Lines, template: Template) -> tuple[Mask, list[Texts]]:
    """Which lines have as many commas as the template and room for its fixed bytes; and the
    values of those lines, column by column."""
    columns = template.columns
    places, fits = _commas(lines, len(columns) - 1)
    texts = _texts(lines.where(fits), columns, places)
    short = np.logical_or.reduce([each.lengths < 0 for each in texts])
    if short.any():
        texts = [each.where(~short) for each in texts]
        fits[np.flatnonzero(fits)[short]] = False
    return fits, texts


def _no_quote_within(lines: Lines, template: Template, good: Mask) -> Mask:
    """Lines without a quote but those of the template. Where every line is written as it says,
    the number of all quotes proves it."""
    expected = template.quotes * len(good)
    if good.all() and np.count_nonzero(lines.buffer.bytes == _QUOTE) == expected:
        return good
    _, of = _within(lines, np.flatnonzero(lines.buffer.bytes == _QUOTE))
    quotes: Integers = np.bincount(of, minlength=len(good))
    return np.equal(quotes, template.quotes)


def _texts(lines: Lines, columns: tuple[Column, ...], commas: Integers) -> list[Texts]:
    cuts = np.ascontiguousarray(commas.reshape(len(lines.starts), len(columns) - 1).T)
    texts = []
    for n, column in enumerate(columns):
        starts = (cuts[n - 1] + 1 if n else lines.starts) + len(column.before)
        ends = (cuts[n] if n < len(cuts) else lines.ends) - len(column.after)
        texts.append(Texts(starts, ends - starts))
    return texts


def _commas(lines: Lines, expected: int) -> tuple[Integers, Mask]:
    """Where the commas stand of lines that have as many as are expected, and which those are."""
    places = np.flatnonzero(lines.buffer.bytes == _COMMA)
    if expected and len(places) == expected * len(lines.starts):
        rows = places.reshape(-1, expected)
        if (rows[:, 0] >= lines.starts).all() and (rows[:, -1] < lines.ends).all():
            return places, np.ones(len(lines.starts), np.bool_)
    places, of = _within(lines, places)
    fits = np.bincount(of, minlength=len(lines.starts)) == expected
    return places[fits[of]], fits


def _within(lines: Lines, places: Integers) -> tuple[Integers, Integers]:
    """The places that lie in the lines, and the line of each."""
    of = np.searchsorted(lines.ends, places)
    inside = of < len(lines.ends)
    inside[inside] = places[inside] >= lines.starts[of[inside]]
    return places[inside], of[inside]


def _any_within(marks: Mask, lines: Lines) -> Mask:
    """Which lines hold a mark."""
    found = np.zeros(len(lines.starts), np.bool_)
    found[_within(lines, np.flatnonzero(marks))[1]] = True
    return found
