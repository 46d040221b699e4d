"""Reservations on every store: what is held, by whom it is closed, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bursar.domain.admission.answers import (
    Admitted,
    Closed,
    Conflict,
    Leased,
    Refused,
    Unknown,
    Unpriced,
)
from bursar.domain.admission.leases import SETTLING
from bursar.domain.admission.reservations import HoldStatus
from bursar.domain.ledger.budget_windows import BudgetWindow, WindowNotOpenError
from bursar.domain.ledger.enforced_budgets import ForeignScopeError
from bursar.domain.money import Money
from bursar.domain.scopes import Dimension
from bursar.jobs.admit_spend import CEILING, Tokens
from bursar.jobs.draw_lease import LeaseRequest, draw_lease
from bursar.jobs.open_windows import open_windows
from bursar.jobs.release_expired import Swept, release_expired
from bursar.jobs.release_reservation import release_reservation
from bursar.jobs.settle_reservation import settle_reservation
from tests.contract.admission_books import (
    AT,
    BUDGETS,
    LATER,
    LIFE,
    NOVEMBER,
    SEARCH,
    Gate,
    budget,
    enforced,
    gate_on,
    usage,
)

DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def gate(backing: Any) -> Gate:
    return gate_on(backing)


def settle(gate: Gate, id_: str, usd: str, at: datetime = AT, by: str = "gateway") -> Any:
    return settle_reservation(id_, by, Money.of(usd), at, gate.admission)


def release(gate: Gate, id_: str, by: str = "gateway") -> Any:
    return release_reservation(id_, by, gate.admission)


def test_an_amount_is_held_in_every_budget_that_covers_it(gate: Gate) -> None:
    held = gate.admitted(amount="10")
    for name in ("all", "find", "search"):
        assert gate.numbers(name) == ("0", "10", "90")
    assert gate.admission.reservations.find(held.id) == held


def test_another_tenants_request_is_not_held_in_this_ones_budgets(gate: Gate) -> None:
    gate.admitted(scope={Dimension.TENANT: "ads"})
    assert gate.numbers("all") == ("0", "10", "90")
    assert gate.numbers("find") == gate.numbers("search") == ("0", "0", "100")


def test_what_does_not_fit_into_one_budget_is_held_in_none(backing: Any) -> None:
    gate = gate_on(backing, *BUDGETS[:2], budget("search", "tenant=search", Money.of(9)))
    assert gate.ask(amount="10") == Refused("search", Money.of(9))
    assert gate.numbers("all") == gate.numbers("find") == ("0", "0", "100")


def test_the_last_dollar_can_be_reserved_and_no_more(gate: Gate) -> None:
    gate.admitted("1", "60")
    gate.admitted("2", "40")
    assert gate.ask("3", "0.000000000001") == Refused("all", Money.zero())


def test_the_same_key_and_body_are_answered_the_same_and_held_once(gate: Gate) -> None:
    first = gate.ask()
    assert gate.ask(at=AT + timedelta(seconds=30)) == first
    assert gate.numbers() == ("0", "10", "90")


@pytest.mark.parametrize(
    "other",
    [{"amount": "11"}, {"scope": {Dimension.TENANT: "ads"}}, {"usage_event_id": "another"}],
    ids=str,
)
def test_the_same_key_with_another_body_is_a_conflict(other: Any, gate: Gate) -> None:
    gate.admitted()
    assert isinstance(gate.ask(**other), Conflict)
    assert gate.numbers() == ("0", "10", "90")


def test_the_same_key_of_another_principal_is_another_request(gate: Gate) -> None:
    gate.admitted()
    gate.admitted(principal="batch")
    assert gate.numbers() == ("0", "20", "80")


def test_one_usage_event_is_reserved_once(gate: Gate) -> None:
    gate.admitted("1", usage_event_id="e")
    assert isinstance(gate.ask("2", usage_event_id="e"), Conflict)
    assert gate.numbers() == ("0", "10", "90")


def test_a_refusal_is_not_remembered(gate: Gate) -> None:
    other = gate.admitted("other", "95")
    assert isinstance(gate.ask("k"), Refused)
    release(gate, other.id)
    assert isinstance(gate.ask("k"), Admitted)


def test_a_settlement_frees_what_is_held_and_posts_what_was_spent(gate: Gate) -> None:
    held = gate.admitted()
    closed = settle(gate, held.id, "4")
    assert closed == Closed(held.turned(HoldStatus.SETTLED))
    assert gate.numbers() == ("4", "0", "96")
    (leaf,) = gate.books.ledger.leaves(AT.replace(minute=0)).values()
    assert (leaf.requests, leaf.amounts.usd) == (1, Money.of(4))


def test_settlements_are_listed_by_their_hour_and_usage_is_not(gate: Gate) -> None:
    settle(gate, gate.admitted("k").id, "4")
    settle(gate, gate.admitted("l").id, "0", at=LATER)
    gate.admitted("m")
    gate.use(usage("m", "3"), usage("k", "4"))
    hour = AT.replace(minute=0)
    listed = {("gateway", "event-k"), ("gateway", "event-l")}
    assert set(gate.books.ledger.settled(hour)) == listed
    assert not gate.books.ledger.settled(hour + timedelta(hours=1))


def test_settled_twice_is_spent_once(gate: Gate) -> None:
    held = gate.admitted()
    first = settle(gate, held.id, "4")
    assert settle(gate, held.id, "5") == first
    assert gate.numbers() == ("4", "0", "96")


def test_usage_closes_its_reservation_in_its_own_posting(gate: Gate) -> None:
    held = gate.admitted()
    done = gate.use(usage("k", "3"), usage("other", "1"))
    assert len(done.posted) == 2
    assert gate.numbers() == ("4", "0", "96")
    assert gate.admission.reservations.find(held.id) == held.turned(HoldStatus.SETTLED)
    assert settle(gate, held.id, "9") == Closed(held.turned(HoldStatus.SETTLED))
    assert gate.numbers() == ("4", "0", "96")


def test_usage_after_a_settlement_is_a_duplicate_and_no_conflict(gate: Gate) -> None:
    held = gate.admitted()
    settle(gate, held.id, "4")
    assert gate.use(usage("k", "3")).duplicates == 1
    assert gate.numbers() == ("4", "0", "96")
    assert gate.books.conflicts.recent() == []


def test_usage_of_a_released_reservation_is_charged_as_any_other(gate: Gate) -> None:
    held = gate.admitted()
    assert release(gate, held.id) == Closed(held.turned(HoldStatus.RELEASED))
    assert gate.numbers() == ("0", "0", "100")
    gate.use(usage("k", "3"))
    assert gate.numbers() == ("3", "0", "97")
    assert isinstance(settle(gate, held.id, "9"), Conflict)


def test_what_nobody_settles_is_free_again_after_its_time(gate: Gate) -> None:
    gate.admitted()
    assert release_expired(AT + LIFE - timedelta(microseconds=1), gate.admission) == Swept(0, 0)
    assert release_expired(AT + LIFE, gate.admission) == Swept(1, 0)
    assert gate.numbers() == ("0", "0", "100")
    assert release_expired(LATER, gate.admission) == Swept(0, 0)


@pytest.mark.parametrize("way", ["settlement", "usage"])
def test_what_is_told_after_the_expiry_is_spent_even_over_the_limit(way: str, gate: Gate) -> None:
    held = gate.admitted()
    release_expired(LATER, gate.admission)
    gate.admitted("another", "95")
    if way == "usage":
        gate.use(usage("k", "8"))
    else:
        settle(gate, held.id, "8", LATER)
    late = held.turned(HoldStatus.EXPIRED).turned(HoldStatus.SETTLED_LATE)
    assert gate.admission.reservations.find(held.id) == late
    assert gate.numbers() == ("8", "95", "-3")


def test_a_refusal_first_frees_what_has_expired_in_its_windows(gate: Gate) -> None:
    old = gate.admitted("old", "95")
    assert isinstance(gate.ask("new", at=AT + LIFE - timedelta(seconds=1)), Refused)
    gate.admitted("new", at=AT + LIFE)
    assert gate.numbers() == ("0", "10", "90")
    assert gate.admission.reservations.find(old.id) == old.turned(HoldStatus.EXPIRED)


def test_a_hold_across_the_end_of_a_month_is_held_in_both(gate: Gate) -> None:
    at = DECEMBER - timedelta(minutes=2)
    held = gate.admitted(at=at)
    assert BudgetWindow("search", DECEMBER) in held.held
    for start in (NOVEMBER, DECEMBER):
        assert gate.balance(starts_at=start).available == Money.of(90)
    settle(gate, held.id, "4", at=DECEMBER + timedelta(seconds=1))
    assert gate.balance(starts_at=NOVEMBER).available == Money.of(100)
    assert gate.balance(starts_at=DECEMBER).available == Money.of(96)


def test_a_hold_that_ends_with_the_month_is_not_held_in_the_next(gate: Gate) -> None:
    held = gate.admitted(at=DECEMBER - LIFE)
    assert {window.starts_at for window in held.held} == {NOVEMBER}


def test_nobody_closes_what_is_anothers(gate: Gate) -> None:
    held = gate.admitted()
    assert settle(gate, held.id, "4", by="batch") == release(gate, held.id, "batch") == Unknown()
    assert gate.numbers() == ("0", "10", "90")


def test_compute_charges_budgets_and_leaves_its_money_to_the_clusters(backing: Any) -> None:
    gate = gate_on(backing, budget("gpu", "category=gpu_compute,namespace=train"))
    scope = {**SEARCH, Dimension.CATEGORY: "gpu_compute", Dimension.NAMESPACE: "train"}
    held = gate.admitted(scope=scope)
    settle(gate, held.id, "4")
    assert gate.numbers("gpu") == ("4", "0", "96")
    (key,) = gate.books.ledger.leaves(AT.replace(minute=0))
    assert key.pricing == "self_hosted"


def test_tokens_are_held_at_their_dearest_and_a_model_without_a_price_is_refused(
    gate: Gate,
) -> None:
    held = gate.admitted(amount=Tokens(1_000_000, 500_000))
    assert held.amount == Money.of(7)  # 1M x $2 + 0.5M x $10 / 1M
    unknown = {**SEARCH, Dimension.MODEL: "gpt-y"}
    assert gate.ask("k2", amount=Tokens(1, 1), scope=unknown) == Unpriced("gpt-y")


def test_one_request_has_a_ceiling_of_its_own(backing: Any) -> None:
    gate = gate_on(backing, ceiling=Money.of(5))
    assert gate.ask(amount="5.01") == Refused(CEILING, Money.of(5))
    gate.admitted(amount="5")


def test_a_scope_of_another_organisation_or_team_is_refused(gate: Gate) -> None:
    for wrong in ({Dimension.ORG: "other"}, {Dimension.TEAM: "other"}):
        with pytest.raises(ForeignScopeError):
            gate.ask(scope={**SEARCH, **wrong})


def test_windows_are_opened_before_they_begin_and_follow_the_configured_limit(
    gate: Gate,
) -> None:
    gate.admitted(amount="60")
    for limit in ("50", "50", "120"):
        changed = enforced(budget("search", "tenant=search", Money.of(limit)))
        open_windows(AT, windows=gate.books.windows, budgets=changed)
        balance = gate.balance()
        assert balance.limit == Money.of(limit)
        assert balance.available == Money.of(limit) - Money.of(60)
    assert gate.balance(starts_at=DECEMBER).limit == Money.of(120)


def test_a_window_that_is_not_open_has_no_limit_to_change(gate: Gate) -> None:
    with pytest.raises(WindowNotOpenError):
        gate.books.windows.set_base(BudgetWindow("none", NOVEMBER), Money.of(1))


def lease(gate: Gate, key: str, wanted: str, least: str = "1") -> Any:
    asked = LeaseRequest(
        "gateway", key, SEARCH, Money.of(wanted), Money.of(least), timedelta(seconds=30)
    )
    return draw_lease(asked, AT, gate.admission)


def test_leases_are_slices_that_shrink_as_a_budget_runs_out(gate: Gate) -> None:
    drawn = [lease(gate, str(n), "40") for n in range(30)]
    amounts = [each.reservation.amount for each in drawn if isinstance(each, Leased)]
    # a quarter of 100, of 75, of 56.25, ...; at last $1 at a time
    assert [amount.plain() for amount in amounts[:3]] == ["25", "18.75", "14.0625"]
    assert amounts[-1] == Money.of(1)
    assert Money.sum(amounts) + gate.balance().available == Money.of(100)
    assert isinstance(drawn[-1], Refused)
    assert drawn[-1].available < Money.of(1)


def test_a_lease_stays_held_until_its_usage_had_time_to_come(gate: Gate) -> None:
    drawn = lease(gate, "1", "20")
    assert lease(gate, "1", "20") == drawn
    assert drawn.usable_until == AT + timedelta(seconds=30)
    gate.use(usage("a", "5"), usage("b", "5"))
    assert gate.numbers() == ("10", "20", "70")
    release_expired(drawn.usable_until + SETTLING, gate.admission)
    assert gate.numbers() == ("10", "0", "90")
    assert isinstance(settle(gate, drawn.reservation.id, "5"), Conflict)
