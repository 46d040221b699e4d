"""Quoted cells of CSV (RFC 4180), in which a newline ends no record."""

from __future__ import annotations

import re
from collections.abc import Iterator

# a cell is quoted if it begins so; two quotes in it are one, and one ends it, if one does. What
# is before it is looked at behind its quote, to have that searched for and not every place tried
_QUOTED = re.compile(rb'"(?<![^,\n]")[^"]*+(?:""[^"]*+)*+("?)')


def end_of_records(content: bytes) -> int:
    """Where the last record ends of whole lines; the rest began in a cell that is open."""
    if b'"' not in content:
        return len(content)
    closed: list[tuple[int, int]] = []  # cells of several lines
    for cell in _QUOTED.finditer(content):
        if not cell[1]:
            return _end_before(cell.start(), content, closed)
        if b"\n" in cell[0]:
            closed.append(cell.span())
    return len(content)


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
    for cell in _QUOTED.finditer(content):
        if cell[1]:
            place, end = cell.span()
            while (place := content.find(b"\n", place + 1, end)) >= 0:
                yield place
