"""Messages of usage: what is good is archived and posted, and nothing bad stands in its way."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bursar.adapters.memory.quarantine import MemoryQuarantine
from bursar.adapters.usage_formats.reading import read
from bursar.domain.periods import Window
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.quarantine import Contested, Decision, digest_of
from bursar.domain.usage.records import TokenCounts, UsageRecord
from bursar.domain.usage.rejections import Rejection
from bursar.jobs.ingest_usage import Ingested, Message, Told, ingest, ingest_collected
from bursar.jobs.review_held_usage import NotHeldError, StillBusyError, drop, release

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
GATEWAY = ProducerPolicy(name="gateway", tenant="acme")


class Ledger:
    """Takes what it is given, but for the ids that it is too busy for; archive and ledger."""

    def __init__(self, busy: Collection[str] = ()) -> None:
        self.busy = set(busy)
        self.posted: list[str] = []
        self.archived: list[str] = []

    def post(self, records: Sequence[UsageRecord]) -> Told:
        assert {each.id for each in records} <= set(self.archived)
        self.posted += [each.id for each in records if each.id not in self.busy]
        return Told({(each.producer, each.id) for each in records if each.id in self.busy})

    def put(self, records: Sequence[UsageRecord], received_at: datetime) -> None:
        self.archived += [each.id for each in records]

    def records(self, hours: Window) -> Iterator[UsageRecord]:
        raise AssertionError("ingesting replays nothing")


def line(id_: str, **changes: Any) -> str:
    told = {"id": id_, "at": NOON.isoformat(), "model": "m", "input_tokens": 5}
    return json.dumps({**told, **changes})


def refuse_none(contested: Contested) -> None:
    raise AssertionError(f"{contested} is not held")


def taken(
    *bodies: str, ledger: Ledger | None = None, quarantine: MemoryQuarantine | None = None
) -> Ingested:
    """Messages m0, m1, ... received at noon."""
    books = ledger or Ledger()
    return ingest(
        [Message(f"m{n}", body, NOON) for n, body in enumerate(bodies)],
        GATEWAY,
        read=read,
        archive=books,
        quarantine=quarantine or MemoryQuarantine(),
        post=books.post,
        refuse=refuse_none,
    )


def test_good_records_are_archived_and_then_posted() -> None:
    ledger = Ledger()
    done = taken(f"{line('1')}\n{line('2')}", line("3"), ledger=ledger)
    assert done == Ingested(accepted=3, held=0, rejections=(), failed=())
    assert ledger.archived == ledger.posted == ["1", "2", "3"]


def test_a_message_that_cannot_be_read_is_quarantined_and_not_delivered_again() -> None:
    quarantine, ledger = MemoryQuarantine(), Ledger()
    body = "a secret plan {"
    done = taken(line("1"), body, ledger=ledger, quarantine=quarantine)
    assert (done.accepted, done.rejected, done.failed) == (1, 1, ())
    (row,) = quarantine.rejected()
    assert (row.producer, row.message_bytes, row.received_at) == ("gateway", 15, NOON)
    assert row.message_digest == digest_of(body.encode())
    assert "secret" not in repr(row)


def test_one_row_is_kept_for_each_reason_however_often_it_stands_in_a_message() -> None:
    quarantine = MemoryQuarantine()
    lines = [line(str(n), input_tokens=-1) for n in range(500)]
    done = taken("\n".join([line("good"), *lines, line("x", model=7)]), quarantine=quarantine)
    assert (done.accepted, done.rejected) == (1, 501)
    found = {row.reason: (row.times, row.where, row.places) for row in quarantine.rejected()}
    first_twenty = tuple(f"line {number}" for number in range(2, 22))
    assert found == {
        "input_tokens is below zero": (500, "line 2", first_twenty),
        "model is not text": (1, "line 502", ("line 502",)),
    }


def test_a_message_delivered_again_is_quarantined_once() -> None:
    quarantine = MemoryQuarantine()
    for _ in range(3):
        taken("nonsense", quarantine=quarantine)
    assert len(quarantine.rejected()) == 1


def test_only_messages_with_records_that_could_not_be_posted_come_again() -> None:
    ledger = Ledger(busy={"2", "5"})
    bodies = [f"{line('1')}\n{line('2')}", line("3"), f"{line('4')}\n{line('5')}\nnonsense"]
    done = taken(*bodies, ledger=ledger)
    assert done.failed == ("m0", "m2")
    assert (done.accepted, done.rejected) == (3, 1)


def test_usage_of_the_future_is_quarantined_by_the_time_its_message_was_sent() -> None:
    quarantine, ledger = MemoryQuarantine(), Ledger()
    ahead = (NOON + timedelta(minutes=6)).isoformat()
    body = f"{line('1')}\n\n\n{line('2')}\n{line('3', at=ahead)}\n{line('4', at=ahead)}"
    done = taken(body, ledger=ledger, quarantine=quarantine)
    assert (ledger.posted, done.rejected) == (["1", "2"], 2)
    [row] = quarantine.rejected()
    assert row.reason == "at is more than 5 minutes ahead"
    assert row.places == ("line 5", "line 6")  # two lines are blank


def test_the_implausible_is_held_neither_archived_nor_posted() -> None:
    quarantine, ledger = MemoryQuarantine(), Ledger()
    done = taken(
        line("huge", input_tokens=20_000_000), line("1"), ledger=ledger, quarantine=quarantine
    )
    assert (done.accepted, done.held, ledger.archived) == (1, 1, ["1"])
    (held,) = quarantine.held()
    assert held.record.id == "huge"
    assert held.reason == "more than 10000000 tokens a request"


def test_no_messages_with_records_write_nothing() -> None:
    ledger = Ledger()
    assert taken("nonsense", ledger=ledger).accepted == 0
    assert ledger.archived == []


def test_what_was_collected_is_taken_in_like_what_was_sent() -> None:
    quarantine, ledger = MemoryQuarantine(), Ledger(busy={"busy"})

    def usage(id_: str, tokens: int = 5) -> UsageRecord:
        return UsageRecord(
            producer="gateway",
            id=id_,
            at=NOON,
            tenant="acme",
            model="m",
            tokens=TokenCounts(tokens),
        )

    told = [usage("1"), Rejection("chat/m", "no"), usage("busy"), usage("huge", 20_000_000)]
    hour = "vllm/prod/2026-11-20T12"
    done = ingest_collected(
        hour,
        told,
        GATEWAY,
        archive=ledger,
        quarantine=quarantine,
        post=ledger.post,
        refuse=refuse_none,
        at=NOON,
    )
    assert (done.accepted, done.held, done.rejected, done.failed) == (1, 1, 1, (hour,))
    assert [(row.where, row.reason) for row in quarantine.rejected()] == [("chat/m", "no")]


HELD = ("gateway", "huge")


@pytest.fixture
def holding() -> MemoryQuarantine:
    quarantine = MemoryQuarantine()
    taken(line("huge", input_tokens=20_000_000), quarantine=quarantine)
    return quarantine


def test_a_held_record_is_posted_when_a_person_releases_it(holding: MemoryQuarantine) -> None:
    ledger = Ledger()
    release(HELD, quarantine=holding, archive=ledger, post=ledger.post, at=NOON)
    assert ledger.posted == ["huge"]
    assert list(holding.held()) == []
    # delivered once more, it is not held once more
    taken(line("huge", input_tokens=20_000_000), quarantine=holding)
    assert list(holding.held()) == []


@pytest.mark.parametrize(
    ("decision", "counted"),
    [
        (Decision.HELD, {"held": 1}),
        (Decision.RELEASED, {"accepted": 1, "duplicates": 1}),
        (Decision.DUPLICATE, {"accepted": 1, "duplicates": 1}),
        (Decision.CONFLICT, {"conflicts": 1}),
        (Decision.DROPPED, {"dropped": 1}),
    ],
)
def test_a_held_record_that_is_told_again_is_counted_by_what_was_decided_of_it(
    holding: MemoryQuarantine, decision: Decision, counted: dict[str, int]
) -> None:
    holding.decide(HELD, decision, NOON)
    done = taken(line("huge", input_tokens=20_000_000), quarantine=holding)
    nothing = {"accepted": 0, "held": 0, "rejections": (), "failed": ()}
    assert done == Ingested(**{**nothing, **counted})


def test_a_release_that_the_ledger_is_too_busy_for_leaves_it_held(
    holding: MemoryQuarantine,
) -> None:
    ledger = Ledger(busy={"huge"})
    with pytest.raises(StillBusyError):
        release(HELD, quarantine=holding, archive=ledger, post=ledger.post, at=NOON)
    assert [each.record.id for each in holding.held()] == ["huge"]


def test_what_is_dropped_cannot_be_released(holding: MemoryQuarantine) -> None:
    drop(HELD, quarantine=holding, at=NOON)
    found = holding.find(HELD)
    assert found is not None
    assert (found.decision, found.decided_at) == (Decision.DROPPED, NOON)
    ledger = Ledger()
    with pytest.raises(NotHeldError):
        release(HELD, quarantine=holding, archive=ledger, post=ledger.post, at=NOON)
    assert ledger.posted == []
    with pytest.raises(NotHeldError):
        drop(("gateway", "unheard of"), quarantine=holding, at=NOON)
