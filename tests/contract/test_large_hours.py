"""Hours of so many rows that DynamoDB does not write them and their day at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bursar.adapters.dynamodb import summed_days, transactions
from bursar.adapters.dynamodb.costs import DynamoCostHistory
from bursar.adapters.dynamodb.summed_days import HourTooLargeError
from bursar.adapters.dynamodb.transactions import transact
from bursar.domain.cluster.hours import HourCosts
from bursar.domain.money import Money
from bursar.domain.periods import day_of
from tests.contract.closed_hours import NOON, closed, many_rows

HOUR = timedelta(hours=1)
TODAY = day_of(NOON)


def the_day(history: DynamoCostHistory) -> HourCosts:
    (day,) = history.days("prod", TODAY)
    return day


@pytest.fixture
def written(dynamodb_table: Any) -> Iterator[list[set[str]]]:
    """The partitions that each transaction writes to."""
    asked: list[set[str]] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        asked.append({put["Put"]["Item"]["pk"] for put in params["TransactItems"]})

    events = dynamodb_table.meta.client.meta.events
    events.register("provide-client-params.dynamodb.TransactWriteItems", note)
    yield asked
    events.unregister("provide-client-params.dynamodb.TransactWriteItems", note)


def test_an_hour_that_fits_is_written_together_with_its_day(
    dynamodb_table: Any, written: list[set[str]]
) -> None:
    DynamoCostHistory(dynamodb_table).put_hour(closed(many_rows(12_000)))
    assert written == [{"CLUSTER#prod", "ROLL#DAY#prod"}]


def test_an_hour_of_90_000_rows_is_written_before_its_day(
    dynamodb_table: Any, written: list[set[str]]
) -> None:
    history = DynamoCostHistory(dynamodb_table)
    told = closed(many_rows(90_000))  # 2.2 MB, and as much again for the day
    history.put_hour(told)
    assert written == [{"CLUSTER#prod"}, {"ROLL#DAY#prod"}]
    assert history.hours("prod", told.window) == [told]
    assert the_day(history).rows == told.rows


def test_a_run_that_died_between_hour_and_day_is_made_good_by_the_next(
    dynamodb_table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = DynamoCostHistory(dynamodb_table)
    history.put_hour(closed("2", NOON - HOUR))
    monkeypatch.setattr(transactions, "_LARGEST_BYTES", 700)  # an hour of one row, or its day
    calls: list[int] = []

    def dies_at_the_second(table: Any, actions: Any) -> bool:
        calls.append(1)
        if len(calls) == 2:
            raise ConnectionError
        return transact(table, actions)

    monkeypatch.setattr(summed_days, "transact", dies_at_the_second)
    with pytest.raises(ConnectionError):
        history.put_hour(closed("5"))
    assert the_day(history).total == Money.of(2)
    history.put_hour(closed("5"))
    assert the_day(history).total == Money.of(7)


def test_an_hour_that_no_transaction_holds_is_refused_by_name_and_nothing_is_written(
    dynamodb_table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "_LARGEST_BYTES", 100_000)
    history = DynamoCostHistory(dynamodb_table)
    with pytest.raises(HourTooLargeError, match="HOUR#2026-11-20T12 of prod: it or its day"):
        history.put_hour(closed(many_rows(12_000)))
    assert history.hours("prod", TODAY) == history.days("prod", TODAY) == []
