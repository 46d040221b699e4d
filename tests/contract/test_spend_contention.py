"""Bills that are written while others write, or DynamoDB throttles: tried again, and an end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from bursar.adapters.dynamodb.spend import DynamoSpendStore
from bursar.adapters.dynamodb.transactions import TransactionConflictError
from bursar.domain.spend import SpendFact
from tests.contract.test_spend_store import NOON, amounts, balance, bill, fact


class Overtaken(DynamoSpendStore):
    """A store that another writer comes before, once, after it has read for the nth time."""

    def __init__(self, table: Any, *first: SpendFact, nth: int = 1) -> None:
        super().__init__(table)
        self._other = DynamoSpendStore(table)
        self._first = first
        self._until = nth

    def _known(self, facts: Sequence[SpendFact]) -> Any:
        known = super()._known(facts)
        self._until -= 1
        if self._until == 0:
            self._other.record(self._first)
        return known


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_an_older_bill_that_is_written_while_a_newer_one_comes_is_decided_again(
    nth: int, dynamodb_table: Any
) -> None:
    """The newer bill says of S3 what is known, so that of S3 nothing moves in between."""
    DynamoSpendStore(dynamodb_table).record(bill(0, S3="12", EC2="1"))
    older = Overtaken(dynamodb_table, *bill(2, S3="12", EC2="2"), nth=nth)
    older.record(bill(1, S3="10", EC2="3", EKS="1"))
    found = {group: usd for group, usd in balance(older).items() if usd != "0"}
    assert found == {"total": "14", "service=S3": "12", "service=EC2": "2"}


def test_a_writer_that_was_overtaken_decides_again(dynamodb_table: Any) -> None:
    store = Overtaken(dynamodb_table, fact("10"))
    assert store.record([fact("11", as_of=NOON + timedelta(hours=1))]) == 1
    assert amounts(store) == [("total", "11", 2)]
    store = Overtaken(dynamodb_table, fact("12", as_of=NOON + timedelta(hours=3)))
    assert store.record([fact("11.5", as_of=NOON + timedelta(hours=2))]) == 0  # older: no news
    assert amounts(store) == [("total", "12", 3)]


def test_a_writer_that_is_overtaken_each_time_pauses_longer_and_gives_up(
    dynamodb_table: Any,
) -> None:
    class Behind(DynamoSpendStore):
        def _known(self, facts: Sequence[SpendFact]) -> Any:
            return {}  # whatever it reads, another has written by then

    DynamoSpendStore(dynamodb_table).record([fact("10")])
    pauses: list[float] = []
    with pytest.raises(TransactionConflictError, match="total of 2026-11-01"):
        Behind(dynamodb_table, sleep=pauses.append).record([fact("11")])
    assert_full_jitter(pauses, tries=5)


def cancel(table: Any, code: str, times: int) -> list[Any]:
    """Cancels the next transactions for this reason, as moto never does; those left."""
    said = {
        "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
        "CancellationReasons": [{"Code": code}, {"Code": "None"}],
    }
    answers = [said] * times

    def answer(**_: Any) -> tuple[AWSResponse, Any] | None:
        return (AWSResponse("", 400, {}, None), answers.pop()) if answers else None

    table.meta.client.meta.events.register_first("before-call.dynamodb.TransactWriteItems", answer)
    return answers


def assert_full_jitter(pauses: Sequence[float], tries: int) -> None:
    assert len(pauses) == tries - 1
    assert all(0 <= pause <= 0.05 * 2**n for n, pause in enumerate(pauses))
    assert len(set(pauses)) == len(pauses)


PASSING = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]


@pytest.mark.parametrize("code", PASSING)
def test_what_cancels_a_transaction_and_passes_is_waited_out(
    dynamodb_table: Any, code: str
) -> None:
    left, pauses = cancel(dynamodb_table, code, times=5), list[float]()
    store = DynamoSpendStore(dynamodb_table, sleep=pauses.append)
    assert store.record([fact("10")]) == 1
    assert (left, amounts(store)) == ([], [("total", "10", 1)])
    assert_full_jitter(pauses, tries=6)


@pytest.mark.parametrize("code", PASSING)
def test_what_cancels_each_transaction_is_given_up_and_told_again_it_is_kept_once(
    dynamodb_table: Any, code: str
) -> None:
    left, pauses = cancel(dynamodb_table, code, times=6), list[float]()
    store = DynamoSpendStore(dynamodb_table, sleep=pauses.append)
    with pytest.raises(TransactionConflictError, match="6 tries"):
        store.record([fact("10")])
    assert (left, amounts(store)) == ([], [])
    assert_full_jitter(pauses, tries=6)
    assert store.record([fact("10")]) == 1
    assert balance(store) == {"total": "10"}


def test_a_transaction_that_can_never_pass_is_not_tried_again(dynamodb_table: Any) -> None:
    left, pauses = cancel(dynamodb_table, "ValidationError", times=2), list[float]()
    with pytest.raises(ClientError, match="TransactionCanceledException"):
        DynamoSpendStore(dynamodb_table, sleep=pauses.append).record([fact("10")])
    assert (len(left), pauses) == (1, [])
