"""What every history of closed hours does: keep hours exactly, and days that they add up to."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from botocore.exceptions import ClientError

from bursar.adapters.dynamodb import summed_days
from bursar.adapters.dynamodb.chunks import TornReadError
from bursar.adapters.dynamodb.costs import DynamoCostHistory
from bursar.adapters.dynamodb.transactions import TransactionConflictError, transact
from bursar.adapters.memory.costs import MemoryCostHistory
from bursar.domain.cluster.hours import Category, HourCosts, Unpriced
from bursar.domain.money import Money
from bursar.domain.periods import ForgottenHoursError, Window, day_of
from bursar.domain.quality import Quality
from bursar.ports import CostHistory
from tests.contract.closed_hours import NOON, SEARCH, closed, many_rows

HOUR = timedelta(hours=1)
TODAY = day_of(NOON)


@pytest.fixture
def history(backing: Any) -> CostHistory:
    return MemoryCostHistory() if backing is None else DynamoCostHistory(backing)


def the_day(history: CostHistory, cluster: str = "prod") -> HourCosts:
    (day,) = history.days(cluster, TODAY)
    return day


@pytest.mark.parametrize(
    "amount",
    [
        "0.000000000001",
        "-0.000000000001",
        "-12.5",
        "0.123456789012",
        "1000000",
        "99999999999999.123456789012",
        "-9999999999999999999999999.999999999999",
    ],
)
def test_an_amount_survives_to_its_last_digit(history: CostHistory, amount: str) -> None:
    told = closed(amount)
    history.put_hour(told)
    assert history.hours("prod", told.window) == [told]
    assert the_day(history).total == Money.of(amount)


def test_everything_that_is_known_of_an_hour_survives(history: CostHistory) -> None:
    told = closed(
        {SEARCH: {Category.GPU: "3", Category.STORAGE: "0.25"}},
        quality=Quality.ESTIMATED,
        known_seconds=1800,
        unpriced=(Unpriced("node-1", "no price for ü.large"),),
        as_of=1_763_640_000,
    )
    history.put_hour(told)
    assert history.hours("prod", told.window) == [told]


def test_an_hour_of_which_nothing_is_known_is_kept_without_a_number(history: CostHistory) -> None:
    told = closed({}, quality=Quality.UNKNOWN, known_seconds=0)
    history.put_hour(told)
    assert history.hours("prod", told.window) == [told]
    assert (the_day(history).quality, the_day(history).rows) == (Quality.UNKNOWN, {})


def test_an_hour_closed_twice_replaces_itself_also_in_its_day(history: CostHistory) -> None:
    for start, amount in ((NOON, "1"), (NOON + HOUR, "2"), (NOON, "10"), (NOON, "7")):
        history.put_hour(closed(amount, start))
    assert [hour.total for hour in history.hours("prod", TODAY)] == [Money.of(7), Money.of(2)]
    assert (the_day(history).total, the_day(history).known_seconds) == (Money.of(9), 7200)


def test_a_day_sums_its_hours_whatever_their_order(history: CostHistory) -> None:
    for hour in (5, 3, 23, 0):
        history.put_hour(closed("0.1", TODAY.start + hour * HOUR))
    assert the_day(history).total == Money.of("0.4")
    assert the_day(history).window == TODAY


def test_clusters_whose_names_begin_alike_are_apart(history: CostHistory) -> None:
    for cluster in ("prod", "prod-2", "prod2"):
        history.put_hour(closed("1", cluster=cluster))
    assert [hour.cluster for hour in history.hours("prod", TODAY)] == ["prod"]
    assert the_day(history).total == Money.of(1)


def test_a_window_of_hours_is_half_open_and_oldest_first(history: CostHistory) -> None:
    starts = [NOON + n * HOUR for n in (2, 0, 1, 3)]
    for start in starts:
        history.put_hour(closed(start=start))

    def found(start: datetime, end: datetime) -> list[int]:
        return [each.window.start.hour for each in history.hours("prod", Window(start, end))]

    half, second = HOUR / 2, timedelta(seconds=1)
    assert found(NOON, NOON + 4 * HOUR) == [12, 13, 14, 15]
    assert found(NOON + HOUR, NOON + 3 * HOUR) == [13, 14]
    assert found(NOON + half, NOON + HOUR + half) == [12, 13]
    assert found(NOON + HOUR, NOON + 2 * HOUR + second) == [13, 14]
    assert found(NOON + HOUR - second, NOON + 2 * HOUR) == [12, 13]
    assert found(NOON + HOUR, NOON + HOUR) == found(NOON + half, NOON + half) == []


def test_a_window_of_days_is_half_open_and_oldest_first(history: CostHistory) -> None:
    midnight = TODAY.start
    for days in (1, -1, 0):
        history.put_hour(closed(start=midnight + timedelta(days=days)))

    def found(start: datetime, end: datetime) -> list[int]:
        return [each.window.start.day for each in history.days("prod", Window(start, end))]

    assert found(midnight - timedelta(days=9), midnight + timedelta(days=9)) == [19, 20, 21]
    assert found(midnight, midnight + timedelta(days=1)) == [20]
    assert found(midnight - HOUR, midnight + HOUR) == [19, 20]
    assert found(midnight, midnight) == found(NOON, NOON) == []


def test_a_window_in_another_time_zone_means_the_same_instants(history: CostHistory) -> None:
    history.put_hour(closed(start=TODAY.start - HOUR))
    history.put_hour(closed(start=TODAY.start))
    tokyo = ZoneInfo("Asia/Tokyo")
    east = Window(TODAY.start.astimezone(tokyo), TODAY.end.astimezone(tokyo))
    assert [each.window.start for each in history.hours("prod", east)] == [TODAY.start]
    assert [each.window.start.astimezone(UTC) for each in history.days("prod", east)] == [
        TODAY.start
    ]


def test_a_big_hour_comes_back_whole_from_items_under_400_kb(dynamodb_table: Any) -> None:
    history = DynamoCostHistory(dynamodb_table)
    told = closed(many_rows(12_000))
    history.put_hour(told)
    items = dynamodb_table.query(
        KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": "CLUSTER#prod"}
    )["Items"]
    sizes = [len(bytes(item["gzip"])) for item in items if "gzip" in item]
    assert len(sizes) >= 3
    assert max(sizes) < 390_000
    assert history.hours("prod", told.window) == [told]
    assert the_day(history).total == told.total


def test_an_hour_that_shrank_does_not_read_its_old_chunks(history: CostHistory) -> None:
    history.put_hour(closed(many_rows(8_001)))
    small = closed("2")
    history.put_hour(small)
    assert history.hours("prod", TODAY) == [small]
    assert the_day(history).rows == small.rows


def test_closers_who_race_on_one_day_all_end_up_in_it(dynamodb_table: Any) -> None:
    starts = [TODAY.start + n * HOUR for n in range(4)]

    def close(start: datetime) -> None:
        DynamoCostHistory(dynamodb_table).put_hour(closed("1.25", start))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(close, starts))
    day = the_day(DynamoCostHistory(dynamodb_table))
    assert (day.total, day.known_seconds) == (Money.of(5), 4 * 3600)


def test_two_closers_of_one_hour_leave_a_day_that_holds_it_once(dynamodb_table: Any) -> None:
    def close(amount: str) -> None:
        DynamoCostHistory(dynamodb_table).put_hour(closed(amount))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(close, ["3", "5"]))
    history = DynamoCostHistory(dynamodb_table)
    (hour,) = history.hours("prod", TODAY)
    assert the_day(history).total == hour.total


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    def at_once(table: Any, actions: Any) -> bool:
        return transact(table, actions, sleep=lambda _: None)

    monkeypatch.setattr(summed_days, "transact", at_once)


@contextmanager
def conflicts(table: Any, times: int) -> Iterator[list[int]]:
    """The first transactions meet TransactionConflict; the list grows with each that is asked."""
    asked: list[int] = []

    def refuse(**_: Any) -> tuple[Any, dict[str, Any]] | None:
        asked.append(1)
        if len(asked) > times:
            return None
        body = {
            "Error": {"Code": "TransactionCanceledException", "Message": "canceled"},
            "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
            "ResponseMetadata": {"HTTPStatusCode": 400, "RetryAttempts": 0},
        }
        response = type("Refused", (), {"status_code": 400, "headers": {}})()
        return response, body

    events = table.meta.client.meta.events
    events.register_first("before-call.dynamodb.TransactWriteItems", refuse)
    try:
        yield asked
    finally:
        events.unregister("before-call.dynamodb.TransactWriteItems", refuse)


def test_a_conflict_is_tried_again_until_it_passes(dynamodb_table: Any, no_waiting: None) -> None:
    history = DynamoCostHistory(dynamodb_table)
    with conflicts(dynamodb_table, times=3) as asked:
        history.put_hour(closed("2"))
    assert len(asked) == 4
    assert the_day(history).total == Money.of(2)


def test_a_conflict_without_end_is_given_up_and_nothing_is_written(
    dynamodb_table: Any, no_waiting: None
) -> None:
    history = DynamoCostHistory(dynamodb_table)
    with conflicts(dynamodb_table, times=1_000) as asked, pytest.raises(TransactionConflictError):
        history.put_hour(closed("2"))
    assert len(asked) == 6
    assert history.hours("prod", TODAY) == history.days("prod", TODAY) == []


def test_the_pauses_between_tries_grow_and_none_follows_the_last(dynamodb_table: Any) -> None:
    pauses: list[float] = []
    put = {"Put": {"Item": {"pk": "a", "sk": "b"}}}
    with conflicts(dynamodb_table, times=1_000), pytest.raises(TransactionConflictError):
        transact(dynamodb_table, [put], sleep=pauses.append)
    assert len(pauses) == 5
    assert all(0 <= pause <= 0.05 * 2**n for n, pause in enumerate(pauses))


def test_another_error_of_a_transaction_is_not_retried(dynamodb_table: Any) -> None:
    wrong = {"Put": {"Item": {"pk": "a"}}}
    with pytest.raises(ClientError, match="TransactWriteItems"):
        transact(dynamodb_table, [wrong], sleep=lambda _: pytest.fail("it waited"))


def test_items_of_two_versions_are_never_summed(dynamodb_table: Any) -> None:
    history = DynamoCostHistory(dynamodb_table)
    history.put_hour(closed("2"))
    half = {"pk": "CLUSTER#prod", "sk": "HOUR#2026-11-20T12#000"}
    kept = dynamodb_table.get_item(Key=half)["Item"]
    dynamodb_table.put_item(Item=kept | {"digest": "of another version"})
    with pytest.raises(TornReadError):
        history.hours("prod", TODAY)
    dynamodb_table.put_item(Item=kept)
    assert len(history.hours("prod", TODAY)) == 1


def test_hours_are_forgotten_by_their_own_clock_and_days_are_not(dynamodb_table: Any) -> None:
    DynamoCostHistory(dynamodb_table).put_hour(closed("2"))
    until = {item["pk"]: item.get("expires_at") for item in dynamodb_table.scan()["Items"]}
    seventy_days = int((NOON + HOUR + timedelta(days=70)).timestamp())
    assert until == {"CLUSTER#prod": seventy_days, "ROLL#DAY#prod": None}


def test_a_day_whose_hours_have_expired_is_not_summed_from_the_rest(dynamodb_table: Any) -> None:
    history = DynamoCostHistory(dynamodb_table)
    for n in range(3):
        history.put_hour(closed("2", TODAY.start + n * HOUR))
    dynamodb_table.delete_item(Key={"pk": "CLUSTER#prod", "sk": "HOUR#2026-11-20T01"})
    with pytest.raises(ForgottenHoursError, match="T01"):
        history.put_hour(closed("5", TODAY.start))
    assert the_day(history).total == Money.of(6)


def test_hours_loaded_in_bulk_are_as_if_they_were_closed(dynamodb_table: Any) -> None:
    history = DynamoCostHistory(dynamodb_table)
    hours = [closed("1.5", TODAY.start + n * HOUR) for n in range(24)]
    history.load(hours, hours_from=hours[0].window.start)
    assert history.hours("prod", TODAY) == hours
    history.put_hour(closed("2.5", TODAY.start))
    assert the_day(history).total == Money.of("37")


def test_of_older_days_only_the_sums_are_loaded(dynamodb_table: Any) -> None:
    history = DynamoCostHistory(dynamodb_table)
    hours = [closed("1.5", TODAY.start + n * HOUR) for n in range(24)]
    history.load(hours, hours_from=TODAY.end)
    assert history.hours("prod", TODAY) == []
    assert the_day(history).total == Money.of("36")
