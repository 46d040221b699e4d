"""One producer's intake: messages and collected hours, priced and posted once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bursar.adapters.memory.quarantine import MemoryQuarantine
from bursar.adapters.memory.usage import MemoryUsageArchive
from bursar.adapters.usage_formats.reading import read
from bursar.domain.ledger.enforced_budgets import EnforcedBudgets
from bursar.domain.ledger.entries import Leaf, LeafKey
from bursar.domain.ledger.months import MonthState
from bursar.domain.money import Money
from bursar.domain.periods import hour_of
from bursar.domain.usage.plausibility import PlausibilityLimits
from bursar.domain.usage.price_books import OwnTokenPrices
from bursar.domain.usage.prices import ContextTier, TokenPrice, TokenRates
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.quarantine import Decision
from bursar.domain.usage.routes import ModelRoute, ModelRoutes
from bursar.jobs.bill_usage import UsageBilling
from bursar.jobs.ingest_usage import Ingested, Message
from bursar.jobs.review_held_usage import StillTooLargeError, release
from bursar.jobs.take_usage import NotAllPostedError, UsageIntake
from tests.contract.admission_books import budget, enforced
from tests.contract.ledger_books import AT_ONCE, NOW, ONE_PM, Books, books_on, record
from tests.contract.ledger_faults import Fault, Faulty

RATES = TokenRates(input=Decimal(2), output=Decimal(10))  # USD a million
PRICE = TokenPrice(provider="openai", model="gpt-x", source="t", tiers=(ContextTier(0, RATES),))


NO_BUDGETS = EnforcedBudgets((), "acme", lambda _: "")
CROWD = enforced(*(budget(f"b{n}", "model=gpt-x") for n in range(97)))  # 96 would fit


class Intake:
    def __init__(
        self,
        routes: ModelRoutes | None = None,
        ceiling: str | None = None,
        budgets: EnforcedBudgets = NO_BUDGETS,
    ) -> None:
        self.quarantine = MemoryQuarantine()
        self.books: Books = books_on(None)
        self.archive = MemoryUsageArchive()
        books = self.books
        self.intake = UsageIntake(
            producer=ProducerPolicy(name="gateway", tenant="search"),
            read=read,
            archive=self.archive,
            quarantine=self.quarantine,
            billing=UsageBilling(
                routes=routes or ModelRoutes(),
                prices=OwnTokenPrices([PRICE]),
                ledger=books.ledger,
                conflicts=books.conflicts,
                windows=books.windows,
                budgets=budgets,
                patience=AT_ONCE,
            ),
            limits=PlausibilityLimits(dearest_request=ceiling and Money.of(ceiling)),
        )

    def change(self, **changes: Any) -> None:
        """Another ledger, or other budgets."""
        self.intake = replace(self.intake, billing=replace(self.intake.billing, **changes))

    def take(self, *bodies: str, at: datetime = NOW) -> Ingested:
        return self.intake.take([Message(f"m{n}", body, at) for n, body in enumerate(bodies)])

    def release(self, id_: str) -> Decision:
        return release(
            ("gateway", id_),
            quarantine=self.quarantine,
            archive=self.archive,
            post=lambda records: self.intake.post(records, NOW),
            at=NOW,
        ).decision

    def leaves(self, at: datetime = ONE_PM, *, shadow: bool = False) -> dict[LeafKey, Leaf]:
        return dict(self.books.ledger.leaves(hour_of(at).start, shadow=shadow))


def line(id_: str, **changes: Any) -> str:
    told = {"at": ONE_PM.isoformat(), "model": "gpt-x", "provider": "openai"}
    return json.dumps(told | {"id": id_, "input_tokens": 1000, "output_tokens": 100} | changes)


def test_a_message_is_archived_priced_and_posted_once() -> None:
    intake = Intake()
    for _ in range(2):
        assert intake.take(line("1"), line("2")).accepted == 2
    [(key, leaf)] = intake.leaves().items()
    assert (key.tenant, leaf.requests) == ("search", 2)
    assert leaf.amounts.usd == Money.of("0.006")  # 2 x (1,000 x 2 + 100 x 10) / 1,000,000
    assert {each.id for each in intake.archive.records(hour_of(ONE_PM))} == {"1", "2"}


def test_a_model_without_a_price_is_posted_with_its_tokens_and_no_money() -> None:
    intake = Intake()
    intake.take(line("1", model="unheard-of"))
    [(key, leaf)] = intake.leaves().items()
    assert (key.pricing, leaf.tokens.total, leaf.amounts.units) == ("unpriced", 1100, 0)


def test_what_another_source_is_billed_for_is_kept_beside_it() -> None:
    intake = Intake(ModelRoutes((ModelRoute("gpt-*", "prometheus:prod"),)))
    done = intake.take(line("1"))
    assert (done.accepted, done.billed, done.shadow) == (1, 0, 1)
    assert intake.leaves() == {}
    [key] = intake.leaves(shadow=True)
    assert key.shadow == "gateway"
    # told again it is there, and the other model's counts
    done = intake.take(line("1"), line("2", model="claude"))
    assert (done.accepted, done.billed, done.shadow, done.duplicates) == (2, 1, 0, 1)


def test_messages_that_the_ledger_is_too_busy_for_come_again_and_are_charged_once() -> None:
    intake = Intake()
    intake.books.gates.turn("2026-11", MonthState.FROZEN)  # a close is under way
    assert intake.take(line("1")).failed == ("m0",)
    intake.books.gates.turn("2026-11", MonthState.OPEN)
    assert intake.take(line("1")).failed == ()
    [leaf] = intake.leaves().values()
    assert leaf.requests == 1


def test_late_usage_of_a_closed_month_is_booked_in_the_hour_it_came_in() -> None:
    intake = Intake()
    intake.books.gates.turn("2026-10", MonthState.CLOSED)
    october = ONE_PM - timedelta(days=30)
    intake.take(line("1", at=october.isoformat()))
    assert intake.leaves(october) == {}
    [key] = intake.leaves(NOW)
    assert key.adjusts == "2026-10"


def test_a_collected_hour_is_posted_once_however_often_it_is_collected() -> None:
    intake = Intake()
    for _ in range(2):
        done = intake.intake.take_collected("prometheus:prod 13:00", [record("1")], NOW)
        assert done.accepted == 1
    [leaf] = intake.leaves().values()
    assert leaf.requests == 1


def test_a_collected_hour_that_cannot_be_posted_fails_by_its_name() -> None:
    intake = Intake()
    intake.books.gates.turn("2026-11", MonthState.FROZEN)
    with pytest.raises(NotAllPostedError, match="prometheus:prod 13:00"):
        intake.intake.take_collected("prometheus:prod 13:00", [record("1")], NOW)


def test_what_costs_more_a_request_than_the_ceiling_is_held_until_a_person_releases_it() -> None:
    """$0.003 a request: a thousand tokens of $2 and a hundred of $10 a million."""
    assert Intake(ceiling="0.003").take(line("1")).held == 0
    assert Intake(ceiling="0.0029").take(line("1", requests=2)).held == 0
    intake = Intake(ceiling="0.0029")
    done = intake.take(line("1"), line("2", input_tokens=10), line("3", model="unheard-of"))
    assert (done.held, done.accepted, done.failed) == (1, 2, ())
    (held,) = intake.quarantine.held()
    assert (held.record.id, held.reason) == ("1", "costs more than 0.0029 USD a request")
    assert intake.release("1") is Decision.RELEASED
    spent = Money.sum(leaf.amounts.usd for leaf in intake.leaves().values())
    assert spent == Money.of("0.00402")  # 0.003 and 10 x 2 + 100 x 10 of a million


def test_a_second_body_under_the_id_of_a_held_record_is_a_conflict_and_told_once() -> None:
    intake = Intake()
    first, second = line("1", input_tokens=20_000_000), line("1", input_tokens=30_000_000)
    for _ in range(2):  # delivered again, it is the same conflict
        done = intake.take(first, second)
        assert (done.accepted, done.held, done.conflicts, done.failed) == (0, 1, 1, ())
    [held] = intake.quarantine.held()
    assert held.record.tokens.input == 20_000_000
    [conflict] = intake.books.conflicts.recent()
    assert (conflict.id, conflict.stands) == ("1", held.record.digest)
    assert conflict.usd == Money.of("60.001")  # 30 million x $2 and 100 x $10 a million
    assert len(intake.books.outbox.recent()) == 1


def test_a_release_of_what_is_in_the_ledger_already_is_a_duplicate_and_ends_the_hold() -> None:
    """A release that was broken off after it had posted, and is done again."""
    intake = Intake()
    intake.take(line("1", input_tokens=20_000_000))
    [held] = intake.quarantine.held()
    intake.intake.post([held.record], NOW)
    assert intake.release("1") is Decision.DUPLICATE
    assert list(intake.quarantine.held()) == []
    assert [leaf.requests for leaf in intake.leaves().values()] == [1]


def test_a_release_whose_id_stands_for_another_body_is_a_conflict_and_ends_the_hold() -> None:
    intake = Intake()
    intake.take(line("1", input_tokens=20_000_000), line("1"))
    assert intake.release("1") is Decision.CONFLICT
    assert list(intake.quarantine.held()) == []
    [conflict] = intake.books.conflicts.recent()
    assert conflict.usd == Money.of("40.001")  # 20 million x $2 and 100 x $10 a million
    assert Money.sum(leaf.amounts.usd for leaf in intake.leaves().values()) == Money.of("0.003")


def test_a_record_that_too_many_enforced_budgets_cover_is_held_and_the_rest_is_posted() -> None:
    """Entry, leaf, month, hour and 97 windows are 101 items; a transaction takes 100."""
    intake = Intake(budgets=CROWD)
    told = line("1"), line("1"), line("1", output_tokens=7), line("2", model="unheard-of")
    for _ in range(2):  # delivered again, it is the same
        done = intake.take(*told)
        assert (done.accepted, done.held, done.conflicts, done.failed) == (1, 2, 1, ())
    [key] = intake.leaves()
    assert key.model == "unheard-of"
    [held] = intake.quarantine.held()
    assert held.reason == ("more enforced budgets cover it than fit into a posting of 100 items")
    with pytest.raises(StillTooLargeError):
        intake.release("1")
    intake.change(budgets=NO_BUDGETS)
    assert intake.release("1") is Decision.RELEASED
    assert Money.sum(leaf.amounts.usd for leaf in intake.leaves().values()) == Money.of("0.003")
    # posted before the budgets were so many, it is there, and nothing of it is held
    intake.change(budgets=CROWD)
    done = intake.take(line("1"))
    assert (done.accepted, done.duplicates, done.held) == (1, 1, 0)


def test_transactions_that_were_in_the_way_are_counted() -> None:
    intake = Intake()
    faults = iter([Fault.CONFLICT, Fault.CONFLICT])
    faulty = Faulty(intake.books, lambda _: next(faults, None), lambda: None)
    intake.change(ledger=faulty)
    done = intake.take(line("1"))
    assert (done.accepted, done.failed, done.transaction_conflicts) == (1, (), 2)
    endless = Faulty(intake.books, lambda _: Fault.CONFLICT, lambda: None)
    intake.change(ledger=endless)
    done = intake.take(line("2"))
    assert (done.failed, done.transaction_conflicts) == (("m0",), 8)  # tries have an end


def test_what_is_told_again_is_said_to_be_there_and_what_is_told_otherwise_is_not_taken() -> None:
    """Of five bodies one is new and one the same as before; three are other bodies of an id."""
    intake = Intake()
    assert intake.take(line("1")).duplicates == 0
    others = [line("1", output_tokens=n) for n in (1, 2, 3)]
    done = intake.take(line("1"), line("2"), *others)
    assert (done.accepted, done.duplicates, done.conflicts, done.failed) == (2, 1, 3, ())
    assert len(intake.books.conflicts.recent()) == 3


def test_what_is_told_twice_in_one_batch_is_there_once_or_not_at_all_yet() -> None:
    intake = Intake()
    intake.books.gates.turn("2026-11", MonthState.FROZEN)
    done = intake.take(line("1"), line("1"))
    assert (done.accepted, done.duplicates, done.failed) == (0, 0, ("m0", "m1"))
    intake.books.gates.turn("2026-11", MonthState.OPEN)
    done = intake.take(line("1"), line("1"))
    assert (done.accepted, done.duplicates, done.conflicts) == (2, 1, 0)
