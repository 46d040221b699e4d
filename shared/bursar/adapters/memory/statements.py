"""The ledger's statements in memory, kept as the bytes that the real store keeps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from bursar.adapters import statement_codec
from bursar.domain.ledger.adjustments import Adjustment
from bursar.domain.ledger.lines import Statement, add_up
from bursar.domain.periods import Window, day_of


class MemoryStatementStore:
    def __init__(self) -> None:
        self._hours: dict[Window, tuple[str, list[bytes]]] = {}
        self._days: dict[Window, Statement] = {}
        self._adjustments: dict[tuple[Window, Window], Adjustment] = {}

    def put_hour(self, statement: Statement) -> None:
        known = statement.window in self._hours
        self._hours[statement.window] = statement_codec.encode(statement)
        day = day_of(statement.window.start)
        before = self.hours(day) if known else [*self._of(day), statement]
        self._days[day] = add_up(day, before)

    def hours(self, window: Window) -> Sequence[Statement]:
        return [
            statement_codec.decode(*self._hours[hour]) for hour in _touching(self._hours, window)
        ]

    def days(self, window: Window) -> Sequence[Statement]:
        return [self._days[day] for day in _touching(self._days, window)]

    def stated_hours(self, window: Window) -> frozenset[datetime]:
        return frozenset(each.start for each in _touching(self._hours, window))

    def _of(self, day: Window) -> list[Statement]:
        return [self._days[day]] if day in self._days else []

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
