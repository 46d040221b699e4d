"""Lines cut into values from the first to the last, as a template says, a chunk at a time.

A value ends where the byte first stands that the template has behind it. From there on the
template's own bytes have to follow up to the next value, and the line has to end behind the last.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bursar.adapters.usage_files.templates import Template
from bursar.adapters.usage_files.words import WORD, Buffer, Integers, Mask, Texts, Words, first_of

_COMMA, _QUOTE = ord(","), ord('"')
_FIRST_WORDS, _MOST_WORDS = 4, 8  # of a value, in which its end is looked for at once


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines inside a buffer, their numbers and where they start in the file."""

    buffer: Buffer
    starts: Integers
    ends: Integers  # of the newline
    numbers: Integers
    places: Integers

    def __len__(self) -> int:
        return len(self.starts)

    def where(self, kept: Mask) -> Lines:
        parts = (self.starts, self.ends, self.numbers, self.places)
        return Lines(self.buffer, *(part[kept] for part in parts))

    def line(self, n: int) -> bytes:
        return self.buffer.padded[int(self.starts[n]) : int(self.ends[n])]

    def any_within(self, marks: Integers) -> Mask:
        """Which lines any of these places lies in."""
        found = np.zeros(len(self.starts), np.bool_)
        of = np.searchsorted(self.ends, marks)
        inside = of < len(self.ends)
        inside[inside] = marks[inside] >= self.starts[of[inside]]
        found[of[inside]] = True
        return found


class Cutter:
    """Cuts lines that are written as its template says. How long the values of a column were
    says how many words of the next ones are taken at once, to find their ends in."""

    def __init__(self, template: Template) -> None:
        self.template = template
        self._words = [_FIRST_WORDS] * len(template.valued)

    def cut(self, lines: Lines) -> tuple[Mask, dict[str, Texts]]:
        """Which lines are written so, and the values of those by column."""
        good = lines.ends - lines.starts >= self.template.fixed_bytes
        if self.template.is_csv and b'"' in lines.buffer.padded:
            good &= ~lines.any_within(np.flatnonzero(lines.buffer.bytes == _QUOTE))
        if good.all():
            good, cut = self._cut(lines)
        elif good.any():
            good[good], cut = self._cut(lines.where(good))
        else:
            return good, {}
        self._words = [min(each.longest // WORD + 1, _MOST_WORDS) for each in cut]
        names = (column.name for column in self.template.valued)
        return good, dict(zip(names, cut, strict=True))

    def _cut(self, lines: Lines) -> tuple[Mask, list[Texts]]:
        """Every line is cut, those too that are not written so: their values are elsewhere, and
        end beyond the line."""
        buffer, template = lines.buffer, self.template
        differs = np.zeros(len(lines), np.uint64)
        cut: list[Texts] = []
        ends = lines.starts
        for n, (joint, count) in enumerate(zip(template.joints, self._words, strict=False)):
            starts = np.minimum(ends + len(joint), len(buffer.padded) - WORD * count)
            # the byte that the value before it was found to end with is as it should be
            words = _taken(buffer, starts, joint[1:] if n else joint, count, differs)
            if end := template.joints[n + 1][:1]:
                values = _up_to(end, buffer, starts, words, differs)
            else:
                values = _last_cells(lines, starts, words, differs)
            cut.append(values)
            ends = starts + values.lengths
        good = self._ends_so(lines, ends, differs)
        return good, cut if good.all() else [each.where(good) for each in cut]

    def _ends_so(self, lines: Lines, ends: Integers, differs: Words) -> Mask:
        tail = self.template.joints[-1]
        if len(tail) > 1:
            _taken(lines.buffer, lines.ends, tail[1:], 0, differs)
        good: Mask = differs == 0
        if tail:
            good &= ends + len(tail) == lines.ends
        return good


def _taken(
    buffer: Buffer, places: Integers, before: bytes, count: int, differs: Words
) -> tuple[Words, ...]:
    """So many words from each place on. Bits of `differs` are set where others than these bytes
    are before it."""
    fixed = -(-len(before) // WORD)
    taken = buffer.windows(places - fixed * WORD if fixed else places, fixed + count)
    unused = np.uint64(8 * (fixed * WORD - len(before)))
    for n, word in enumerate(np.frombuffer(before.rjust(fixed * WORD, b"\0"), "<u8")):
        found = taken[n] ^ word
        if n == 0 and unused:
            found >>= unused
        differs |= found
    return tuple(map(np.ascontiguousarray, taken[fixed:]))


def _up_to(
    end: bytes, buffer: Buffer, starts: Integers, words: tuple[Words, ...], differs: Words
) -> Texts:
    """The texts up to this byte, of lines that are written as they should be so far."""
    found = Texts.of(starts, first_of(words, ord(end)), words)
    if found.longest < WORD * len(words):
        return found
    rows = np.flatnonzero((found.lengths == WORD * len(words)) & (differs == 0))
    if not len(rows):
        return found
    found.lengths[rows] = _next(end, buffer, starts[rows]) - starts[rows]
    return Texts.of(*found[:2], words)


def _last_cells(lines: Lines, starts: Integers, words: tuple[Words, ...], differs: Words) -> Texts:
    """The texts up to the end of the lines; bits of `differs` are set where a comma is in them."""
    cells = Texts.of(starts, lines.ends - starts, words)
    differs |= (cells.lengths < 0) | (first_of(words, _COMMA) < cells.lengths)
    if cells.longest > WORD * len(words):
        rows = np.flatnonzero(cells.lengths > WORD * len(words))
        differs[rows] |= _next(b",", lines.buffer, starts[rows]) < lines.ends[rows]
    return cells


def _next(byte: bytes, buffer: Buffer, places: Integers) -> Integers:
    """Where the byte stands next from each place on, or the end of the buffer."""
    found = np.append(np.flatnonzero(buffer.bytes == ord(byte)), len(buffer.padded))
    return found[np.searchsorted(found, places)]
