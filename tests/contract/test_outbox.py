"""What every outbox does: hold each message once, until somebody was told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from bursar.adapters.dynamodb.outbox import DynamoOutbox
from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.ports import Outbox
from tests.contract.alerts_and_states import NOON, row

MINUTE = timedelta(minutes=1)


@pytest.fixture
def outbox(backing: Any) -> Outbox:
    return MemoryOutbox() if backing is None else DynamoOutbox(backing)


def waiting(outbox: Outbox, before: datetime = NOON) -> list[str]:
    return [each.id for each in outbox.unsent(before)]


def test_a_message_is_posted_once(outbox: Outbox) -> None:
    assert outbox.post(row())
    assert not outbox.post(row(title="another text"))
    assert outbox.unsent(NOON) == [row()]


def test_one_of_many_posters_of_an_id_posts_it(dynamodb_table: Any) -> None:
    outbox = DynamoOutbox(dynamodb_table)
    with ThreadPoolExecutor(4) as pool:
        posted = list(pool.map(lambda _: outbox.post(row()), range(8)))
    assert posted.count(True) == 1


def test_a_message_that_was_sent_is_not_posted_again(outbox: Outbox) -> None:
    outbox.post(row())
    outbox.mark_sent(row(), NOON)
    assert not outbox.post(row())
    assert waiting(outbox) == []


def test_unsent_messages_come_by_due_time_and_not_before_it(outbox: Outbox) -> None:
    for id_, minutes in (("BR-B", -2), ("BR-A", -1), ("BR-D", 1), ("BR-C", 0)):
        outbox.post(row(id_, NOON + minutes * MINUTE))
    assert waiting(outbox) == ["BR-B", "BR-A", "BR-C"]
    assert waiting(outbox, NOON - 3 * MINUTE) == []


def test_due_times_are_told_apart_within_a_second(outbox: Outbox) -> None:
    instant = timedelta(microseconds=1)
    for n in (2, 0, 1):
        outbox.post(row(f"BR-{9 - n}", NOON + n * instant))
    assert waiting(outbox, NOON + instant) == ["BR-9", "BR-8"]


def test_a_due_time_means_the_same_instant_in_whatever_zone(outbox: Outbox) -> None:
    tokyo = timezone(timedelta(hours=9))
    outbox.post(row("BR-1", NOON.astimezone(tokyo)))
    assert waiting(outbox, NOON) == ["BR-1"]
    assert waiting(outbox, (NOON - MINUTE).astimezone(tokyo)) == []


def test_a_sent_message_waits_no_longer(outbox: Outbox) -> None:
    for id_ in ("BR-1", "BR-2", "BR-3"):
        outbox.post(row(id_))
    outbox.mark_sent(row("BR-2"), NOON + MINUTE)
    outbox.mark_sent(row("BR-2"), NOON + 2 * MINUTE)  # at least once: a repeat is harmless
    assert waiting(outbox) == ["BR-1", "BR-3"]


def test_at_most_200_are_given_and_the_oldest_of_them(outbox: Outbox) -> None:
    for n in range(203):
        outbox.post(row(f"BR-{n:03}", NOON - n * MINUTE))
    found = waiting(outbox)
    assert (len(found), found[0], found[-1]) == (200, "BR-202", "BR-003")


def test_messages_beyond_one_page_of_a_query_are_given_too(outbox: Outbox) -> None:
    for n in range(12):  # 1.2 MB: DynamoDB ends a page at 1 MB
        outbox.post(row(f"BR-{n:02}", comparison="x" * 100_000))
    assert len(waiting(outbox)) == 12


def test_sending_moves_a_message_from_the_unsent_to_the_sent(dynamodb_table: Any) -> None:
    outbox = DynamoOutbox(dynamodb_table)
    outbox.post(row())
    outbox.mark_sent(row(), NOON)
    (item,) = dynamodb_table.scan(IndexName="gsi1")["Items"]
    assert item["gsi1pk"] == "OUTBOX#SENT"
    assert '"sent_at":"2026-11-20T12:00:00Z"' in item["json"]
    assert item["expires_at"] == int(datetime(2027, 12, 25, 12, tzinfo=UTC).timestamp())


def test_recent_messages_are_those_sent_and_those_waiting_newest_first(outbox: Outbox) -> None:
    for n in range(3):
        outbox.post(row(f"BR-{n}", NOON + n * MINUTE, raised_at=NOON + n * MINUTE))
    outbox.mark_sent(row("BR-1", NOON + MINUTE, raised_at=NOON + MINUTE), NOON + 5 * MINUTE)
    assert [each.id for each in outbox.recent()] == ["BR-2", "BR-1", "BR-0"]
    assert [each.sent_at is not None for each in outbox.recent()] == [False, True, False]


def test_of_more_than_200_messages_the_newest_are_recent(outbox: Outbox) -> None:
    for n in range(120):
        at = NOON + n * MINUTE
        outbox.post(row(f"BR-{n:03}-sent", at, raised_at=at))
        outbox.mark_sent(row(f"BR-{n:03}-sent", at, raised_at=at), at)
        outbox.post(row(f"BR-{n:03}", at, raised_at=at))
    found = [each.id for each in outbox.recent()]
    assert len(found) == 200
    assert min(found) == "BR-020"


@pytest.mark.parametrize("text", ['{"alert": {}}', "{", None])
def test_a_row_that_is_no_message_is_named_and_hides_no_other(
    dynamodb_table: Any, text: str | None
) -> None:
    outbox = DynamoOutbox(dynamodb_table)
    for n in range(3):
        outbox.post(row(f"BR-{n}", NOON - n * MINUTE))
    update = "SET #json = :text" if text else "REMOVE #json"
    dynamodb_table.update_item(
        Key={"pk": "OUTBOX#BR-1", "sk": "O"},
        UpdateExpression=update,
        ExpressionAttributeNames={"#json": "json"},
        **({"ExpressionAttributeValues": {":text": text}} if text else {}),
    )
    assert waiting(outbox) == ["BR-2", "BR-0"]
    assert outbox.unreadable(NOON) == ["BR-1"]
    assert outbox.unreadable(NOON - 2 * MINUTE) == []
    assert {each.id for each in outbox.recent()} == {"BR-0", "BR-2"}


def test_what_can_be_read_is_not_named_as_unreadable(outbox: Outbox) -> None:
    outbox.post(row())
    assert list(outbox.unreadable(NOON)) == []
