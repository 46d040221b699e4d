"""What a closed month was corrected by: later hours state it, and name the month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from bursar.domain.ledger.lines import LineKey, Statement

LATER = "booked later"


def corrections(parts: Iterable[Statement], month: str) -> dict[LineKey, int]:
    """10^-12 USD of each line that names the month."""
    sums: dict[LineKey, int] = {}
    for part in parts:
        for key, line in part.lines.items():
            if key.adjusts == month:
                sums[key] = sums.get(key, 0) + line.units
    return sums


class BookedLater(NamedTuple):
    """A correction: how much of each kind of difference it explains, and the rest, which the
    bill does not have."""

    total: int
    explains: Mapping[str, int]
    rest: int


def booked_later(total: int, differences: Mapping[str, Sequence[int]]) -> BookedLater:
    """What a correction of their month is of these differences by kind, from the first on: a bill
    has late usage in its own day, and the metered book has it in the hour that told it."""
    rest = total
    explains: dict[str, int] = {}
    for kind, several in differences.items():
        explains[kind] = _explained(several, rest)
        rest -= explains[kind]
    return BookedLater(total, explains, rest)


def _explained(differences: Sequence[int], corrected: int) -> int:
    """Of those with its sign, as far as it goes."""
    same = sum(each for each in differences if each * corrected > 0)
    return min(same, corrected, key=abs)
