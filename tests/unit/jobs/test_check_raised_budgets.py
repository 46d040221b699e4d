"""Budgets that approved exceptions have raised: what is told, and of what limit."""

from __future__ import annotations

from bursar.domain.governance.consumption import debit
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money
from tests.unit.jobs.budget_estate import Estate, utc
from tests.unit.jobs.sample_config import budget

NINE, TEN_AM = utc(2026, 11, 20, 9), utc(2026, 11, 20, 10)


def test_what_was_approved_is_no_news_and_only_what_is_beyond_it_is():
    """$10 and $50 approved: $48 is the 80% of $60."""
    estate = Estate(budget("namespace=search", "10"))
    estate.approve("50", NINE, utc(2026, 12, 20))
    estate.close(TEN_AM, "47")
    assert estate.check(utc(2026, 11, 20, 11, 11)) == []
    assert (estate.state(utc(2026, 11, 1)).limit, estate.left()) == (Money.of(60), "13")
    estate.close(utc(2026, 11, 20, 11), "1")
    assert estate.check(utc(2026, 11, 20, 12, 11)) == [
        "namespace=search has cost $48.00: 80% of $60.00 for the month"
    ]


def test_when_it_ends_what_was_used_of_it_stays_in_the_limit():
    """$10 and $37 used of $50: the limit is $47, and the next dollar is beyond it."""
    estate = Estate(budget("namespace=search", "10"))
    until = utc(2026, 11, 20, 12)
    estate.approve("50", NINE, until)
    estate.close(TEN_AM, "47")
    assert estate.check(utc(2026, 11, 20, 11, 11)) == []
    assert estate.check(utc(2026, 11, 20, 12, 11)) == []
    assert estate.state(utc(2026, 11, 1)).limit == Money.of(47)
    estate.close(until, "1")
    assert estate.check(utc(2026, 11, 20, 13, 11)) == [
        "namespace=search has cost $48.00: 102% of $47.00 for the month"
    ]
    assert (estate.state(utc(2026, 11, 1)).limit, estate.left()) == (Money.of(47), "13")


def test_each_dollar_of_it_raises_one_day():
    """$30 on Friday, $25 on Saturday, $10 a day: $20 and $15 of $50."""
    estate = Estate(budget("namespace=search", "10", period="day"))
    estate.approve("50", NINE, utc(2026, 12, 20))
    estate.close(TEN_AM, "30")
    assert estate.check(utc(2026, 11, 20, 11, 11)) == []
    estate.close(utc(2026, 11, 21, 10), "25")
    assert estate.check(utc(2026, 11, 21, 11, 11)) == []
    limits = [estate.state(utc(2026, 11, day)).limit for day in (20, 21)]
    assert limits == [Money.of(30), Money.of(40)]  # 10 + 20; 10 + 15, and 15 that are left
    assert estate.left() == "15"


def test_a_wider_budget_is_not_raised():
    estate = Estate(
        budget("namespace=search", "10"), {**budget("cluster=prod", "10"), "id": "all"}
    )
    estate.approve("50", NINE, utc(2026, 12, 20))
    estate.close(TEN_AM, "12")
    assert estate.check(utc(2026, 11, 20, 11, 11)) == [
        "cluster=prod has cost $12.00: 120% of $10.00 for the month"
    ]


def test_what_the_gate_has_promised_to_jobs_is_spent_first_and_stays_after_the_end():
    """$30 of $50 were promised to jobs, which cost $25 so far: 10 + 25 + 5 that are to come."""
    estate = Estate(budget("namespace=search", "10"))
    until = utc(2026, 11, 20, 12)
    estate.approve("50", NINE, until)
    granted = estate.allowances.allowance("E1")
    gate = BudgetWindow("gate:training-job", utc(2026, 11, 1))
    estate.allowances.replace(granted, debit(granted, Money.of(30), gate, NINE))
    estate.close(TEN_AM, "35")
    assert estate.check(utc(2026, 11, 20, 11, 11)) == []
    assert (estate.state(utc(2026, 11, 1)).limit, estate.left()) == (Money.of(60), "20")
    estate.check(utc(2026, 11, 20, 12, 11))
    assert estate.state(utc(2026, 11, 1)).limit == Money.of(40)
