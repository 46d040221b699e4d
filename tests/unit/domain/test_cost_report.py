"""A month's report: parts that sum to the whole, gaps that are not zero, one run rate."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.hours import Category, HourCosts, RowKey
from bursar.domain.cluster.unowned import CONTROL_PLANE, IDLE, NETWORK, SHARED, UNALLOCATED
from bursar.domain.cost_report import CostReport, DayState, Parts, build_report
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, Window, day_of, month_of
from bursar.domain.quality import Quality

NOW = datetime(2026, 11, 11, tzinfo=UTC) + timedelta(minutes=40)  # ten whole days of thirty
SEARCH = RowKey("search", "llama", "llama-70b")


def day(number: int, usd: str = "240", *, hours: int = 24, cluster: str = "prod") -> HourCosts:
    return priced(number, {SEARCH: {Category.GPU: Money.of(usd)}}, hours=hours, cluster=cluster)


def priced(
    number: int,
    rows: dict[RowKey, dict[Category, Money]],
    *,
    hours: int = 24,
    cluster: str = "prod",
) -> HourCosts:
    window = day_of(datetime(2026, 11, number, tzinfo=UTC))
    return HourCosts(
        cluster=cluster,
        window=window,
        quality=Quality.FINAL if hours == 24 else Quality.ESTIMATED,
        known_seconds=hours * 3600,
        basis=Basis.RESIDUAL,
        rows=rows,
        as_of=int((window.start + hours * HOUR).timestamp()),
    )


def report_of(*days: HourCosts, **more) -> CostReport:
    return build_report("acme", NOW, {"prod": days}, **more)


def test_every_amount_is_in_one_part_and_the_parts_sum_to_the_total() -> None:
    rows = {
        SEARCH: {
            Category.GPU: Money.of("100.10"),
            Category.CPU: Money.of("20.01"),
            Category.STORAGE: Money.of("3"),
            Category.LOAD_BALANCERS: Money.of("0.60"),
        },
        RowKey(IDLE): {Category.GPU: Money.of("30"), Category.MEMORY: Money.of("1")},
        RowKey(SHARED): {Category.CPU: Money.of("7")},
        RowKey(CONTROL_PLANE): {Category.CONTROL_PLANE: Money.of("2.40")},
        RowKey(NETWORK): {Category.NETWORK: Money.of("0.12")},
        RowKey(UNALLOCATED, "__released__", UNALLOCATED): {Category.STORAGE: Money.of("5")},
    }
    report = report_of(priced(1, rows))
    assert report.parts == Parts(
        allocated=Money.of("120.11"),  # 100.10 + 20.01
        idle=Money.of("31"),
        shared=Money.of("7"),
        storage=Money.of("8"),  # 3 + 5 that is released and nobody's
        load_balancers=Money.of("0.60"),
        control_plane=Money.of("2.40"),
        network=Money.of("0.12"),
    )
    assert report.total == Money.of("169.23") == Money.sum(report.by_category.values())
    apart = report.parts.idle + report.parts.shared + Money.of("2.40") + Money.of("0.12")
    assert report.namespaces.total == report.models.total == report.total - apart
    assert report.idle_by_category == {Category.GPU: Money.of(30), Category.MEMORY: Money.of(1)}


def test_idle_is_a_share_of_compute_not_of_everything() -> None:
    rows = {
        SEARCH: {Category.GPU: Money.of(75), Category.STORAGE: Money.of(900)},
        RowKey(IDLE): {Category.GPU: Money.of(25)},
    }
    share = report_of(priced(1, rows)).parts.idle_share
    assert share is not None
    assert float(share) == 0.25  # 25 of 75 + 25


def test_ten_whole_days_of_thirty_project_to_three_times_their_cost() -> None:
    report = report_of(*(day(number) for number in range(1, 11)))
    assert report.total == Money.of(2400)  # 10 x 240
    assert report.projected == Money.of(7200)
    assert report.unknown_seconds == 0
    assert report.quality is Quality.FINAL


def test_an_unseen_day_is_a_gap_and_its_estimate_carries_the_last_known_rate() -> None:
    report = report_of(*(day(n, "480" if n == 4 else "240") for n in range(1, 11) if n != 5))
    [gap] = [each for each in report.days if each.day == date(2026, 11, 5)]
    assert (gap.state, gap.parts, gap.gaps) == (DayState.UNKNOWN, None, ("prod",))
    assert report.total == Money.of(2400)  # 8 x 240 + 480: the gap adds nothing
    assert report.unknown_seconds == 86400
    assert report.carried.amount == Money.of(480)  # day 4 again
    assert report.projected == Money.of(8640)  # (2,400 + 480) x 30 / 10
    assert report.quality is Quality.ESTIMATED


def test_a_partly_known_day_carries_its_own_rate() -> None:
    report = report_of(*(day(n) for n in range(1, 10)), day(10, "54", hours=9))
    [partial] = [each for each in report.days if each.day == date(2026, 11, 10)]
    assert partial.state is DayState.PARTIAL
    assert partial.unknown_seconds == 15 * 3600
    assert report.carried.amount == Money.of(90)  # 54 in 9 h is 6 an hour, for 15 h


def test_time_before_anything_was_seen_is_not_estimated() -> None:
    report = report_of(*(day(n) for n in range(4, 11)))
    assert report.carried.seconds == 0
    assert report.carried.uncovered_seconds == 3 * 86400
    assert report.projected == Money.of(7200)  # 7 x 240 in 7 days seen, x 30 / 7


def test_the_month_before_lends_its_rate_and_no_amount() -> None:
    october = HourCosts(
        cluster="prod",
        window=day_of(datetime(2026, 10, 31, tzinfo=UTC)),
        quality=Quality.FINAL,
        known_seconds=86400,
        basis=Basis.RESIDUAL,
        rows={SEARCH: {Category.GPU: Money.of(120)}},
    )
    report = report_of(october, *(day(n) for n in range(2, 11)))
    assert report.total == Money.of(2160)  # 9 x 240
    assert report.carried.amount == Money.of(120)
    assert [each.parts is None for each in report.days[-11:-9]] == [False, True]


def test_today_is_not_a_gap_while_its_hours_cannot_be_closed_yet() -> None:
    noon = datetime(2026, 11, 10, 12, 20, tzinfo=UTC)  # the hour to 12:00 closes at about 12:11
    known = [day(n) for n in range(1, 10)]
    early = build_report("acme", noon, {"prod": [*known, day(10, "110", hours=11)]})
    assert early.days[-1].state is DayState.SO_FAR
    assert early.unknown_seconds == 0
    late = build_report("acme", noon + HOUR / 2, {"prod": [*known, day(10, "110", hours=11)]})
    assert late.days[-1].state is DayState.PARTIAL
    assert late.unknown_seconds == 3600


def test_a_day_that_one_cluster_did_not_see_is_partial_and_names_it() -> None:
    both = [day(n) for n in range(1, 11)]
    report = build_report(
        "acme",
        NOW,
        {"prod": both, "lab": [day(n, "24", cluster="lab") for n in range(1, 11) if n != 3]},
    )
    [third] = [each for each in report.days if each.day == date(2026, 11, 3)]
    assert (third.state, third.gaps) == (DayState.PARTIAL, ("lab",))
    assert third.parts is not None
    assert third.parts.total == Money.of(240)


def test_a_cluster_that_nobody_saw_has_no_figure_and_neither_has_the_projection() -> None:
    report = build_report("acme", NOW, {"prod": [day(n) for n in range(1, 11)], "dark": []})
    prod, dark = report.clusters
    assert dark.is_blind
    assert (dark.projected, dark.as_of, dark.quality) == (None, None, Quality.UNKNOWN)
    assert prod.projected == Money.of(7200)
    assert report.projected is None
    assert not report.is_blind
    assert report.quality is Quality.ESTIMATED
    assert report.days[-1].state is DayState.PARTIAL


def test_nothing_known_at_all_is_unknown_not_zero() -> None:
    report = report_of()
    assert report.is_blind
    assert report.quality is Quality.UNKNOWN
    assert {each.state for each in report.days} == {DayState.UNKNOWN}
    assert len(report.days) == 59  # sixty with today, of which no hour could be known yet


def test_too_little_of_a_month_has_no_run_rate() -> None:
    second = datetime(2026, 11, 2, 2, 40, tzinfo=UTC)  # 24 h of 720 are 3.3%, under 5%
    report = build_report("acme", second, {"prod": [day(1)]})
    assert report.projected is None


def test_the_dearest_twelve_are_named_the_rest_is_one_and_the_unallocated_last() -> None:
    rows = {
        RowKey(f"team-{n:02}", "job", UNALLOCATED if n == 0 else f"model-{n:02}"): {
            Category.GPU: Money.of(100 + n)
        }
        for n in range(16)
    }
    models = report_of(priced(1, rows)).models
    assert [line.name for line in models.top] == [f"model-{n:02}" for n in range(15, 3, -1)]
    assert models.rest is not None
    assert (models.rest.name, models.rest.total) == ("3 more", Money.of(306))  # 101 + 102 + 103
    assert models.lines[-1].name == UNALLOCATED
    assert models.total == Money.of(1720)  # 16 x 100 + (0 + 1 + ... + 15)
    assert models.unallocated_share is not None
    assert float(models.unallocated_share) == 100 / 1720


def test_a_namespace_belongs_to_its_cluster_and_a_model_to_all() -> None:
    report = build_report(
        "acme",
        NOW,
        {"prod": [day(1, "10")], "lab": [day(1, "4", cluster="lab")]},
    )
    assert [(line.name, line.cluster) for line in report.namespaces.top] == [
        ("search", "prod"),
        ("search", "lab"),
    ]
    assert [(line.name, line.total) for line in report.models.top] == [("llama-70b", Money.of(14))]


def test_a_month_that_is_over_is_charted_to_its_end_and_comes_to_what_it_cost() -> None:
    month = month_of(datetime(2026, 11, 5, tzinfo=UTC))
    report = build_report(
        "acme",
        datetime(2026, 12, 24, tzinfo=UTC),
        {"prod": [day(n) for n in range(1, 31)]},
        month=month,
    )
    assert report.days[-1].day == date(2026, 11, 30)
    assert len(report.days) == 60
    assert report.projected == report.total == Money.of(7200)
    assert report.month == Window(
        datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    )
