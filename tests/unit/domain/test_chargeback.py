"""Chargeback: opening + charges + adjustments = closing, and all of it is the ledger's total."""

from __future__ import annotations

from datetime import UTC, datetime

from bursar.domain.attribution.rules import Owner
from bursar.domain.chargeback import Account, Chargeback, FrozenMonth, add_balances, charge, thaw
from bursar.domain.money import Money
from tests.unit.domain.sample_statements import (
    API,
    GPU,
    LINE_MAPS,
    OPENINGS,
    bought,
    november,
    pods,
)
from tests.unit.for_all import for_all

ACME, SEARCH = Owner("acme", "search"), Owner("", "search")


def account(shown: Chargeback, owner: Owner) -> Account:
    [found] = [each for each in shown.accounts if each.owner == owner]
    return found


def units(usd: str) -> int:
    return Money.of(usd).units


def test_an_account_opens_is_charged_adjusted_and_closed() -> None:
    shown = charge(
        "2026-11",
        november(
            pods("acme", "30", "search"),
            bought("acme", "12", "search"),
            bought("acme", "-2", "search", adjusts="2026-10"),
        ),
        {ACME: units("100")},
    )
    found = account(shown, ACME)
    assert {name: line.usd for name, line in found.charges.items()} == {
        GPU: Money.of("30"),
        API: Money.of("12"),
    }
    assert {month: line.usd for month, line in found.adjustments.items()} == {
        "2026-10": Money.of("-2")
    }
    assert found.closing == Money.of("140")  # 100 + 42 - 2
    assert shown.charged + shown.adjusted == shown.statement.total == Money.of("40")


def test_an_account_without_charges_stays_open_and_an_empty_one_does_not() -> None:
    shown = charge("2026-11", november(), {ACME: units("7"), SEARCH: 0})
    assert [each.owner for each in shown.accounts] == [ACME]
    assert shown.closing == Money.of("7")


def test_a_team_holds_its_tenants_and_its_own_account_and_no_team_comes_last() -> None:
    shown = charge(
        "2026-11",
        november(pods("__idle__", "1"), pods("acme", "2", "search"), pods("", "3", "search")),
        {},
    )
    assert [(team, len(found)) for team, found in shown.by_team().items()] == [
        ("search", 2),
        ("", 1),
    ]


def test_a_line_that_names_its_own_month_is_a_charge() -> None:
    shown = charge("2026-11", november(bought("acme", "5", adjusts="2026-11")), {})
    assert (shown.charged, shown.adjusted) == (Money.of("5"), Money.zero())


def test_what_later_months_correct_is_shown_beside_and_in_no_closing() -> None:
    later = november(
        bought("acme", "4", "search", adjusts="2026-10"),
        bought("acme", "9", "search"),
        month="2026-11",
    )
    october = november(bought("acme", "50", "search"), month="2026-10")
    at = datetime(2026, 11, 3, tzinfo=UTC)
    shown = thaw(FrozenMonth("2026-10", at, october, {}, 0), [later])
    assert shown.closing == Money.of("50")
    assert shown.booked_later == {"2026-11": {ACME: units("4")}}
    assert shown.closed_at == at


def test_balances_run_on_over_charges_and_adjustments_alike() -> None:
    told = november(bought("acme", "5"), bought("acme", "-1", adjusts="2026-10"))
    assert add_balances({Owner("acme"): units("10")}, [told]) == {Owner("acme"): units("14")}


@for_all(lines=LINE_MAPS, opening=OPENINGS)
def test_all_accounts_sum_to_the_ledgers_total(lines, opening) -> None:
    shown = charge("2026-11", november(lines), opening)
    assert shown.charged + shown.adjusted == shown.statement.total
    assert shown.opening + shown.statement.total == shown.closing
    for each in shown.accounts:
        assert each.opening + each.charged + each.adjusted == each.closing
    balances = {each.owner: each.closing.units for each in shown.accounts}
    running = add_balances(opening, [shown.statement])
    assert balances == {**dict.fromkeys(balances, 0), **{k: v for k, v in running.items() if v}}
