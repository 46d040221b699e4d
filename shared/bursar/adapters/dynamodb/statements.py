"""Statements of the ledger.

An hour is `LEDGER#HOURS` / `2026-11-20T13` (header) and `...#000` (chunks), a day is
`LEDGER#DAYS` / `2026-11-20`, and what an hour says of one in a closed month is
`LEDGER#ADJUSTMENTS` / `2026-11-20T13/2026-10-03T05` likewise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bursar.adapters import statement_codec
from bursar.adapters.dynamodb.chunks import chunked_items, decode_items, puts, read_whole
from bursar.adapters.dynamodb.summed_days import Codec, SummedDays
from bursar.adapters.dynamodb.transactions import transact
from bursar.domain.ledger.adjustments import Adjustment
from bursar.domain.ledger.lines import Statement, add_up
from bursar.domain.periods import Window, hour_of
from bursar.domain.quality import Quality

_ADJUSTMENTS = "LEDGER#ADJUSTMENTS"
_CODEC = Codec(
    encode=statement_codec.encode,
    decode=statement_codec.decode,
    add_up=add_up,
    hours_are_kept=timedelta(days=400),  # a year and the month that is compared with it
)


class DynamoStatementStore:
    def __init__(self, table: Any) -> None:
        self._table = table
        self._kept = SummedDays("the ledger", table, _CODEC, "LEDGER#HOURS", "LEDGER#DAYS")

    def put_hour(self, statement: Statement) -> None:
        self._kept.put_hour(statement)

    def load(self, hours: Iterable[Statement], hours_from: datetime) -> None:
        """Write days in bulk, and of the latest their hours too: see `SummedDays.load`."""
        self._kept.load(hours, hours_from)

    def hours(self, window: Window) -> Sequence[Statement]:
        return self._kept.hours(window)

    def days(self, window: Window) -> Sequence[Statement]:
        return self._kept.days(window)

    def stated_hours(self, window: Window) -> frozenset[datetime]:
        return self._kept.summed_hours(window)

    def put_adjustment(self, adjustment: Adjustment) -> None:
        made_in, of = adjustment.made_in, adjustment.of
        name = f"{self._kept.hour_name(made_in.start)}/{self._kept.hour_name(of.start)}"
        body = Statement(of, adjustment.lines, Quality.FINAL, int(made_in.start.timestamp()))
        items = chunked_items(_ADJUSTMENTS, name, statement_codec.encode(body), {})
        transact(self._table, puts(items))

    def adjustments(self, window: Window) -> Sequence[Adjustment]:
        return list(self._adjustments(window)) if window.length else []

    def _adjustments(self, window: Window) -> Iterator[Adjustment]:
        hours = (hour_of(window.start), hour_of(window.end - timedelta(microseconds=1)))
        first, last = (self._kept.hour_name(hour.start) for hour in hours)
        items = read_whole(self._table, _ADJUSTMENTS, first, last, consistent=True)
        for found in decode_items(items, statement_codec.decode):
            made_in = hour_of(datetime.fromtimestamp(found.as_of, UTC))
            yield Adjustment(made_in, found.window, found.lines)
