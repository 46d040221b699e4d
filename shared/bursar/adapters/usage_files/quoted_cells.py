"""Quoted cells of CSV (RFC 4180), in which a newline ends no record.

A cell whose quote is followed by anything but the end of the cell is none: a quote before it was
never closed. The line in which it begins stands alone, and those behind it are read anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# a cell is quoted if it begins so; two quotes in it are one, and one ends it, if one does. What
# is before it is looked at behind its quote, to have that searched for and not every place tried
_QUOTED = re.compile(rb'"(?<![^,\n]")[^"]*+(?:""[^"]*+)*+("?)(?P<ends>(?=,|\r?\n|\Z))?')


def end_of_records(content: bytes) -> int:
    """Where the last record ends of whole lines; the rest began in a cell that is open."""
    if b'"' not in content:
        return len(content)
    closed: list[tuple[int, int]] = []  # cells of several lines
    for cell in _cells(content):
        if not cell[1]:
            return _end_before(cell.start(), content, closed)
        if b"\n" in cell[0]:
            closed.append(cell.span())
    return len(content)


def _cells(content: bytes) -> Iterator[re.Match[bytes]]:
    """Those that end; the last may be open."""
    place = 0
    while cell := _QUOTED.search(content, place):
        if cell[1] and cell["ends"] is None:
            place = content.find(b"\n", cell.start()) + 1 or len(content)
        else:
            yield cell
            place = cell.end()


def _end_before(place: int, content: bytes, closed: list[tuple[int, int]]) -> int:
    """Where the last record ends before a place in one: newlines in its cells end none."""
    while closed:
        start, end = closed.pop()
        if (newline := content.rfind(b"\n", end, place)) >= 0:
            return newline + 1
        place = start
    return content.rfind(b"\n", 0, place) + 1


def newlines_in_cells(content: bytes) -> Iterator[int]:
    """Where newlines are in cells that end."""
    if b'"' not in content:
        return
    for cell in _cells(content):
        if cell[1]:
            place, end = cell.span()
            while (place := content.find(b"\n", place + 1, end)) >= 0:
                yield place
