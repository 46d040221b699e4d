"""Runs of bulk usage that end anywhere: the ledger, and a replay of the archive, hold the sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from bursar.adapters.memory.quarantine import MemoryQuarantine
from bursar.adapters.memory.usage import MemoryBulkUsage, MemoryUsageArchive
from bursar.domain.ledger.enforced_budgets import EnforcedBudgets
from bursar.domain.ledger.entries import Leaf, LeafKey
from bursar.domain.periods import HOUR, Window, month_window
from bursar.domain.usage.bulk import UsageGroup
from bursar.domain.usage.price_books import OwnTokenPrices
from bursar.domain.usage.producers import ANY_TENANT, ProducerPolicy
from bursar.domain.usage.records import TokenCounts, UsageRecord
from bursar.domain.usage.routes import ModelRoutes
from bursar.jobs.bill_usage import UsageBilling
from bursar.jobs.post_usage import Patience
from bursar.jobs.replay_usage import Replayed, UsageReplay
from bursar.jobs.rollup_usage import rollup_usage
from bursar.jobs.take_usage import NotAllPostedError, UsageIntake
from bursar.jobs.verify_ledger import verify_ledger
from tests.contract.ledger_books import ONE_PM, Books, books_on, no_sleep
from tests.contract.ledger_faults import OF_OTHER_CALLS, OF_POSTINGS, CrashError, Fault, Faulty

TWO_PM = Window(ONE_PM + HOUR, ONE_PM + 2 * HOUR)
NOW = TWO_PM.end + timedelta(minutes=17)
HOURS = (ONE_PM, TWO_PM.start)
NOVEMBER = month_window("2026-11")
GATEWAY = ProducerPolicy(name="gateway", tenants=frozenset({ANY_TENANT}))
Decide = Callable[[Sequence[Fault]], Fault | None]
IMPATIENT = Patience(no_sleep, lambda low, high: (low + high) / 2, tries=2)


def no_fault(_: Sequence[Fault]) -> None:
    """All goes well."""


def dies_after_archiving(_: Sequence[Fault]) -> Fault:
    """The archive is asked first."""
    return Fault.CRASH_AFTER


def finds_the_ledger_busy(faults: Sequence[Fault]) -> Fault | None:
    return Fault.THROTTLED if faults == OF_POSTINGS else None


class Group(NamedTuple):
    hour: datetime
    tenant: str


class FaultyArchive(MemoryUsageArchive):
    """Where the process may end before an object is written, or after."""

    def __init__(self) -> None:
        super().__init__()
        self.decide: Decide = no_fault

    def put(self, records: Sequence[UsageRecord], received_at: datetime) -> None:
        fault = self.decide(OF_OTHER_CALLS)
        if fault is Fault.CRASH_BEFORE:
            raise CrashError
        super().put(records, received_at)
        if fault is Fault.CRASH_AFTER:
            raise CrashError


class Guard:
    def __init__(self) -> None:
        self.came: Counter[Group] = Counter()
        self.books, self.archive = books_on(None), FaultyArchive()

    def run(self, decide: Decide = no_fault) -> None:
        """Sum what came; a fault may end it."""
        self.archive.decide = decide
        billing = self.billing(self.books, Faulty(self.books, decide, lambda: None))
        intake = UsageIntake(
            producer=GATEWAY,
            read=lambda _body, _producer: (),
            archive=self.archive,
            quarantine=MemoryQuarantine(),
            billing=billing,
        )
        try:
            rollup_usage(
                TWO_PM,
                sums=MemoryBulkUsage(self._groups()),
                entries=self.books.reader,
                intakes=lambda _: intake,
                at=NOW,  # a run that is told again has the time that it was first due at
            )
        except (CrashError, NotAllPostedError):
            assert decide is not no_fault

    def _groups(self) -> list[UsageGroup]:
        names = {"provider": "openai", "feature": "", "key": "", "batch": False, "tier": 0}
        return [
            UsageGroup(
                producer="gateway",
                hour=hour,
                tenant=tenant,
                model="gpt-x",
                requests=requests,
                tokens=TokenCounts(input=1000 * requests),
                **names,
            )
            for (hour, tenant), requests in self.came.items()
        ]

    def billing(self, books: Books, faulty: Faulty | None = None) -> UsageBilling:
        return UsageBilling(
            routes=ModelRoutes(),
            prices=OwnTokenPrices([]),
            ledger=faulty or books.ledger,
            conflicts=faulty or books.conflicts,
            windows=faulty or books.windows,
            budgets=EnforcedBudgets((), "acme", lambda _: ""),
            patience=IMPATIENT,
        )

    def replay(self, books: Books) -> Replayed:
        replaying = UsageReplay(
            billing=self.billing(books), unit_price=lambda _model, _for: None, archive=self.archive
        )
        return replaying.replay(NOVEMBER, NOW)


def leaves(books: Books) -> dict[LeafKey, Leaf]:
    return {key: leaf for hour in HOURS for key, leaf in books.ledger.leaves(hour).items()}


def requests(books: Books) -> dict[Group, int]:
    return {Group(key.hour, key.tenant): leaf.requests for key, leaf in leaves(books).items()}


def check(guard: Guard) -> None:
    assert requests(guard.books) == guard.came
    verified = verify_ledger(
        "2026-11", NOW, ledger=guard.books.ledger, reader=guard.books.reader, archive=guard.archive
    )
    assert (verified.holds, verified.unposted) == (True, ())
    done = guard.replay(guard.books)
    assert done == Replayed(read=done.read, there_already=done.read)
    empty = books_on(None)
    assert not guard.replay(empty).conflicts
    assert leaves(empty) == leaves(guard.books)
    for books in (guard.books, empty):
        assert (books.conflicts.recent(), books.outbox.unsent(NOW)) == ([], [])


@pytest.mark.parametrize("fault", [dies_after_archiving, finds_the_ledger_busy])
def test_sums_that_were_archived_alone_are_posted_as_they_were_then_what_came_since(
    fault: Decide,
) -> None:
    guard, group = Guard(), Group(ONE_PM, "acme")
    guard.came[group] = 100
    guard.run(fault)
    assert requests(guard.books) == {}
    guard.came[group] = 140
    guard.run()
    archived = {each.id[-2:]: each.requests for each in guard.archive.records(NOVEMBER)}
    assert archived == {"/0": 100, "/1": 40}
    check(guard)


@settings(max_examples=60, deadline=None, database=None)
@given(
    seed=some.integers(0, 2**32),
    tenants=some.sampled_from([1, 3, 60]),  # an hour of sixty takes two postings
    runs=some.integers(1, 5),
    fault_percent=some.sampled_from([5, 30, 60]),
)
def test_wherever_runs_end_the_next_whole_one_makes_ledger_and_replay_what_came(
    seed: int, tenants: int, runs: int, fault_percent: int
) -> None:
    guard, random = Guard(), Random(seed)

    def decide(faults: Sequence[Fault]) -> Fault | None:
        return random.choice(faults) if random.randrange(100) < fault_percent else None

    for _ in range(runs):
        for n in range(tenants):
            guard.came[Group(random.choice(HOURS), f"t{n}")] += random.randrange(1, 4)
        guard.run(decide)
        if random.randrange(4) == 0:
            guard.replay(guard.books)
    guard.run()
    check(guard)
