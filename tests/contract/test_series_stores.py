"""What every store of forecasts and of anomalies does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from bursar.adapters.dynamodb.anomalies import DynamoAnomalyStore
from bursar.adapters.dynamodb.forecasts import DynamoForecastStore
from bursar.adapters.dynamodb.outbox import DynamoOutbox
from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.series import MemoryAnomalyStore, MemoryForecastStore
from bursar.domain.anomaly_events.events import (
    AnomalyEvent,
    Difference,
    Direction,
    Reading,
    State,
    event_id,
)
from bursar.domain.books import Book
from bursar.domain.money import Money
from bursar.domain.series.names import Grain, SeriesName, Unit
from bursar.domain.spend_forecast.records import Outcome, SpendForecast
from bursar.ports import AnomalyStore, ForecastStore, Outbox
from tests.contract.alerts_and_states import NOON, row

FRIDAY = date(2026, 11, 20)
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
SEARCH = SeriesName(Book.LEDGER, "team=search")


def foreseen(series: SeriesName = SEARCH, day: date = FRIDAY, usd: str = "1.5") -> SpendForecast:
    low, high = Money.of("-0.000000000001"), Money.of("99999999999999.000000000001")
    return SpendForecast(
        series=series,
        day=day,
        month="2026-11",
        as_of=NOON,
        so_far=Money.of(usd),
        apart=Money.zero(),
        unknown_days=1,
        history_days=60,
        needed_days=14,
        outcome=Outcome(expected=Money.of(9), low80=low, high80=high, low95=low, high95=high),
        path=tuple(Money.of(n) for n in range(10)),
    )


def unusual(series: SeriesName = SEARCH, days_ago: int = 0, **more: Any) -> AnomalyEvent:
    at = MIDNIGHT - timedelta(days=days_ago)
    reading = Reading(
        at=at,
        actual=Money.of("400.000000000001"),
        expected=Money.of(100),
        low=Money.of(-7),
        high=Money.of(150),
        is_off=True,
    )
    driver = Difference(
        dimension="model",
        name="m, <b>",
        more=Money.of(300),
        price_effect=Money.of(-20),
        volume_effect=Money.of(320),
    )
    told: dict[str, Any] = {
        "id": event_id(series, Grain.DAY, at),
        "direction": Direction.UP,
        "started_at": at,
        "latest_at": at,
        "readings": (reading,),
        "size": reading.over,
        "peak": reading.over,
        "drivers": (driver,),
        "also": ("ledger/org=acme/usd",),
        "told_peak": reading.over,
        **more,
    }
    return AnomalyEvent(series=series, grain=Grain.DAY, **told)


class Stores(NamedTuple):
    anomalies: AnomalyStore
    outbox: Outbox

    def known(self, days_ago: int = 7) -> list[str]:
        return [each.id for each in self.anomalies.known(MIDNIGHT - timedelta(days=days_ago))]

    def waiting(self) -> list[str]:
        return [each.id for each in self.outbox.unsent(NOON + timedelta(days=1))]


@pytest.fixture
def forecasts(backing: Any) -> ForecastStore:
    return MemoryForecastStore() if backing is None else DynamoForecastStore(backing)


@pytest.fixture
def stores(backing: Any) -> Stores:
    if backing is None:
        outbox = MemoryOutbox()
        return Stores(MemoryAnomalyStore(outbox), outbox)
    return Stores(DynamoAnomalyStore(backing), DynamoOutbox(backing))


def test_a_series_that_was_never_foreseen_has_no_forecast(forecasts: ForecastStore) -> None:
    assert forecasts.latest(SEARCH, FRIDAY) is None
    assert list(forecasts.of_day(Book.LEDGER, FRIDAY)) == []


def test_a_forecast_comes_back_whole(forecasts: ForecastStore) -> None:
    young = foreseen(SeriesName(Book.BILLED, "service=Amazon S3, <b>")).model_copy(
        update={"outcome": None, "path": ()}
    )
    forecasts.put([foreseen(), young])
    assert forecasts.latest(SEARCH, FRIDAY) == foreseen()
    assert forecasts.latest(young.series, FRIDAY) == young


def test_the_latest_is_the_newest_up_to_a_day(forecasts: ForecastStore) -> None:
    days = [FRIDAY - timedelta(days=n) for n in (3, 1, 0)]
    forecasts.put([foreseen(day=day) for day in days])
    found = [forecasts.latest(SEARCH, FRIDAY - timedelta(days=n)) for n in (0, 1, 2, 4)]
    assert [each and each.day for each in found] == [days[2], days[1], days[0], None]


def test_a_forecast_made_again_replaces_the_one_of_its_day(forecasts: ForecastStore) -> None:
    forecasts.put([foreseen()])
    forecasts.put([foreseen(usd="2.25"), foreseen(usd="2.5")])
    found = forecasts.latest(SEARCH, FRIDAY)
    assert found is not None
    assert found.so_far == Money.of("2.5")


def test_a_day_lists_the_series_of_a_book(forecasts: ForecastStore) -> None:
    names = [SeriesName(Book.LEDGER, f"team=t{n:02}") for n in range(40)]
    billed = SeriesName(Book.BILLED, "org=acme")
    forecasts.put([foreseen(name) for name in (*names, billed)])
    forecasts.put([foreseen(names[0], FRIDAY - timedelta(days=1))])
    assert [each.series for each in forecasts.of_day(Book.LEDGER, FRIDAY)] == names
    assert [each.series for each in forecasts.of_day(Book.BILLED, FRIDAY)] == [billed]


def test_an_event_comes_back_whole(stores: Stores) -> None:
    event = unusual(SeriesName(Book.LEDGER, "model=m", Unit.TOKENS), said_by="ana", said_at=NOON)
    assert stores.anomalies.commit(None, event, [])
    assert stores.anomalies.find(event.id) == event
    assert list(stores.anomalies.known(MIDNIGHT)) == [event]
    assert stores.anomalies.find("AN-0000000000") is None


def test_an_event_and_its_message_are_written_together(stores: Stores) -> None:
    event = unusual()
    assert stores.anomalies.commit(None, event, [row("BR-1")])
    assert not stores.anomalies.commit(None, event, [row("BR-2")])
    assert stores.waiting() == ["BR-1"]


def test_a_stale_writer_changes_nothing(stores: Stores) -> None:
    first = unusual()
    second = first.model_copy(update={"state": State.ACKNOWLEDGED, "version": 2})
    assert stores.anomalies.commit(None, first, [])
    assert stores.anomalies.commit(first, second, [])
    third = first.model_copy(update={"state": State.RESOLVED, "version": 2})
    assert not stores.anomalies.commit(first, third, [row("BR-3")])
    assert stores.anomalies.find(first.id) == second
    assert stores.waiting() == []


def test_known_are_those_that_go_on_or_are_expected_and_those_that_ended_lately(
    stores: Stores,
) -> None:
    states = (State.OPEN, State.ACKNOWLEDGED, State.EXPECTED, State.RESOLVED)
    events = {
        (state, days_ago): unusual(SeriesName(Book.LEDGER, f"team={state}"), days_ago, state=state)
        for state in states
        for days_ago in (1, 300)
    }
    for event in events.values():
        stores.anomalies.commit(None, event, [])
    expected = {each.id for each in events.values()} - {events[State.RESOLVED, 300].id}
    assert set(stores.known()) == expected
    assert len(stores.known(400)) == 8
    newest = stores.anomalies.known(MIDNIGHT - timedelta(days=7))
    assert [each.latest_at for each in newest] == sorted(
        (each.latest_at for each in newest), reverse=True
    )


def test_an_event_that_is_over_is_found_in_its_new_state_only(stores: Stores) -> None:
    event = unusual()
    stores.anomalies.commit(None, event, [])
    over = event.model_copy(update={"state": State.RESOLVED, "version": 2, "ended": "back"})
    assert stores.anomalies.commit(event, over, [row("BR-9")])
    assert list(stores.anomalies.known(MIDNIGHT)) == [over]
    assert stores.waiting() == ["BR-9"]
