"""How much of two deviations is the same money: what both scopes hold, in the same periods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from fractions import Fraction

from bursar.domain.anomaly_events.deviations import Deviation
from bursar.domain.anomaly_events.events import AnomalyEvent
from bursar.domain.anomaly_events.lines import Cell, compare
from bursar.domain.money import Money

CellsAt = Callable[[datetime], Sequence[Cell]]
_ALIKE = Fraction(1, 2)  # sizes of one half to twice each other are taken for the same money


class SameMoney:
    """Within a book its cells tell. A bill does not say which service a tag's money is for, and
    between a bill and the ledger nothing is shared: there, like sizes in the same days are."""

    def __init__(self, cells_at: CellsAt, known: Sequence[datetime]) -> None:
        self._cells_at = cells_at
        self._known = known

    def __call__(self, head: Deviation | AnomalyEvent, deviation: Deviation) -> Money:
        if head.series.book is deviation.series.book:
            comparison = compare((each.at for each in deviation.off), self._known, deviation.grain)
            both = [
                cell
                for at in comparison.times
                for cell in self._cells_at(at)
                if cell.is_in(head.series.scope) and cell.is_in(deviation.series.scope)
            ]
            if both:
                return comparison.difference(both)
        return _of_like_size(head, deviation)


def _of_like_size(head: Deviation | AnomalyEvent, deviation: Deviation) -> Money:
    days = {each.at.date() for each in deviation.off} & {each.at.date() for each in head.readings}
    mine = sum(each.over.units for each in deviation.off if each.at.date() in days)
    theirs = sum(each.over.units for each in head.readings if each.at.date() in days)
    if mine * theirs <= 0:
        return Money.zero()
    ratio = Fraction(abs(mine), abs(theirs))
    return deviation.size if _ALIKE <= ratio <= 1 / _ALIKE else Money.zero()
