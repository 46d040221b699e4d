"""Lines that are written as a template says, taken apart a chunk at a time.

A line is plain only if there is one way to read it: the fixed bytes stand where the template
has them, no value holds a comma, a quote, a backslash or a control character, counts are bare
digits, and times are in UTC. What is not plain is handed back, to be read with every rule.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bursar.adapters.usage_files.record_columns import Records, TakenColumns
from bursar.adapters.usage_files.rows import COUNTS, NAMES
from bursar.adapters.usage_files.templates import Column, Template
from bursar.adapters.usage_files.words import BEFORE, Buffer, Integers, Mask, Texts

_COMMA, _NEWLINE, _QUOTE = (ord(each) for each in ',\n"')


class Lines(NamedTuple):
    """Lines inside a buffer, their numbers and where they start in the file."""

    buffer: Buffer
    starts: Integers
    ends: Integers  # of the newline
    numbers: Integers
    places: Integers

    def where(self, kept: Mask) -> Lines:
        return Lines(self.buffer, *(part[kept] for part in self[1:]))

    def line(self, n: int) -> bytes:
        return self.buffer.padded[int(self.starts[n]) : int(self.ends[n])]


def lines_of(content: bytes, first: int, places: int | Integers) -> Lines:
    """Lines numbered from the first, which starts at this place in the file; or each at its."""
    buffer = Buffer(content)
    ends = np.flatnonzero(buffer.bytes == _NEWLINE)
    starts = np.empty_like(ends)
    starts[:1], starts[1:] = len(BEFORE), ends[:-1] + 1
    if isinstance(places, int):
        places = starts + (places - len(BEFORE))
    return Lines(buffer, starts, ends, np.arange(first, first + len(ends)), places)


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
    names = {column.name for column in template.columns if column.literal is None}
    if "model" not in names or not {"input_tokens", "output_tokens"} & names:
        return None, plain
    cut, columns = _cut(lines, template)
    if not len(columns[0].starts):
        return None, plain
    taken = TakenColumns(lines.buffer, template, columns)
    good = taken.written_so()
    records = Records(
        buffer=lines.buffer,
        numbers=lines.numbers if cut.all() else lines.numbers[cut],
        places=lines.places if cut.all() else lines.places[cut],
        texts={n: t for n in ("id", *NAMES) if (t := taken.text(n, good)) is not None},
        at=taken.at(good, until),
        batch=taken.batch(good),
        counts={n: c for n in COUNTS if (c := taken.count(n, good)) is not None},
    )
    taken.check_rules(records, good)
    good &= _no_quote_within(lines if cut.all() else lines.where(cut), template, good)
    plain[cut] = good
    return (records if good.all() else records.where(good)), plain


def _cut(lines: Lines, template: Template) -> tuple[Mask, list[Texts]]:
    """Which lines have as many commas as the template and room for its fixed bytes; and the
    values of those lines, column by column."""
    columns = template.columns
    places, fits = _commas(lines, len(columns) - 1)
    texts = _texts(lines if fits.all() else lines.where(fits), columns, places)
    if min(int(each.lengths.min(initial=0)) for each in texts) < 0:
        short = np.logical_or.reduce([each.lengths < 0 for each in texts])
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
