"""What a closed month was corrected by: later hours state it, and name the month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from bursar.domain.ledger.lines import LineKey, Statement
from bursar.domain.money import Money

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

    def moves(self, name: str, rest: str) -> dict[str, int]:
        """Out of the parts that days have into a part of its own: they sum to nothing.

        Args:
            name: the part of what was booked later.
            rest: the part that what the bill does not have is told as.
        """
        moved = {name: self.total, **{kind: -units for kind, units in self.explains.items()}}
        moved[rest] = moved.get(rest, 0) - self.rest
        return {part: units for part, units in moved.items() if units}


def sum_moves(moves: Iterable[Mapping[str, int]]) -> dict[str, Money]:
    """What several corrections move (10^-12 USD), by part."""
    sums: dict[str, int] = {}
    for each in moves:
        for name, units in each.items():
            sums[name] = sums.get(name, 0) + units
    return {name: Money.from_units(units) for name, units in sums.items()}


def with_moves(parts: Mapping[str, Money], moved: Mapping[str, Money]) -> dict[str, Money]:
    """Those of days or rows with what is moved out of them: the parts of all."""
    changed = {name: parts.get(name, Money.zero()) + usd for name, usd in moved.items()}
    return {**parts, **changed}


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
