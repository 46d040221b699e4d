"""What a span of days has cost: totals, lines and periods from the same closed hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bursar.adapters.memory.costs import MemoryCostHistory
from bursar.domain.cluster.breakdowns import Breakdown
from bursar.domain.cost_report.timeline import Per
from bursar.domain.money import Money
from bursar.domain.periods import DAY, HOUR, Window, hours, month_of
from bursar.domain.quality import Quality
from bursar.jobs.read_costs import SpanCosts, read_costs
from tests.contract.closed_hours import closed

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 4, 12, 40, tzinfo=UTC)  # hours up to 12:00 can be closed: 84 of them
NOVEMBER = month_of(NOW)
NAMESPACE = Breakdown.parse("namespace")


@pytest.fixture
def history() -> MemoryCostHistory:
    """Two dollars an hour in October's last day and November's first 84 hours but three."""
    history = MemoryCostHistory()
    for hour in hours(Window(FIRST - DAY, datetime(2026, 11, 4, 12, tzinfo=UTC))):
        if not FIRST + DAY <= hour.start < FIRST + DAY + 3 * HOUR:
            history.put_hour(closed("2", hour.start))
    return history


def read(
    history: MemoryCostHistory,
    *clusters: str,
    span: Window = NOVEMBER,
    per: Per | None = None,
    now: datetime = NOW,
) -> SpanCosts:
    names = clusters or ("prod",)
    return read_costs(names, span, by=NAMESPACE, per=per, now=now, history=history)


def test_this_month_so_far_says_what_is_not_known(history):
    shown = read(history)
    assert shown.total == Money.of(162)  # (84 - 3) x 2
    assert (shown.report.known_seconds, shown.report.unknown_seconds) == (81 * 3600, 3 * 3600)
    assert shown.report.quality is Quality.ESTIMATED
    assert [(line.name, line.total) for line in shown.lines] == [("search", shown.total)]


def test_the_run_rate_goes_over_the_months_own_hours(history):
    # 162 known, 3 unknown hours at the last known rate: 168 in 84 hours; 168 / 84 x 720
    assert read(history).run_rate == Money.of(1440)


def test_a_month_that_is_over_has_no_run_rate(history):
    shown = read(history, span=month_of(FIRST - DAY))
    assert (shown.total, shown.run_rate) == (Money.of(48), None)  # 24 x 2
    assert shown.report.unknown_seconds == 30 * 24 * 3600


def test_other_days_are_theirs_alone(history):
    shown = read(history, span=Window(FIRST + DAY, FIRST + 3 * DAY))
    assert shown.total == Money.of(90)  # (48 - 3) x 2
    assert not shown.is_this_month


@pytest.mark.parametrize(
    ("per", "count", "first", "unknown_hours"), [(Per.HOUR, 84, 2, 3), (Per.DAY, 4, 48, 3)]
)
def test_periods_sum_to_the_total_and_gaps_are_among_them(
    history, per, count, first, unknown_hours
):
    shown = read(history, per=per)
    assert (len(shown.periods), shown.periods[0].total) == (count, Money.of(first))
    known = [period.total for period in shown.periods if period.total is not None]
    assert Money.sum(known) == shown.total
    assert sum(period.unknown_seconds for period in shown.periods) == 3600 * unknown_hours
    assert shown.forgotten_seconds == 0


def test_an_hour_that_nobody_saw_has_no_amount(history):
    gap = read(history, per=Per.HOUR).periods[24]  # the first of the three
    assert (gap.total, gap.quality, gap.unknown_seconds) == (None, Quality.UNKNOWN, 3600)


def test_months_are_cut_at_the_ends_of_the_span(history):
    shown = read(history, span=Window(FIRST - DAY, FIRST + DAY), per=Per.MONTH)
    assert [(period.window.start, period.total) for period in shown.periods] == [
        (FIRST - DAY, Money.of(48)),
        (FIRST, Money.of(48)),
    ]


def test_a_second_cluster_that_was_never_seen_makes_everything_estimated(history):
    shown = read(history, "prod", "lost", per=Per.DAY)
    assert (shown.total, shown.report.quality) == (Money.of(162), Quality.ESTIMATED)
    assert shown.run_rate is None
    assert shown.periods[0].unknown_seconds == 24 * 3600  # those of the lost one


def test_nothing_seen_is_unknown_and_not_zero(history):
    shown = read(history, "lost", per=Per.DAY)
    assert (shown.total, shown.lines, shown.run_rate) == (None, (), None)
    assert {period.total for period in shown.periods} == {None}


class Expired(MemoryCostHistory):
    """The days are kept for good; their hours are gone."""

    def hours(self, cluster, window):
        return []


def test_hours_that_have_expired_are_counted():
    history = Expired()
    lasting = MemoryCostHistory()
    for n in range(5):
        lasting.put_hour(closed("2", FIRST + timedelta(hours=n)))
    history.days = lasting.days
    shown = read(history, per=Per.HOUR)
    assert (shown.total, shown.forgotten_seconds) == (Money.of(10), 5 * 3600)
