"""Charging a month back, and closing it: what was frozen stands, whatever is stated later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bursar.adapters.memory.closed_months import MemoryClosedMonthStore
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.domain.attribution.rules import Owner
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, Window
from bursar.domain.quality import Quality
from bursar.jobs.charge_back import (
    MonthNotBegunError,
    charge_back,
    close_chargeback,
    stated_days,
)
from bursar.jobs.close_month import MonthNotOverError
from tests.unit.domain.sample_statements import Lines, bought, hour_at, pods

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
AFTER = datetime(2026, 11, 2, 6, tzinfo=UTC)


class Guard:
    """The stores that a month is closed with; `closed` are the months that the ledger closed."""

    def __init__(self) -> None:
        self.statements = MemoryStatementStore()
        self.closed_months = MemoryClosedMonthStore()
        self.closed: list[str] = []

    def state(self, at: datetime, *lines: Lines) -> None:
        self.statements.put_hour(hour_at(at, *lines))

    def show(self, month: str, at: datetime = AFTER):
        return charge_back(month, at, statements=self.statements, closed_months=self.closed_months)

    def close(self, month: str, at: datetime = AFTER):
        return close_chargeback(
            month,
            at,
            statements=self.statements,
            closed_months=self.closed_months,
            close_ledger=lambda name, _: self.closed.append(name),
        )


@pytest.fixture
def guard() -> Guard:
    return Guard()


def test_a_month_is_half_open_and_in_utc(guard: Guard) -> None:
    guard.state(OCTOBER - HOUR, pods("acme", "1000"))
    guard.state(OCTOBER, pods("acme", "1"))
    guard.state(NOVEMBER - HOUR, pods("acme", "2"))
    guard.state(NOVEMBER, pods("acme", "4000"))
    shown = guard.show("2026-10")
    assert shown.charged == Money.of("3")
    assert shown.opening == Money.of("1000")  # September's
    assert shown.unstated_hours == 742  # of 744
    assert shown.unstated == (Window(OCTOBER + HOUR, NOVEMBER - HOUR),)
    assert shown.quality is Quality.ESTIMATED  # each hour that was stated is final


def test_january_opens_at_nothing(guard: Guard) -> None:
    january = datetime(2027, 1, 1, tzinfo=UTC)
    guard.state(january - HOUR, pods("acme", "9"))
    guard.state(january, pods("acme", "1"))
    shown = guard.show("2027-01", january + 3 * HOUR)
    assert (shown.opening, shown.closing) == (Money.zero(), Money.of("1"))
    assert shown.unstated_hours == 1  # of three that are over; the last may be stated yet
    assert guard.show("2027-01", january + HOUR / 2).unstated_hours == 0


def test_a_closed_month_stays_as_it_was_and_the_next_opens_with_it(guard: Guard) -> None:
    guard.state(OCTOBER, pods("acme", "10"))
    closed = guard.close("2026-10")
    assert (closed.closing, closed.closed_at) == (Money.of("10"), AFTER)
    guard.state(OCTOBER, pods("acme", "77"))  # restated against the rules of the ledger
    guard.state(NOVEMBER, pods("acme", "5"), bought("acme", "-1", adjusts="2026-10"))
    assert guard.show("2026-10").closing == Money.of("10")
    assert guard.show("2026-10").booked_later == {"2026-11": {Owner("acme"): Money.of("-1").units}}
    november = guard.show("2026-11")
    assert (november.opening, november.charged) == (Money.of("10"), Money.of("5"))
    assert (november.adjusted, november.closing) == (Money.of("-1"), Money.of("14"))


def test_months_between_the_closed_one_and_this_are_read_from_their_statements(
    guard: Guard,
) -> None:
    guard.state(OCTOBER - 40 * 24 * HOUR, pods("acme", "1"))  # in August
    guard.close("2026-08")
    guard.state(OCTOBER - HOUR, pods("acme", "2"))
    guard.state(OCTOBER, pods("acme", "4"))
    guard.state(NOVEMBER, pods("acme", "8"))
    assert guard.show("2026-11").opening == Money.of("7")  # 1 + 2 + 4


def test_closing_twice_closes_once(guard: Guard) -> None:
    guard.state(OCTOBER, pods("acme", "10"))
    first = guard.close("2026-10")
    again = guard.close("2026-10", AFTER + timedelta(days=1))
    assert (again.closed_at, again.accounts) == (first.closed_at, first.accounts)
    assert guard.closed == ["2026-10"]


def test_a_close_that_broke_off_is_finished_by_repeating_it(guard: Guard) -> None:
    guard.state(OCTOBER, pods("acme", "10"))
    freeze = guard.closed_months.freeze

    def crash(_: object) -> bool:
        raise ConnectionError

    guard.closed_months.freeze = crash  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        guard.close("2026-10")
    assert guard.show("2026-10").closed_at is None
    guard.closed_months.freeze = freeze  # type: ignore[method-assign]
    assert guard.close("2026-10").closing == Money.of("10")
    assert guard.closed == ["2026-10", "2026-10"]  # the ledger takes the second for done


def test_a_month_that_is_not_over_is_refused_by_the_ledger(guard: Guard) -> None:
    def refuse(month: str, _: datetime) -> None:
        raise MonthNotOverError(month)

    with pytest.raises(MonthNotOverError):
        close_chargeback(
            "2026-11",
            AFTER,
            statements=guard.statements,
            closed_months=guard.closed_months,
            close_ledger=refuse,
        )
    assert guard.closed_months.frozen("2026-11") is None


def test_a_month_that_has_not_begun_has_no_accounts(guard: Guard) -> None:
    with pytest.raises(MonthNotBegunError):
        guard.show("2026-12")


def test_days_are_told_while_they_sum_to_what_was_frozen(guard: Guard) -> None:
    guard.state(OCTOBER, pods("acme", "10"))
    guard.state(OCTOBER + 30 * HOUR, pods("acme", "5"))
    shown = guard.close("2026-10")
    assert [day.window.start.day for day in stated_days(shown, guard.statements)] == [1, 2]
    guard.state(OCTOBER, pods("acme", "77"))
    [whole] = stated_days(guard.show("2026-10"), guard.statements)
    assert whole == shown.statement
