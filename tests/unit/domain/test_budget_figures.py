"""What a budget's scope has cost, from closed hours or from the bill."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from bursar.domain.budget_figures import Part, billed, metered, parts_of, whole_days
from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.hours import Category, HourCosts, RowKey
from bursar.domain.money import Money
from bursar.domain.periods import DAY, HOUR, Period, Window, day_of, hours, window_of
from bursar.domain.quality import Quality
from bursar.domain.scopes import Dimension, Scope
from bursar.domain.spend import Metric, SpendFact

UTC_ZONE = ZoneInfo("UTC")
NOVEMBER = window_of(Period.MONTH, datetime(2026, 11, 20, tzinfo=UTC), UTC_ZONE)
PROD = {Dimension.ORG: "acme", Dimension.ACCOUNT: "1", Dimension.CLUSTER: "prod"}
DEV = {**PROD, Dimension.CLUSTER: "dev"}
SEARCH, ADS = RowKey("search", "web", "llama"), RowKey("ads", "web", "qwen")


def closed(
    window: Window,
    *,
    quality: Quality = Quality.FINAL,
    known: int | None = None,
    as_of: datetime | None = None,
    **usd: str,
) -> HourCosts:
    known = int(window.length.total_seconds()) if known is None else known
    rows = {key: {Category.CPU: Money.of(usd[key.namespace])} for key in (SEARCH, ADS)
            if key.namespace in usd}  # fmt: skip
    at = int((as_of or window.end).timestamp())
    return HourCosts("prod", window, quality, known, Basis.RESIDUAL, rows, as_of=at)


def day(number: int, **others) -> Part:
    return Part(closed(day_of(datetime(2026, 11, number, tzinfo=UTC)), **others))


def test_a_scope_takes_the_rows_it_covers():
    parts = [day(1, search="3", ads="5"), day(2, search="4")]
    taken = {
        scope: metered(Scope.parse(scope), [(PROD, parts)]).spent
        for scope in ("cluster=prod", "namespace=search", "model=qwen", "cluster=dev")
    }
    assert taken == {
        "cluster=prod": Money.of(12),
        "namespace=search": Money.of(7),
        "model=qwen": Money.of(5),
        "cluster=dev": Money.zero(),
    }


def test_the_dearest_workloads_are_the_drivers():
    figures = metered(Scope.parse("cluster=prod"), [(PROD, [day(1, search="3", ads="5")])])
    assert [(each.name, each.amount) for each in figures.drivers] == [
        ("ads/web", Money.of(5)),
        ("search/web", Money.of(3)),
    ]


def test_nothing_seen_is_no_figure_and_not_nothing():
    scope = Scope.parse("namespace=search")
    blind = day(1, quality=Quality.UNKNOWN, known=0, as_of=NOVEMBER.start - HOUR)
    assert metered(scope, []) is None
    assert metered(scope, [(PROD, [])]) is None
    assert metered(scope, [(PROD, [blind])]) is None


def test_an_unknown_day_makes_the_figures_estimated_and_its_hours_unknown():
    blind = day(2, quality=Quality.UNKNOWN, known=0)
    figures = metered(Scope.parse("cluster=prod"), [(PROD, [day(1, ads="5"), blind])])
    assert (figures.spent, figures.quality) == (Money.of(5), Quality.ESTIMATED)
    assert (figures.known, figures.as_of) == (DAY, NOVEMBER.start + DAY)


def test_a_cluster_that_was_never_closed_makes_the_figures_estimated():
    scope = Scope.parse("namespace=search")
    figures = metered(scope, [(PROD, [day(1, search="3")]), (DEV, [])])
    assert (figures.quality, figures.unknown_hours(NOVEMBER)) == (Quality.ESTIMATED, 24)


def test_each_cluster_is_projected_by_its_own_time():
    scope = Scope.parse("namespace=search")
    three = [day(n, search="10") for n in (1, 2, 3)]  # 30 in 3 days of 30
    fifteen = [day(n, search="1") for n in range(1, 16)]  # 15 in 15 days of 30
    figures = metered(scope, [(PROD, three), (DEV, fifteen)])
    assert figures.projected(NOVEMBER) == Money.of(300 + 30)


def test_a_window_is_made_of_whole_utc_days_and_hours_at_its_edges():
    # a Berlin November: 31 October 23:00 to 30 November 23:00 UTC
    berlin = window_of(Period.MONTH, NOVEMBER.start + DAY, ZoneInfo("Europe/Berlin"))
    assert whole_days(berlin) == Window(NOVEMBER.start, NOVEMBER.end - DAY)
    asked: dict[str, list[Window]] = {"days": [], "hours": []}

    def days_of(span: Window):
        asked["days"].append(span)
        return []

    def hours_of(span: Window):
        asked["hours"].append(span)
        return [closed(each, search="1") for each in hours(span)]

    parts = parts_of(berlin, days_of, hours_of)
    assert asked["days"] == [Window(NOVEMBER.start, NOVEMBER.end - DAY)]
    assert [span.length // HOUR for span in asked["hours"]] == [1, 23]
    assert sum(part.share for part in parts) == 24


def test_a_month_of_utc_asks_for_no_hours():
    parts = parts_of(NOVEMBER, lambda _: [closed(day_of(NOVEMBER.start))], lambda _: 1 / 0)
    assert [part.share for part in parts] == [1]


def test_kolkata_cuts_an_hour_in_two_and_each_day_gets_its_half():
    start = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
    today = Window(start, start + DAY)
    yesterday = Window(start - DAY, start)
    shared = Window(start - HOUR / 2, start + HOUR / 2)

    def hours_of(span: Window):
        return [closed(each, search="1") for each in hours(span)]

    assert whole_days(today) is None
    spent = []
    for window in (yesterday, today):
        parts = parts_of(window, lambda _: [], hours_of)
        assert [p.share for p in parts if p.costs.window == shared] == [Fraction(1, 2)]
        spent.append(metered(Scope.parse("cluster=prod"), [(PROD, parts)]).spent)
    assert spent == [Money.of(24), Money.of(24)]


# --- the bill ------------------------------------------------------------------------------


def fact(day: date, amount: str, group: str = "total", *, estimated: bool = False) -> SpendFact:
    return SpendFact(
        account="1",
        metric=Metric.UNBLENDED,
        day=day,
        group=group,
        amount=Money.of(amount),
        estimated=estimated,
        as_of=datetime(2026, 11, 20, tzinfo=UTC),
    )


ORG = Scope.parse("org=acme")
FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 2)


def test_an_organisation_is_what_its_bill_totals():
    facts = [fact(FIRST, "10"), fact(SECOND, "20"), fact(SECOND, "20", "service=Amazon S3")]
    figures = billed(ORG, facts, NOVEMBER)
    assert (figures.spent, figures.quality) == (Money.of(30), Quality.FINAL)
    assert (figures.known, figures.as_of) == (2 * DAY, NOVEMBER.start + 2 * DAY)
    assert [(each.name, each.amount) for each in figures.drivers] == [("Amazon S3", Money.of(20))]


def test_an_account_is_its_own_part_of_the_bill():
    facts = [fact(FIRST, "10"), fact(FIRST, "7", "account=222233334444")]
    figures = billed(Scope.parse("account=222233334444"), facts, NOVEMBER)
    assert (figures.spent, figures.drivers) == (Money.of(7), ())


def test_an_estimated_day_makes_the_bill_estimated():
    facts = [fact(FIRST, "10"), fact(SECOND, "20", estimated=True)]
    assert billed(ORG, facts, NOVEMBER).quality is Quality.ESTIMATED


def test_a_day_that_is_missing_from_the_bill_is_unknown():
    figures = billed(ORG, [fact(FIRST, "10"), fact(date(2026, 11, 3), "20")], NOVEMBER)
    assert figures.unknown_hours(NOVEMBER) == 24
    assert figures.projected(NOVEMBER) == Money.of(30 * 15)  # 30 in 2 days of 30


@pytest.mark.parametrize("facts", [[], [fact(FIRST, "5", "account=9")]])
def test_a_bill_that_says_nothing_of_the_scope_is_no_figure(facts):
    assert billed(ORG, facts, NOVEMBER) is None


def test_a_bills_day_that_two_months_share_is_divided_by_time_and_not_counted_twice():
    # Berlin's November begins at 23:00 UTC on 31 October: one of that day's 24 hours is its own
    berlin = ZoneInfo("Europe/Berlin")
    shared = fact(date(2026, 10, 31), "24")
    inside = fact(FIRST, "100")
    november = window_of(Period.MONTH, NOVEMBER.start + DAY, berlin)
    october = window_of(Period.MONTH, NOVEMBER.start - DAY, berlin)
    now = billed(ORG, [shared, inside], november)
    assert (now.spent, now.quality) == (Money.of(101), Quality.ESTIMATED)
    assert now.known == 25 * HOUR
    assert billed(ORG, [shared], october).spent == Money.of(23)
    assert now.unknown_hours(november) == 0
