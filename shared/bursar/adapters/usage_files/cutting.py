"""Lines cut into values from the first to the last, as a template says, a chunk at a time.

A value ends where the byte first stands that the template has behind it. From there on the
template's own bytes have to follow up to the next value, and the line has to end behind the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bursar.adapters.usage_files.buffer import Buffer, Texts
from bursar.adapters.usage_files.digits import leading_digits
from bursar.adapters.usage_files.runs import Run
from bursar.adapters.usage_files.templates import Template
from bursar.adapters.usage_files.words import (
    WORD,
    Integers,
    Mask,
    Words,
    first_bytes,
    first_of,
    marked,
)

_COMMA, _QUOTE = ord(","), ord('"')
_FIRST_LONGEST = 31  # bytes that a value is taken to have, at most, before any was seen
_MOST_WORDS = 8  # of a value, in which its end is looked for at once


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

    def where(self, kept: Mask | slice) -> Lines:
        parts = (self.starts, self.ends, self.numbers, self.places)
        return Lines(self.buffer, *(part[kept] for part in parts))

    def line(self, n: int) -> bytes:
        return bytes(self.buffer.padded[int(self.starts[n]) : int(self.ends[n])])

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
    says how many bytes of the next ones are taken at once, to find their ends in; and where all
    had one length, whether the next have it is all that is looked at first."""

    def __init__(self, template: Template) -> None:
        self.template = template
        self._longest = [_FIRST_LONGEST] * len(template.valued)
        self._lengths: list[int | None] = [None] * len(template.valued)

    @property
    def expects_lengths(self) -> bool:
        return any(length is not None for length in self._lengths)

    def cut(self, lines: Lines, *, as_before: bool) -> tuple[Mask, dict[str, Texts]]:
        """Which lines are written so, and the values of those by column. `as_before` is for most
        lines, with columns as long as they were; any other length is found without."""
        good = lines.ends - lines.starts >= self.template.fixed_bytes
        if self.template.is_csv and lines.buffer.has_quotes:
            good &= ~lines.any_within(np.flatnonzero(lines.buffer.bytes == _QUOTE))
        lengths = self._lengths if as_before else [None] * len(self._lengths)
        if good.all():
            good, cut = self._cut(lines, lengths)
        elif good.any():
            good[good], cut = self._cut(lines.where(good), lengths)
        else:
            return good, {}
        if as_before:
            self._learn(cut, len(lines))
        names = (column.name for column in self.template.valued)
        return good, dict(zip(names, cut, strict=True))

    def _learn(self, cut: list[Texts], lines: int) -> None:
        self._longest = [each.longest for each in cut]
        known = 2 * len(cut[0].lengths) > lines
        self._lengths = [
            each.only_length
            if known and not column.is_count and each.longest <= WORD * _MOST_WORDS
            else None
            for column, each in zip(self.template.valued, cut, strict=True)
        ]

    def _cut(self, lines: Lines, lengths: Sequence[int | None]) -> tuple[Mask, list[Texts]]:
        """Every line is cut, those too that are not written so: their values are elsewhere, and
        end beyond the line."""
        buffer, template, counts = lines.buffer, self.template, self._counts(lengths)
        differs = np.zeros(len(lines), np.bool_)
        cut: list[Texts] = []
        run: Run | None = None
        places, behind, found = lines.starts, 0, 0  # the value before ended so far behind these
        for n, column in enumerate(template.valued):
            joint, end = template.joints[n], template.joints[n + 1][:1]
            if run is None or behind + len(joint) + self._size(n, counts) > run.size:
                places, behind = places + behind, 0
                run = Run(buffer, places, self._size_of_run(n, counts, lengths))
            behind += len(joint)
            # where the byte that a value ends with was looked for, it is as it should be
            for wrong in run.differs(behind, joint[found:]):
                differs |= wrong
            values, found, words = None, 0, run.words(behind, counts[n])
            if (length := lengths[n]) is not None:
                only_end = b"" if column.excludes_its_end else end or b","
                cut.append(_so_long(length, only_end, places, behind, words, differs))
                behind += length
                continue
            if column.is_count:
                values = _numbers(places, behind, words, min(run.size - behind, WORD))
                words = buffer.windows(places + behind, counts[n]) if values is None else ()
            if values is None and end:
                values, found = _up_to(end, buffer, places, behind, words, differs), 1
            elif values is None:
                values = _last_cells(lines, places, behind, words, differs)
            cut.append(values)
            run, places, behind = None, values.ends, 0
        good = self._ends_so(lines, places + behind, differs)
        return good, cut if good.all() else [each.where(good) for each in cut]

    def _counts(self, lengths: Sequence[int | None]) -> list[int]:
        """How many words of each value are looked at."""
        return [
            min(longest // WORD + 1, _MOST_WORDS) if length is None else -(-length // WORD)
            for longest, length in zip(self._longest, lengths, strict=True)
        ]

    def _size(self, n: int, counts: Sequence[int]) -> int:
        """How many bytes of a value are looked at: of digits, with one behind that is none."""
        if self.template.valued[n].is_count:
            return min(self._longest[n] + 1, WORD)
        return WORD * counts[n]

    def _size_of_run(
        self, first: int, counts: Sequence[int], lengths: Sequence[int | None]
    ) -> int:
        """The bytes from the end of the value before this one that are looked at, with those of
        values behind it whose distance is known, as far as that is not many."""
        joints = self.template.joints
        offset = len(joints[first])
        size = offset + self._size(first, counts)
        for n in range(first, len(lengths) - 1):
            length = lengths[n]
            if length is None:
                break
            offset += length + len(joints[n + 1])
            if (more := offset + self._size(n + 1, counts)) > WORD * _MOST_WORDS:
                break
            size = max(size, more)
        return size

    def _ends_so(self, lines: Lines, ends: Integers, differs: Mask) -> Mask:
        if tail := self.template.joints[-1]:
            size = -(-len(tail) // WORD) * WORD
            for wrong in Run(lines.buffer, lines.ends - size, size).differs(size, tail):
                differs |= wrong
            ends = ends + len(tail)
        differs |= ends != lines.ends
        return ~differs


def _numbers(places: Integers, behind: int, words: tuple[Words, ...], size: int) -> Texts | None:
    """The digits from each place on; None where there may be more than in the first bytes."""
    found = leading_digits(words[0], size)
    if found is None:
        return None
    numbers, whole, lengths = found
    return Texts.of(places, behind, lengths, (), (numbers, whole))


def _so_long(
    length: int,
    end: bytes,
    places: Integers,
    behind: int,
    words: tuple[Words, ...],
    differs: Mask,
) -> Texts:
    """The texts of this length. `differs` is set where the byte is in them that should only end
    them."""
    if end:
        for n, word in enumerate(words):
            marks = marked(word, ord(end))
            marks &= first_bytes(length - n * WORD)
            if np.bitwise_or.reduce(marks):
                differs |= marks != 0
    lengths = np.full(len(places), length)
    return Texts(places, behind, lengths, length, length, words)


def _up_to(
    end: bytes,
    buffer: Buffer,
    places: Integers,
    behind: int,
    words: tuple[Words, ...],
    differs: Mask,
) -> Texts:
    """The texts up to this byte, of lines that are written as they should be so far."""
    found = Texts.of(places, behind, first_of(words, ord(end)), words)
    if found.longest < WORD * len(words):
        return found
    rows = np.flatnonzero((found.lengths == WORD * len(words)) & ~differs)
    if not len(rows):
        return found
    starts = places[rows] + behind
    found.lengths[rows] = _next(end, buffer, starts) - starts
    return Texts.of(places, behind, found.lengths, words)


def _last_cells(
    lines: Lines, places: Integers, behind: int, words: tuple[Words, ...], differs: Mask
) -> Texts:
    """The texts up to the end of the lines; `differs` is set where a comma is in them."""
    cells = Texts.of(places, behind, lines.ends - places - behind, words)
    differs |= (cells.lengths < 0) | (first_of(words, _COMMA) < cells.lengths)
    if cells.longest > WORD * len(words):
        rows = np.flatnonzero(cells.lengths > WORD * len(words))
        starts = places[rows] + behind
        differs[rows] |= _next(b",", lines.buffer, starts) < lines.ends[rows]
    return cells


def _next(byte: bytes, buffer: Buffer, places: Integers) -> Integers:
    """Where the byte stands next from each place on, or the end of the buffer."""
    last = len(buffer.padded)
    found = np.append(np.flatnonzero(buffer.bytes == ord(byte)), last)
    return found[np.searchsorted(found, np.minimum(places, last))]
