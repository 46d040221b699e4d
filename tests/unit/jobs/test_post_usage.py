"""Posting a batch: what is new, what was there, what is contested, and what must come again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bursar.domain.ledger.months import MonthState
from bursar.domain.ledger.postings import CancelReason, Posting, PostingCancelledError
from bursar.domain.usage.billing import bill
from bursar.domain.usage.prices import ContextTier, TokenPrice, TokenRates
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.records import TokenCounts
from bursar.domain.usage.routes import ModelRoutes
from bursar.domain.usage.told_records import usage_record
from bursar.jobs.post_usage import LedgerBusyError, Patience, Posted, post_entries
from tests.contract.ledger_books import AT_ONCE, NOW, ONE_PM, Books, books_on, entry, units

OCTOBER = datetime(2026, 10, 31, 23, tzinfo=UTC)


@pytest.fixture
def books() -> Books:
    return books_on(None)


def post(books: Books, *entries: object, ledger: object = None, **more: object) -> Posted:
    options = {"patience": AT_ONCE, "at": NOW, **more}
    return post_entries(
        entries,  # type: ignore[arg-type]
        ledger=ledger or books.ledger,  # type: ignore[arg-type]
        conflicts=books.conflicts,
        windows=books.windows,
        **options,  # type: ignore[arg-type]
    )


def test_what_is_new_is_posted_and_what_was_there_is_not(books: Books) -> None:
    post(books, entry("1", 1))
    done = post(books, entry("1", 1), entry("2", 10), entry("3", 100), entry("3", 100))
    assert done.posted == {("gateway", "2"), ("gateway", "3")}
    assert done.duplicates == 2  # 1 was there, 3 stood twice
    assert units(books) == 111


def test_usage_that_was_charged_to_a_providers_other_spelling_is_not_charged_again(
    books: Books,
) -> None:
    producer = ProducerPolicy(name="gateway", tenant="acme")
    told = {"at": NOW, "tenant": "acme", "model": "m", "requests": 3, "tokens": TokenCounts(7)}
    fee = TokenPrice("", "m", "list", (ContextTier(0, TokenRates(Decimal(1), Decimal(1))),))
    now = bill(usage_record(producer, id="1", provider="OpenAI", **told), fee, ModelRoutes())  # type: ignore[arg-type]
    before = replace(now, key=now.key._replace(provider="OpenAI"))
    post(books, before)
    done = post(books, now)
    assert (done.posted, done.duplicates, done.conflicts) == (set(), 1, [])
    assert units(books) == 7_000_000  # 7 x 1 USD per million, once
    assert now.key.provider == "openai"


def test_nothing_to_post_is_nothing_done(books: Books) -> None:
    assert post(books) == Posted()


def test_another_body_of_a_known_id_is_a_conflict_that_is_told_once(books: Books) -> None:
    post(books, entry("1", 1))
    for _ in range(2):
        done = post(books, entry("1", 50, input_tokens=9), entry("2", 10))
        assert done.conflicts == [("gateway", "1")]
    assert units(books) == 11
    (kept,) = books.conflicts.recent()
    assert (kept.stands, kept.usd.units) == (entry("1").digest, 50)
    assert len(books.outbox.unsent(NOW)) == 1


def test_the_body_that_stands_may_come_second_in_a_batch(books: Books) -> None:
    post(books, entry("1", 1))
    done = post(books, entry("1", 50, input_tokens=9), entry("1", 1))
    assert (done.conflicts, done.duplicates) == ([("gateway", "1")], 1)
    assert units(books) == 1


def test_late_usage_of_an_open_month_goes_to_its_own_hour(books: Books) -> None:
    assert post(books, entry("1", 7, at=OCTOBER)).adjusted == set()
    assert units(books, [OCTOBER]) == 7


def test_late_usage_of_a_closed_month_adjusts_it_where_it_came_in(books: Books) -> None:
    books.gates.turn("2026-10", MonthState.CLOSED)
    done = post(books, entry("1", 7, at=OCTOBER), entry("2", 1))
    assert done.adjusted == {("gateway", "1")}
    found = {key.adjusts: leaf.amounts.units for key, leaf in books.ledger.leaves(ONE_PM).items()}
    assert found == {"2026-10": 7, "": 1}
    again = post(books, entry("1", 7, at=OCTOBER), at=NOW + timedelta(days=1))
    assert (again.posted, again.duplicates) == (set(), 1)


def test_usage_of_a_frozen_month_must_come_again_and_the_rest_is_posted(books: Books) -> None:
    books.gates.turn("2026-10", MonthState.FROZEN)
    # too many for one posting: those of November are posted
    new = [entry(f"{n}", 1) for n in range(97)]
    with pytest.raises(LedgerBusyError) as busy:
        post(books, entry("late", at=OCTOBER), entry("late", at=OCTOBER, input_tokens=3), *new)
    assert ("gateway", "late") in busy.value.names
    assert not busy.value.done.conflicts  # nobody knows yet which of the two will stand
    assert len(busy.value.done.posted) + len(busy.value.names) == 98
    books.gates.turn("2026-10", MonthState.OPEN)
    post(books, entry("late", 5, at=OCTOBER), *new)
    assert units(books, [OCTOBER, ONE_PM]) == 5 + 97


class Busy:
    """Refuses so many times; notes the shards it was asked for."""

    def __init__(self, books: Books, reason: CancelReason, times: int) -> None:
        self._books, self._reason, self._left = books, reason, times
        self.shards: list[int] = []

    def post(self, posting: Posting, shard: int) -> None:
        self.shards.append(shard)
        if self._left:
            self._left -= 1
            raise PostingCancelledError(self._reason)
        self._books.ledger.post(posting, shard)

    def __getattr__(self, name: str) -> object:
        return getattr(self._books.ledger, name)


def test_after_a_conflict_another_shard_is_drawn(books: Books) -> None:
    ledger = Busy(books, CancelReason.CONFLICT, times=3)
    done = post(books, entry("1"), ledger=ledger)
    assert ledger.shards == [0, 8, 8, 8]  # `uniform` answers the middle of 0 and 16
    assert done.transaction_conflicts == 3


def test_throttling_keeps_the_shard_and_pauses_longer_each_time(books: Books) -> None:
    pauses: list[float] = []
    patience = Patience(sleep=pauses.append, uniform=lambda low, high: high, tries=8)
    ledger = Busy(books, CancelReason.THROTTLED, times=7)
    post(books, entry("1"), ledger=ledger, patience=patience)
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0]
    assert set(ledger.shards) == {0}


def test_tries_come_to_an_end(books: Books) -> None:
    ledger = Busy(books, CancelReason.CONFLICT, times=1_000)
    with pytest.raises(LedgerBusyError, match="1 entries not posted, 0 posted") as busy:
        post(books, entry("1"), ledger=ledger)
    assert busy.value.names == {("gateway", "1")}
    assert busy.value.done.transaction_conflicts == len(ledger.shards) == AT_ONCE.tries


def test_a_drawn_shard_is_always_one_of_sixteen() -> None:
    drawn = {
        Patience(sleep=lambda _: None, uniform=lambda low, high, at=at: low + (high - low) * at)
        for at in (0.0, 0.5, 1.0)
    }
    assert {each.shard() for each in drawn} == {0, 8, 15}
