"""The ledger's statements in memory, kept as the bytes that the real store keeps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bursar.adapters import statement_codec
from bursar.domain.ledger.adjustments import Adjustment
from bursar.domain.ledger.lines import Statement, add_up
from bursar.domain.periods import Window, day_of


class MemoryStatementStore:
    def __init__(self) -> None:
        self._hours: dict[Window, tuple[str, list[bytes]]] = {}
        self._adjustments: dict[tuple[Window, Window], Adjustment] = {}

    def put_hour(self, statement: Statement) -> None:
        self._hours[statement.window] = statement_codec.encode(statement)

    def hours(self, window: Window) -> Sequence[Statement]:
        return [
            statement_codec.decode(*self._hours[hour]) for hour in _touching(self._hours, window)
        ]

    def days(self, window: Window) -> Sequence[Statement]:
        days = sorted({day_of(hour.start) for hour in self._hours})
        return [add_up(day, self.hours(day)) for day in _touching(days, window)]

    def put_adjustment(self, adjustment: Adjustment) -> None:
        self._adjustments[adjustment.made_in, adjustment.of] = adjustment

    def adjustments(self, window: Window) -> Sequence[Adjustment]:
        return [
            self._adjustments[made_in, of]
            for made_in, of in sorted(self._adjustments)
            if made_in.overlap(window)
        ]


def _touching(windows: Iterable[Window], window: Window) -> list[Window]:
    return sorted(each for each in windows if each.overlap(window))
