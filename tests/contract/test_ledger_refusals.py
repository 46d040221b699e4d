"""What DynamoDB's refusals mean to the ledger; moto and DynamoDB Local never say most of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from bursar.adapters.dynamodb.ledger.entries import UnansweredEntriesError
from bursar.domain.ledger.months import MonthBusyError, MonthState
from bursar.domain.ledger.postings import (
    CancelReason,
    PostingCancelledError,
    PostingUnansweredError,
)
from tests.contract.ledger_books import ONE_PM, Books, books_on, entry, units

Said = dict[str, Any]


@pytest.fixture
def books(moto_table: Any) -> Books:
    return books_on(moto_table)


@pytest.fixture
def say(moto_table: Any) -> Callable[..., list[Said]]:
    """Give these answers to the next calls of an operation, instead of the table's."""

    def prepare(operation: str, answers: list[Said], status: int = 400) -> list[Said]:
        def answer(**_: Any) -> tuple[AWSResponse, Said] | None:
            return (AWSResponse("", status, {}, None), answers.pop()) if answers else None

        events = moto_table.meta.client.meta.events
        events.register_first(f"before-call.dynamodb.{operation}", answer)
        return answers

    return prepare


def error(code: str, *reasons: str, status: int = 400) -> Said:
    return {
        "Error": {"Code": code, "Message": code},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
        "ResponseMetadata": {"HTTPStatusCode": status},
    }


CANCELLED = "TransactionCanceledException"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (error(CANCELLED, "None", "TransactionConflict", "None", "None"), CancelReason.CONFLICT),
        (error(CANCELLED, "None", "ThrottlingError", "None", "None"), CancelReason.THROTTLED),
        (
            error(CANCELLED, "None", "ProvisionedThroughputExceeded", "None", "None"),
            CancelReason.THROTTLED,
        ),
        (error("ProvisionedThroughputExceededException"), CancelReason.THROTTLED),
        (error("ThrottlingException"), CancelReason.THROTTLED),
        (error("RequestLimitExceeded"), CancelReason.THROTTLED),
        (
            error(CANCELLED, "ConditionalCheckFailed", "TransactionConflict", "None", "None"),
            CancelReason.EXISTS,
        ),
    ],
)
def test_a_refusal_has_its_reason(
    books: Books, say: Callable[..., Any], said: Said, reason: CancelReason
) -> None:
    say("TransactWriteItems", [said])
    with pytest.raises(PostingCancelledError) as refused:
        books.post(entry("1"))
    assert refused.value.reason is reason
    assert units(books) == 0


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (error("InternalServerError", status=500), 500),
        (error("ServiceUnavailable", status=503), 503),
        (error("TransactionInProgressException"), 400),
    ],
)
def test_a_server_error_leaves_it_open_whether_the_posting_was_written(
    books: Books, say: Callable[..., Any], said: Said, status: int
) -> None:
    say("TransactWriteItems", [said], status)
    with pytest.raises(PostingUnansweredError):
        books.post(entry("1"))


@pytest.mark.parametrize("kind", [ReadTimeoutError, ConnectTimeoutError])
def test_a_lost_answer_leaves_it_open_too(books: Books, moto_table: Any, kind: Any) -> None:
    """The event comes when the answer is there: the posting was written."""

    def lose(**_: Any) -> None:
        raise kind(endpoint_url="dynamodb")

    moto_table.meta.client.meta.events.register("after-call.dynamodb.TransactWriteItems", lose)
    with pytest.raises(PostingUnansweredError):
        books.post(entry("1", 7))
    assert units(books) == 7


def test_what_is_nobodys_fault_but_ours_is_not_retried(
    books: Books, say: Callable[..., Any]
) -> None:
    say("TransactWriteItems", [error("ValidationException")])
    with pytest.raises(ClientError, match="ValidationException"):
        books.post(entry("1"))


def unread(table: str, *ids: str) -> Said:
    keys = [{"pk": {"S": f"ENTRY#gateway#{each}"}, "sk": {"S": "E"}} for each in ids]
    return {"Responses": {}, "UnprocessedKeys": {table: {"Keys": keys, "ConsistentRead": True}}}


def test_keys_that_were_left_unread_are_asked_for_again(
    books: Books, moto_table: Any, say: Callable[..., Any]
) -> None:
    books.post(entry("1"), entry("2"))
    answers = say("BatchGetItem", [unread(moto_table.name, "1", "2") for _ in range(3)], 200)
    assert len(books.ledger.digests([("gateway", "1"), ("gateway", "2")])) == 2
    assert answers == []


def test_keys_that_are_never_read_are_an_error(
    books: Books, moto_table: Any, say: Callable[..., Any]
) -> None:
    say("BatchGetItem", [unread(moto_table.name, "1") for _ in range(99)], 200)
    with pytest.raises(UnansweredEntriesError):
        books.ledger.digests([("gateway", "1")])


def test_a_gate_that_postings_are_checking_is_waited_for(
    books: Books, say: Callable[..., Any]
) -> None:
    waiting = say("UpdateItem", [error("TransactionConflictException")] * 5)
    books.gates.turn("2026-10", MonthState.FROZEN)
    assert waiting == []
    assert books.gates.state("2026-10") is MonthState.FROZEN


def test_a_gate_that_is_never_free_is_an_error(books: Books, say: Callable[..., Any]) -> None:
    say("UpdateItem", [error("TransactionConflictException")] * 99)
    with pytest.raises(MonthBusyError, match="2026-10"):
        books.gates.turn("2026-10", MonthState.FROZEN)


def test_a_month_is_closed_once_postings_are_out_of_its_way(
    books: Books, say: Callable[..., Any]
) -> None:
    """All gates are closed at once, so each posting to the month is in the way: ten times six."""
    books.gates.turn("2026-10", MonthState.FROZEN, by="one")
    waiting = say("TransactWriteItems", [error(CANCELLED, "TransactionConflict")] * 40)
    books.gates.turn("2026-10", MonthState.CLOSED, by="one")
    assert (waiting, books.gates.state("2026-10")) == ([], MonthState.CLOSED)
    books.gates.turn("2026-09", MonthState.FROZEN, by="one")
    say("TransactWriteItems", [error(CANCELLED, "TransactionConflict")] * 99)
    with pytest.raises(MonthBusyError, match="usage of 2026-09 kept coming in"):
        books.gates.turn("2026-09", MonthState.CLOSED, by="one")


def test_a_mark_that_a_posting_is_writing_is_not_cleared(
    books: Books, say: Callable[..., Any]
) -> None:
    books.touched.touch(ONE_PM, "one")
    (read,) = books.touched.touched()
    say("DeleteItem", [error("TransactionConflictException")])
    assert not books.touched.clear(read)
