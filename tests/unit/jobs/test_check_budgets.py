"""Budgets against closed hours and bills: in their own time zone, told once, never lost."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from bursar.adapters.memory.budgets import MemoryBudgetStore, MemoryOutbox
from bursar.domain.books import Book, News
from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.hours import HourCosts
from bursar.domain.figures import Projection
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, Window
from bursar.domain.quality import Quality
from bursar.domain.series.names import SeriesName
from bursar.domain.spend_forecast.records import Outcome, SpendForecast
from bursar.jobs.check_budgets import Books, BudgetContentionError, check_budgets, windows_due
from tests.unit.jobs.budget_estate import Estate, utc
from tests.unit.jobs.sample_config import budget, config


def test_a_budget_that_is_passed_is_told_once_with_its_state():
    estate = Estate(budget("namespace=search", "10"))
    estate.close(utc(2026, 11, 20, 10), "8")
    assert estate.check(utc(2026, 11, 20, 11, 11)) == [
        "namespace=search has cost $8.00: 80% of $10.00 for the month"
    ]
    assert estate.check(utc(2026, 11, 20, 12, 11)) == []
    assert len(estate.outbox.all()) == 1
    state = estate.state(utc(2026, 11, 1))
    assert (state.spent, state.fired) == (Money.of(8), {"actual:80"})


def test_no_data_is_not_zero():
    estate = Estate(budget("namespace=search", "10"))
    assert estate.check(utc(2026, 11, 20, 11, 11)) == []
    estate.close(utc(2026, 11, 20, 10), "0", known=0)
    assert estate.check(utc(2026, 11, 20, 11, 11)) == []
    assert estate.state(utc(2026, 11, 1)) is None


def test_a_cluster_that_went_blind_before_the_month_began_breaks_no_other_budget():
    estate = Estate(budget("namespace=search", "10"))
    blind = Window(utc(2026, 12, 1), utc(2026, 12, 1, 1))
    last_seen = int(utc(2026, 11, 30, 23, 55).timestamp())
    estate.history.put_hour(
        HourCosts("prod", blind, Quality.UNKNOWN, 0, Basis.RESIDUAL, {}, as_of=last_seen)
    )
    assert estate.check(utc(2026, 12, 1, 1, 11)) == []


def test_the_last_hour_of_the_month_is_not_lost():
    estate = Estate(budget("namespace=search", "10"))
    estate.close(utc(2026, 11, 30, 23), "10")
    assert estate.check(utc(2026, 12, 1, 0, 11)) == [
        "namespace=search has cost $10.00: 100% of $10.00 for the month"
    ]
    assert estate.check(utc(2026, 12, 1, 1, 11)) == []


def test_windows_stay_due_for_two_days_after_their_end():
    [daily] = config(budget("namespace=search", "10", period="day")).budgets
    [monthly] = config(budget("namespace=search", "10")).budgets
    starts = [window.start for window in windows_due(daily, utc(2026, 11, 20, 12))]
    assert starts == [utc(2026, 11, 18), utc(2026, 11, 19), utc(2026, 11, 20)]
    assert len(windows_due(monthly, utc(2026, 12, 2, 23, 59))) == 2
    assert len(windows_due(monthly, utc(2026, 12, 3))) == 1


def test_a_daily_budget_of_an_account_is_told_when_its_bill_comes_the_day_after():
    estate = Estate(budget("org=acme", "100", period="day"))
    estate.bill(date(2026, 11, 19), "100")
    assert estate.check(utc(2026, 11, 20, 9, 31)) == [
        "org=acme has cost $100.00: 100% of $100.00 for the day"
    ]


def test_the_organisation_is_what_the_bill_says_and_estimated_days_say_so():
    estate = Estate(budget("org=acme", "100"))
    estate.close(utc(2026, 11, 2, 10), "1000")  # metered, and not the bill
    estate.bill(date(2026, 11, 1), "30")
    estate.bill(date(2026, 11, 2), "50", estimated=True)
    alerts = check_budgets(
        estate.config,
        utc(2026, 11, 3, 9, 31),
        news=News(Book.BILLED),
        history=estate.history,
        statements=estate.statements,
        spend=estate.spend,
        budgets=estate.budgets,
    )
    assert [alert.title for alert in alerts] == [
        "org=acme has cost $80.00: 80% of $100.00 for the month"
    ]
    assert alerts[0].comparison.startswith("Billed $80.00 against $6.67 expected")
    assert alerts[0].comparison.endswith("The figures are estimated.")


def test_a_restated_bill_that_falls_is_a_recovery():
    estate = Estate(budget("org=acme", "100"))
    estate.bill(date(2026, 11, 1), "100")
    estate.check(utc(2026, 11, 2, 10))
    fact = estate.spend.told[0]
    lower = fact.model_copy(
        update={"amount": Money.of(70), "as_of": fact.as_of + timedelta(days=1)}
    )
    estate.spend.record([lower])
    assert estate.check(utc(2026, 11, 3, 10)) == [
        "org=acme is back below 80% of $100.00 for the month ($70.00 so far)"
    ]


def test_a_berlin_october_holds_its_25_hour_day_and_begins_in_september():
    # midnight in Berlin: 30 September 22:00 UTC to 31 October 23:00 UTC
    estate = Estate(budget("namespace=search", "100", time_zone="Europe/Berlin"))
    estate.close(utc(2026, 9, 30, 21), "1000")  # the last hour of September there
    estate.close(utc(2026, 9, 30, 22), "30")
    estate.close(utc(2026, 10, 25, 1), "40")  # 02:00 in winter time
    estate.close(utc(2026, 10, 31, 22), "10")
    estate.close(utc(2026, 10, 31, 23), "1000")  # November there
    estate.check(utc(2026, 10, 31, 22, 59))
    assert estate.state(utc(2026, 9, 30, 22)).spent == Money.of(80)


def test_a_day_of_kolkata_takes_half_of_the_hour_that_it_begins_in():
    zone = {"time_zone": "Asia/Kolkata", "period": "day"}
    estate = Estate(budget("namespace=search", "100", **zone))
    estate.close(utc(2026, 11, 20, 18), "30")  # 18:00 to 19:00; midnight there is 18:30
    estate.close(utc(2026, 11, 20, 19), "7")
    estate.check(utc(2026, 11, 20, 20, 11))
    assert estate.state(utc(2026, 11, 20, 18, 30)).spent == Money.of(22)
    assert estate.state(utc(2026, 11, 19, 18, 30)).spent == Money.of(15)


def test_a_budget_of_one_cluster_does_not_count_another():
    clusters = [
        {"name": name, "region": "eu-west-1", "endpoint": f"https://{name}"}
        for name in ("prod", "dev")
    ]
    estate = Estate(budget("cluster=dev", "100"), clusters=clusters)
    estate.close(utc(2026, 11, 20, 10), "70")
    estate.close(utc(2026, 11, 20, 10), "5", cluster="dev")
    estate.check(utc(2026, 11, 20, 11, 11))
    assert estate.state(utc(2026, 11, 1)).spent == Money.of(5)


class Contended(MemoryBudgetStore):
    """Another run writes first, a few times."""

    def __init__(self, outbox: MemoryOutbox, times: int) -> None:
        super().__init__(outbox)
        self.times = times

    def commit(self, old, new, outbox) -> bool:
        if self.times:
            self.times -= 1
            return False
        return super().commit(old, new, outbox)


@pytest.mark.parametrize(("times", "wins"), [(4, True), (5, False)])
def test_a_run_that_loses_the_race_reads_again_and_gives_up_loudly(times, wins):
    estate = Estate(budget("namespace=search", "10", period="year"))
    estate.close(utc(2026, 11, 20, 10), "8")
    estate.budgets = Contended(estate.outbox, times)
    if wins:
        assert len(estate.check(utc(2026, 11, 20, 11, 11))) == 1
    else:
        with pytest.raises(BudgetContentionError):
            estate.check(utc(2026, 11, 20, 11, 11))
        assert estate.outbox.all() == []


def test_budget_zones_are_known_ones():
    [made] = config(budget("namespace=search", "1", time_zone="Asia/Kolkata")).budgets
    assert made.zone == ZoneInfo("Asia/Kolkata")


def test_only_budgets_that_something_was_heard_for_are_checked():
    whole = budget("org=acme", "10", id="bill")
    metered = budget("cluster=prod", "10", id="prod")
    estate = Estate(whole, metered)
    estate.close(utc(2026, 11, 20, 10), "8")
    estate.bill(date(2026, 11, 19), "9")
    now = utc(2026, 11, 20, 11, 11)

    assert estate.check_after(News(Book.METERED, "another"), now) == []
    assert estate.check_after(News(Book.METERED, "prod"), now) == [
        "cluster=prod has cost $8.00: 80% of $10.00 for the month"
    ]
    assert estate.check_after(News(Book.BILLED), now) == [
        "org=acme has cost $9.00: 90% of $10.00 for the month"
    ]


def test_nothing_is_written_when_nothing_is_new():
    estate = Estate(budget("namespace=search", "100"))
    estate.close(utc(2026, 11, 20, 10), "8")
    estate.check(utc(2026, 11, 20, 11, 11))
    before = estate.state(utc(2026, 11, 1))
    estate.check(utc(2026, 11, 20, 11, 12))
    assert estate.state(utc(2026, 11, 1)) == before


@pytest.mark.parametrize(
    ("scope", "series"),
    [
        ("cluster=prod", SeriesName(Book.LEDGER, "cluster=prod")),
        ("model=llama", SeriesName(Book.LEDGER, "model=llama")),
        ("org=acme", SeriesName(Book.BILLED, "org=acme")),
    ],
)
def test_the_forecast_of_its_book_is_what_a_budget_projects(
    scope: str, series: SeriesName
) -> None:
    basis = "reported" if scope.startswith("org") else "actual"
    thresholds = [{"percent": 100, "basis": basis}]
    estate = Estate(budget(scope, "9000", thresholds=thresholds))
    start, day = utc(2026, 11, 20), date(2026, 11, 19)
    for n in range(24):
        estate.close(start - (24 - n) * HOUR, "2")
    estate.bill(day, "48")
    path = tuple(Money.of(5) for _ in range(11))
    outcome = Outcome.model_validate(
        dict.fromkeys(("expected", "low80", "high80", "low95", "high95"), "103")
    )
    made = SpendForecast(
        series=series,
        day=day,
        month="2026-11",
        as_of=start,
        so_far=Money.of(48),
        apart=Money.zero(),
        unknown_days=0,
        history_days=30,
        needed_days=14,
        outcome=outcome,
        path=path,
    )
    estate.forecasts.put([made])
    [only] = estate.config.budgets
    books = Books(estate.config, estate.history, estate.statements, estate.spend, estate.forecasts)
    window = only.window_at(start)
    figures = books.figures(only, window)
    assert figures is not None
    foreseen = Money.of(103)
    assert figures.projection(window) == Projection(
        foreseen, "forecast of 2026-11-19", foreseen, foreseen
    )
    old = Books(estate.config, estate.history, estate.statements, estate.spend)
    without = old.figures(only, window)
    assert without is not None
    assert without.outlook is None
