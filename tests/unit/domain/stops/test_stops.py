"""A stop's life: what it counts as, what it tells, when it ends, and that it does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import strategies as st

from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money
from bursar.domain.scopes import Scope
from bursar.domain.stops.changes import AuditAction, change
from bursar.domain.stops.counting import StopCount, most_alone
from bursar.domain.stops.endings import ending
from bursar.domain.stops.messages import message
from bursar.domain.stops.records import (
    Ending,
    ForbiddenStepError,
    Stop,
    StopState,
    activated,
    ended,
    stop_id,
    worked,
)
from bursar.domain.stops.rules import Action, Approval, Mode, Place, Rule, is_crossed, places
from tests.unit.domain.stops.samples import (
    AT,
    BUDGET,
    HOUR,
    NOVEMBER,
    a_stop,
    approved,
    standing,
)
from tests.unit.for_all import for_all

WATCH = Rule(mode=Mode.WATCH)
QUOTA = (Action.CAP_ACCELERATORS,)


def test_a_hundred_percent_is_reached_to_the_last_picodollar() -> None:
    assert not is_crossed(Money.of("99.999999999999"), Money.of(100), 100)
    assert is_crossed(Money.of(100), Money.of(100), 100)
    assert is_crossed(Money.of(90), Money.of(100), 90)


@pytest.mark.parametrize(
    ("scope", "where", "expected"),
    [
        ("cluster=prod,namespace=research", (), [Place("prod", "research")]),
        ("namespace=research", (), [Place("batch", "research"), Place("prod", "research")]),
        ("cluster=prod", (), [Place("prod")]),
        ("cluster=prod,model=llama", (), []),
        ("tenant=search", (), []),
        ("tenant=search", ("cluster=prod,namespace=search",), [Place("prod", "search")]),
        ("org=example", (), []),
    ],
)
def test_a_stop_reaches_no_further_than_its_scope_or_what_the_rule_names(
    scope: str, where: tuple[str, ...], expected: list[Place]
) -> None:
    named = tuple(map(Scope.parse, where))
    assert list(places(Scope.parse(scope), named, ("prod", "batch"))) == expected


def test_actions_go_ahead_alone_or_wait_for_a_person() -> None:
    assert Rule().asked(Approval.AUTOMATIC) == (Action.REFUSE_RESERVATIONS, Action.SEND_EVENT)
    assert Action.CAP_ACCELERATORS in Rule().asked(Approval.MANUAL)
    assert Rule().mode is Mode.WATCH


def test_its_name_says_which_window_it_is_about() -> None:
    budget = BUDGET.model_copy(update={"time_zone": "America/New_York"})
    assert stop_id(BUDGET, NOVEMBER, "manual", 2) == "search-20261101-manual-2"
    assert stop_id(budget, NOVEMBER, "manual", 1) == "search-20261031-manual-1"


def test_a_dry_run_never_becomes_active() -> None:
    with pytest.raises(ForbiddenStepError, match="dry run"):
        activated(a_stop(rule=WATCH), AT)


def test_a_stop_is_approved_once_and_in_time() -> None:
    stop = a_stop()
    active = activated(stop, AT, "ada")
    assert (active.state, active.approved_by, active.version) == (StopState.ACTIVE, "ada", 2)
    with pytest.raises(ForbiddenStepError, match="is active"):
        activated(active, AT)
    with pytest.raises(ForbiddenStepError, match="expired at"):
        activated(stop, stop.expires_at)
    over = ended(active, Ending.PERSON, "not needed", AT)
    with pytest.raises(ForbiddenStepError, match="is reversed"):
        ended(over, Ending.EXPIRY, "late", AT)


def test_a_refusal_by_a_budget_that_is_used_up_counts_as_no_stop() -> None:
    refusing = (Action.REFUSE_RESERVATIONS, Action.SEND_EVENT)
    assert not a_stop(actions=refusing, spent="100").counts
    assert a_stop(actions=refusing, spent="99").counts
    assert not a_stop(actions=(*refusing, *QUOTA), spent="100").counts  # nowhere in a cluster
    prod = BUDGET.model_copy(update={"scope": Scope.parse("cluster=prod")})
    assert a_stop(actions=(*refusing, *QUOTA), spent="100", budget=prod).counts
    assert not a_stop(actions=(Action.SEND_EVENT,), spent="99").counts


@pytest.mark.parametrize(
    ("tenants", "most"), [(0, 1), (1, 1), (20, 1), (39, 1), (40, 2), (100, 5), (119, 5)]
)
def test_a_twentieth_of_the_tenants_may_be_stopped_alone_and_at_least_one(
    tenants: int, most: int
) -> None:
    assert most_alone(tenants) == most


def test_a_stop_counts_for_24_hours_and_once() -> None:
    count = StopCount().with_("a", AT).with_("b", AT + HOUR).with_("a", AT + 2 * HOUR)
    assert (count.version, count.lately(AT + 2 * HOUR)) == (3, 2)
    assert count.lately(AT + 25 * HOUR) == 1  # b was 24 hours before
    assert count.lately(AT + 26 * HOUR) == 0
    assert [each.stop for each in count.with_("c", AT + 26 * HOUR).counted] == ["c"]


def test_a_stop_ends_with_its_period_or_with_its_time() -> None:
    stop = activated(a_stop(), AT)
    assert stop.expires_at == AT + timedelta(days=7)
    assert ending(stop, standing("105"), (), stop.expires_at - HOUR) is None
    told = ending(stop, standing("105"), (), stop.expires_at)
    assert told == (Ending.EXPIRY, "its time was up at 2026-11-27 13:10 UTC")
    late = a_stop(at=NOVEMBER.end - HOUR)
    assert late.expires_at == NOVEMBER.end
    assert ending(late, None, (), NOVEMBER.end) == (Ending.NEW_PERIOD, "a new period began")


def test_an_exception_that_covers_what_is_spent_ends_it() -> None:
    """$105 of $100 + $5 is 100% still; of $100 + $6 it is 99%."""
    stop = activated(a_stop(), AT)
    assert ending(stop, standing("105", more="5"), [approved("5")], AT) is None
    told = ending(stop, standing("105", more="6"), [approved("6")], AT)
    assert told == (Ending.EXCEPTION, "exception E1 raised the limit to $106.00")


def test_a_higher_limit_ends_it_too() -> None:
    told = ending(activated(a_stop(), AT), standing("105", limit="200"), (), AT)
    assert told == (Ending.RECOVERED, "$105.00 is below 100% of $200.00")


def test_a_stop_that_a_person_asked_for_ends_by_a_later_exception_alone() -> None:
    manual = activated(a_stop(by="ada", spent="3"), AT)
    assert ending(manual, standing("3"), (), AT + HOUR) is None
    assert ending(manual, standing("3"), [approved(at=AT - HOUR)], AT + HOUR) is None
    told = ending(manual, standing("3"), [approved(at=AT + HOUR)], AT + HOUR)
    assert told == (Ending.EXCEPTION, "exception E1 was approved")


@for_all(
    minutes=st.integers(0, 30 * 24 * 60 - 1),
    days=st.integers(1, 60),
    spent=st.one_of(st.none(), st.integers(0, 300)),
    by=st.sampled_from([None, "ada"]),
)
def test_every_stop_ends(minutes: int, days: int, spent: int | None, by: str | None) -> None:
    """Whatever the budget stands at, at the latest with its period."""
    rule = Rule(mode=Mode.ENFORCE, lasts=timedelta(days=days))
    stop = a_stop(at=NOVEMBER.start + timedelta(minutes=minutes), rule=rule, by=by)
    found = None if spent is None else standing(str(spent))
    assert stop.expires_at <= NOVEMBER.end
    assert ending(stop, found, (), stop.expires_at) is not None


def test_a_change_stops_the_window_when_it_becomes_active_and_lets_go_when_it_ends() -> None:
    proposed = a_stop()
    active = activated(proposed, AT)
    over = ended(active, Ending.PERSON, "no", AT)
    window = BudgetWindow("search", NOVEMBER.start)

    def step(old: Stop | None, new: Stop) -> tuple[object, object]:
        made = change(AuditAction.WORKED, "bursar", AT, old, new)
        return made.stops, made.resumes

    assert step(None, proposed) == (None, None)
    assert step(None, active) == step(proposed, active) == (window, None)
    assert step(active, over) == (None, window)
    assert step(proposed, ended(proposed, Ending.PERSON, "no", AT)) == (None, None)
    other = activated(a_stop(actions=QUOTA), AT)
    assert step(None, other) == (None, None)


def test_a_dry_run_says_exactly_what_it_would_do_and_that_it_does_nothing() -> None:
    told = message(a_stop(rule=WATCH, actions=tuple(Action)), AT)
    assert told.kind == "stop.would_stop"
    assert told.title == "$105.00 of $100.00 for tenant=search: would be stopped (dry run)"
    assert told.comparison == (
        "100% of it is spent. refuses reservations of budget search; "
        "tenant=search names no place in a cluster: name it under `where`; "
        "sends an event to EventBridge."
    )
    assert told.action.startswith("Nothing is done.")
    assert (told.owner, told.data_as_of) == ("platform", AT)


def test_what_is_told_of_a_stop_says_how_to_undo_it() -> None:
    active = activated(a_stop(), AT)
    assert message(active, AT).title == "$105.00 of $100.00 for tenant=search: stopped"
    assert "`bursar stop reverse search-20261101-automatic-1`" in message(active, AT).action
    over = ended(active, Ending.NEW_PERIOD, "a new period began", NOVEMBER.end)
    assert message(over, NOVEMBER.end).comparison == "100% of it is spent. a new period began."


def test_a_stop_whose_steps_nobody_applied_has_nothing_to_undo() -> None:
    assert not ended(a_stop(), Ending.EXPIRY, "late", AT).is_open
    assert a_stop().is_open


def test_what_a_person_approves_is_planned_anew_from_what_is_there_then() -> None:
    budget = BUDGET.model_copy(update={"scope": Scope.parse("cluster=prod")})
    proposed = a_stop(actions=QUOTA, budget=budget)
    assert list(proposed.unplanned) == ["prod"]
    planned = worked(proposed, unplanned={}, notes=("prod has no accelerators: no quota",))
    assert worked(planned, unplanned={}) is planned
    by_itself, by_ada = activated(planned, AT), activated(planned, AT, "ada")
    assert (by_itself.notes, by_itself.unplanned) == (planned.notes, {})
    assert (by_ada.notes, list(by_ada.unplanned)) == (planned.notes[:0], ["prod"])


def test_an_event_is_owed_for_each_state_of_a_stop_that_was_in_force() -> None:
    proposed = a_stop(actions=(Action.SEND_EVENT,))
    assert not proposed.owes_event
    active = activated(proposed, AT)
    assert active.owes_event
    sent = worked(active, event=active.state)
    assert not sent.owes_event
    over = ended(sent, Ending.EXPIRY, "late", AT)
    assert over.owes_event and over.is_open
    assert not worked(over, event=over.state).is_open
    assert not ended(proposed, Ending.EXPIRY, "late", AT).is_open
