"""What people are told about a budget: once, at the highest threshold, and when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from pydantic import ValidationError

from bursar.domain.alerts import Severity, age, alert_id
from bursar.domain.books import Book
from bursar.domain.budget_checks import Assessment, assess
from bursar.domain.budgets import Budget, BudgetState, Threshold, ThresholdBasis
from bursar.domain.figures import Figures, Outlook, Projection, run_rate
from bursar.domain.money import Money
from bursar.domain.periods import DAY, HOUR, Window
from bursar.domain.quality import Quality
from tests.unit.for_all import for_all

ACTUAL, PROJECTED = ThresholdBasis.ACTUAL, ThresholdBasis.PROJECTED
NOVEMBER = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
DAY_20 = NOVEMBER.start + 20 * DAY  # two thirds of the month have passed


def threshold(percent: int, basis: ThresholdBasis = ACTUAL, **others) -> Threshold:
    return Threshold(percent=percent, basis=basis, **others)


def budget(limit: str = "1000", *thresholds: Threshold, **others) -> Budget:
    plain = {
        "id": "search",
        "scope": "cluster=prod,namespace=search",
        "owner": "ana",
        "limit": limit,
        "thresholds": thresholds or (threshold(80), threshold(100)),
    }
    return Budget.model_validate(plain | others)


def figures(spent: str, *, as_of: datetime = DAY_20, known: timedelta | None = None, **others):
    known = as_of - NOVEMBER.start if known is None else known
    return Figures(Money.of(spent), as_of, known, others.pop("quality", Quality.FINAL), **others)


class Year:
    """One budget and its state from check to check."""

    def __init__(self, watched: Budget, window: Window = NOVEMBER) -> None:
        self.budget, self.window = watched, window
        self.state: BudgetState | None = None

    def spend(self, spent: str, now: datetime = DAY_20, **others) -> list[str]:
        """The titles that this check tells."""
        found = self.check(figures(spent, **others), now)
        return [alert.title for alert in found.alerts]

    def check(self, seen: Figures, now: datetime = DAY_20) -> Assessment:
        found = assess(self.budget, self.window, seen, self.state, now)
        self.state = found.state
        return found


@pytest.mark.parametrize(("spent", "told"), [("799.99", 0), ("800", 1), ("999.99", 1)])
def test_a_threshold_is_passed_when_it_is_reached(spent, told):
    assert len(Year(budget()).spend(spent)) == told


def test_what_was_told_is_not_told_again():
    year = Year(budget())
    assert len(year.spend("800")) == 1
    assert year.spend("850") == []


def test_worse_is_told_again():
    year = Year(budget())
    year.spend("800")
    assert year.spend("1000") == [
        "cluster=prod,namespace=search has cost $1,000.00: 100% of $1,000.00 for the month"
    ]


def test_a_jump_over_both_tells_the_highest_and_marks_the_rest():
    year = Year(budget())
    assert len(year.spend("1200")) == 1
    assert year.state is not None
    assert year.state.fired == {"actual:80", "actual:100"}
    assert year.spend("1201") == []


def test_a_lower_threshold_that_is_added_later_tells_no_news():
    year = Year(budget())
    year.spend("1000")
    year.budget = budget("1000", threshold(50), threshold(80), threshold(100))
    assert year.spend("1001") == []


def test_a_new_limit_begins_a_new_epoch():
    year = Year(budget())
    year.spend("1000")
    year.budget = budget("1100")
    assert len(year.spend("1000")) == 1  # 90% of the new one
    assert year.state is not None
    assert (year.state.epoch, year.state.fired) == (2, {"actual:80"})


def test_a_recovery_is_told_once_and_then_the_threshold_can_be_told_again():
    year = Year(budget())
    year.spend("1000")
    assert year.spend("900") == [  # a restated bill, say
        "cluster=prod,namespace=search is back below 100% of $1,000.00 for the month"
        " ($900.00 so far)"
    ]
    assert year.spend("900") == []
    assert len(year.spend("1000")) == 1
    assert year.state is not None
    assert year.state.epoch == 2


def test_the_ids_of_two_tellings_differ_by_their_epoch_alone():
    year = Year(budget())
    first = year.check(figures("1000")).alerts[0].id
    year.spend("900")
    second = year.check(figures("1000")).alerts[0].id
    start = NOVEMBER.start.isoformat()
    assert [first, second] == [alert_id("search", start, "actual:100", n) for n in (1, 2)]


def test_percentages_are_rounded_down():
    assert "99% of" in Year(budget()).spend("999.99")[0]


# --- projections ---------------------------------------------------------------------------


def test_300_in_three_days_of_thirty_project_to_3000():
    assert run_rate(Money.of(300), NOVEMBER, 3 * DAY) == Money.of(3000)


def test_before_a_twentieth_of_the_window_was_seen_there_is_no_projection():
    assert run_rate(Money.of(300), NOVEMBER, 36 * HOUR - timedelta(seconds=1)) is None
    assert run_rate(Money.of(300), NOVEMBER, 36 * HOUR) == Money.of(6000)


def test_a_projection_goes_by_the_time_that_was_seen_and_not_by_the_calendar():
    # day 20, but ten days of it are unknown: 400 in 10 of 30 days
    seen = figures("400", known=10 * DAY)
    assert (seen.projected(NOVEMBER), seen.unknown_hours(NOVEMBER)) == (Money.of(1200), 240)


def test_a_cluster_that_was_seen_for_three_days_does_not_stretch_the_others():
    # 1,000 in 20 days of one and 30 in 3 days of the other: 1,500 + 300, not 1,030 x 10
    runs = (Money.of(1000), 20 * DAY), (Money.of(30), 3 * DAY)
    assert figures("1030", known=3 * DAY, runs=runs).projected(NOVEMBER) == Money.of(1800)


def test_a_cluster_that_was_hardly_seen_counts_as_what_it_cost():
    runs = (Money.of(1000), 20 * DAY), (Money.of(7), HOUR)
    assert figures("1007", known=HOUR, runs=runs).projected(NOVEMBER) == Money.of(1507)


def test_a_projection_is_told_as_one():
    year = Year(budget("1000", threshold(100, PROJECTED)))
    assert year.spend("700") == [  # 700 in 20 of 30 days
        "cluster=prod,namespace=search is on course to cost $1,050.00: 105% of $1,000.00"
        " for the month"
    ]


def test_a_projected_threshold_that_was_really_passed_is_only_marked():
    year = Year(
        budget("1000", threshold(100), threshold(90, PROJECTED), threshold(160, PROJECTED))
    )
    assert len(year.spend("1000")) == 1  # projected 1,500
    assert year.state is not None
    assert year.state.fired == {"actual:100", "projected:90"}
    assert len(year.spend("1070")) == 1  # projected 1,605


def test_a_projection_recovers_below_95_percent_of_its_threshold_and_does_not_wobble():
    year = Year(budget("1500", threshold(100, PROJECTED)))
    year.spend("1000")  # 1,500
    assert year.spend("950") == []  # 1,425 is 95%
    assert year.spend("949") == [
        "cluster=prod,namespace=search is on course to stay below 100% of $1,500.00 for the month"
        " ($1,423.50 projected)"
    ]


def test_nothing_spent_projects_to_nothing_and_can_recover():
    year = Year(budget("1000", threshold(100, PROJECTED)))
    year.spend("700")
    assert len(year.spend("0")) == 1


# --- blind is not zero ---------------------------------------------------------------------


def test_unknown_hours_are_said_and_not_counted_as_nothing():
    [alert] = Year(budget()).check(figures("800", known=19 * DAY)).alerts
    assert "24 h of the window are unknown and not counted." in alert.comparison


def test_estimated_figures_say_so():
    [alert] = Year(budget()).check(figures("800", quality=Quality.ESTIMATED)).alerts
    assert alert.comparison.endswith("The figures are estimated.")


def test_data_older_than_the_window_breaks_nothing():
    old = figures("0", as_of=NOVEMBER.start - HOUR, known=timedelta(0))
    assert old.unknown_hours(NOVEMBER) == 0
    assert Year(budget()).check(old).alerts == ()


def test_an_alert_compares_with_an_even_pace():
    [alert] = Year(budget("1200")).check(figures("1100")).alerts
    assert alert.comparison.startswith(
        "Metered $1,100.00 against $800.00 expected by now at an even pace."
        " Projected $1,650.00 by 2026-12-01 (run rate)."
    )


# --- a forecast instead of the run rate ----------------------------------------------------

QUIETER = Outlook((DAY_20 - DAY).date(), tuple(Money.of(10) for _ in range(10)))


def test_a_forecast_is_projected_where_there_is_one_and_named():
    seen = figures("800", outlook=QUIETER)
    [alert] = Year(budget()).check(seen).alerts
    # 800 and ten days of 10; the run rate would be 800 x 30/20 = 1,200
    assert seen.projected(NOVEMBER) == Money.of(900)
    assert "Projected $900.00 by 2026-12-01 (forecast of 2026-11-20)." in alert.comparison
    assert Year(budget("1000", threshold(100, PROJECTED))).check(seen).alerts == ()


def test_an_alert_says_between_what_the_forecast_lies():
    sure = replace(QUIETER, below=Money.of(40), above=Money.of(60))
    [alert] = Year(budget()).check(figures("800", outlook=sure)).alerts
    between = "(forecast of 2026-11-20, 80% between $860.00 and $960.00)."
    assert f"Projected $900.00 by 2026-12-01 {between}" in alert.comparison


def test_a_day_that_has_begun_counts_with_the_part_that_is_left():
    noon = figures("800", as_of=DAY_20 + 12 * HOUR, outlook=QUIETER)
    assert noon.projected(NOVEMBER) == Money.of(895)  # half a day of 10, and nine days


def test_a_forecast_that_ends_before_the_window_gives_way_to_the_run_rate():
    year = Window(NOVEMBER.start, NOVEMBER.start + 60 * DAY)
    seen = figures("800", outlook=QUIETER)
    assert seen.projection(year) == Projection(Money.of(2400), "run rate")  # 800 x 60/20


def test_a_forecast_that_begins_after_what_is_known_gives_way_to_the_run_rate():
    behind = figures("800", as_of=DAY_20 - DAY, known=19 * DAY, outlook=QUIETER)
    found = behind.projection(NOVEMBER)
    assert found is not None
    assert found.source == "run rate"


# --- windows that ended --------------------------------------------------------------------


def test_the_last_hour_of_a_month_is_told_after_it_and_projects_nothing():
    year = Year(budget("1000", threshold(100), threshold(100, PROJECTED)))
    after = NOVEMBER.end + HOUR
    found = year.check(figures("1000", as_of=NOVEMBER.end, known=29 * DAY), after)
    assert [alert.severity for alert in found.alerts] == [Severity.WARNING]
    assert found.state.projected is None


def test_a_window_that_ended_keeps_the_limit_that_it_ended_with():
    year = Year(budget("1000"))
    year.spend("700")
    year.budget = budget("500")
    assert year.spend("700", NOVEMBER.end + HOUR) == []


# --- any history ---------------------------------------------------------------------------

steps = st.lists(
    st.tuples(st.integers(0, 2_000), st.sampled_from(["1000", "1000", "1000", "700"])), max_size=30
)
ALL = (*(threshold(p) for p in (50, 80, 100)), *(threshold(p, PROJECTED) for p in (80, 120)))


@for_all(steps=steps)
def test_nothing_is_told_twice_in_one_epoch_whatever_happens(steps):
    year, ids, tellings = Year(budget()), list[str](), list[tuple[int, str]]()
    epoch = 1
    for spent, limit in steps:
        was = year.state
        year.budget = budget(limit, *ALL)
        found = year.check(figures(str(spent)))
        fired_before = was.fired if was and was.epoch == found.state.epoch else frozenset()
        for basis in (ACTUAL, PROJECTED):
            crossings = [
                alert
                for alert in found.alerts
                if alert.kind == "budget.threshold"
                and ("on course" in alert.title) == (basis is PROJECTED)
            ]
            assert len(crossings) <= 1  # a jump tells the highest only
        recovered = any(alert.kind == "budget.recovered" for alert in found.alerts)
        limit_changed = was is not None and was.limit != year.budget.limit
        assert found.state.epoch == epoch + recovered + limit_changed
        epoch = found.state.epoch
        assert fired_before <= found.state.fired
        assert found.state.version == (was.version + 1 if was else 1)
        ids += [alert.id for alert in found.alerts]
        tellings += [(epoch, key) for key in found.state.fired - fired_before]
    assert len(ids) == len(set(ids))


@for_all(steps=steps)
def test_the_same_figures_twice_tell_nothing_new(steps):
    year = Year(budget("1000", *ALL))
    for spent, _ in steps:
        year.check(figures(str(spent)))
        assert year.check(figures(str(spent))).alerts == ()


# --- what a budget may say -----------------------------------------------------------------


def test_a_whole_organisation_is_billed_and_anything_inside_a_cluster_is_metered():
    assert Budget(id="all", scope="org=acme", limit="1", owner="ana").book is Book.BILLED
    assert budget().book is Book.METERED


def test_by_default_80_percent_warns_and_100_is_critical():
    made = Budget(id="all", scope="org=acme", limit="1", owner="ana").thresholds
    assert [(each.key, each.severity) for each in made] == [
        ("reported:80", Severity.WARNING),
        ("reported:100", Severity.CRITICAL),
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"limit": "0"}, "limit must be above 0"),
        ({"limit": "-5"}, "limit must be above 0"),
        ({"time_zone": "Europe/Nowhere"}, "is not a time zone"),
        ({"time_zone": "../../etc/passwd"}, "is not a time zone"),
        ({"thresholds": (threshold(80), threshold(80))}, "same basis and percent"),
        ({"thresholds": (threshold(80, ThresholdBasis.REPORTED),)}, "it has no reported figure"),
        ({"scope": "org=acme", "thresholds": (threshold(80),)}, "it has no actual figure"),
        ({"id": "Search"}, "pattern"),
        ({"first_month": 13}, "less than or equal to 12"),
        ({"link": "http://plain"}, "pattern"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_a_budget_that_cannot_be_checked_is_refused(changes, said):
    with pytest.raises(ValidationError, match=said):
        budget(**changes)


def test_ages_are_told_in_the_unit_that_people_use():
    now = DAY_20
    ages = [age(now - timedelta(minutes=m), now) for m in (0, 119, 120, 47 * 60 + 59, 48 * 60)]
    assert ages == ["0 min", "119 min", "2 h", "47 h", "2 days"]
    assert (age(None, now), age(now + HOUR, now)) == ("unknown", "0 min")
