"""What a budget's scope has cost by the ledger's statements: hours, days, and cut hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from bursar.domain.ledger.budget_figures import StatedPart, stated, stated_parts
from bursar.domain.ledger.lines import IDLE, Statement
from bursar.domain.money import Money
from bursar.domain.periods import DAY, HOUR, Period, Window, day_of, hour_of, window_of
from bursar.domain.quality import Quality
from bursar.domain.scopes import Dimension, Scope
from tests.unit.domain.sample_statements import NOVEMBER, bought, hour_at, pods

ACME = {Dimension.ORG: "acme", Dimension.ACCOUNT: "1"}
LINES = (
    pods("search", "4", team="web", model="llama"),
    pods(IDLE, "1", model="llama"),
    bought("search", "2", team="web", feature="chat"),
    bought("ads", "0.5", team="sales", feature="chat"),
)


def whole(*statements: Statement) -> list[StatedPart]:
    return [StatedPart(each) for each in statements]


def spent(scope: str, *parts: StatedPart) -> Money | None:
    found = stated(Scope.parse(scope), ACME, parts or whole(hour_at(NOVEMBER, *LINES)))
    return found.spent if found else None


@pytest.mark.parametrize(
    ("scope", "usd"),
    [
        ("tenant=search", "6"),  # 4 + 2
        ("team=sales", "0.5"),
        ("model=llama", "5"),  # with the 1 that lay idle
        ("feature=chat", "2.5"),
        ("feature=chat,tenant=ads", "0.5"),
        ("provider=aws,team=web", "2"),
        ("cluster=prod", "5"),
        ("org=acme", "7.5"),
        ("org=globex", "0"),
        ("tenant=nobody", "0"),
    ],
)
def test_a_scope_costs_what_its_lines_sum_to(scope: str, usd: str) -> None:
    assert spent(scope) == Money.of(usd)


@pytest.mark.parametrize("spelled", ["aws", "bedrock", "AWS"])
def test_a_providers_budget_counts_all_of_its_lines_however_they_were_booked(spelled: str) -> None:
    hour = hour_at(
        NOVEMBER,
        bought("search", "2"),
        bought("search", "1", provider="bedrock"),
        bought("ads", "0.5", provider="AWS"),
        bought("ads", "9", provider="openai"),
    )
    assert spent(f"provider={spelled}", *whole(hour)) == Money.of("3.5")  # 2 + 1 + 0.5


def test_what_was_never_stated_is_unknown_and_not_zero() -> None:
    assert stated(Scope.parse("tenant=search"), ACME, []) is None
    blind = hour_at(NOVEMBER, quality=Quality.UNKNOWN)
    assert stated(Scope.parse("tenant=search"), ACME, whole(blind)) is None


def test_an_unknown_hour_is_not_seen_and_makes_the_sum_an_estimate() -> None:
    later = NOVEMBER + HOUR
    good = hour_at(NOVEMBER, *LINES, as_of=int(later.timestamp()))
    blind = hour_at(later, quality=Quality.UNKNOWN, as_of=int((later + DAY).timestamp()))
    figures = stated(Scope.parse("tenant=search"), ACME, whole(good, blind))
    assert figures is not None
    assert (figures.spent, figures.known, figures.as_of) == (Money.of(6), HOUR, later)
    assert figures.quality is Quality.ESTIMATED
    assert figures.unknown_hours(Window(NOVEMBER, later)) == 0


def test_drivers_are_named_by_model_and_whose_it_is_else_by_place() -> None:
    figures = stated(
        Scope.parse("org=acme"), ACME, whole(hour_at(NOVEMBER, *LINES, pods("ads", "3")))
    )
    assert figures is not None
    named = {driver.name: driver.amount for driver in figures.drivers}
    assert named["llama (search)"] == Money.of(4)
    assert named["serving/gpu_compute"] == Money.of(3)


def test_of_a_day_that_is_not_over_its_complete_hours_are_known() -> None:
    as_of = int((NOVEMBER + 5 * HOUR + HOUR / 3).timestamp())  # 05:20
    day = Statement(day_of(NOVEMBER), LINES[0], Quality.FINAL, as_of)
    figures = stated(Scope.parse("tenant=search"), ACME, whole(day))
    assert figures is not None
    assert figures.known == 5 * HOUR


class Kept:
    """Statements of 1 USD an hour; what was asked for is remembered."""

    def __init__(self) -> None:
        self.days_asked: list[Window] = []
        self.hours_asked: list[Window] = []

    def days(self, window: Window) -> Sequence[Statement]:
        self.days_asked.append(window)
        count = window.length // DAY
        starts = [window.start + n * DAY for n in range(count)]
        return [
            Statement(day_of(at), pods("search", "24"), Quality.FINAL, int(at.timestamp()))
            for at in starts
        ]

    def hours(self, window: Window) -> Sequence[Statement]:
        self.hours_asked.append(window)
        at, found = hour_of(window.start).start, list[Statement]()
        while at < window.end:
            as_of = int((at + HOUR).timestamp())
            found.append(hour_at(at, pods("search", "1"), as_of=as_of))
            at += HOUR
        return found


def test_a_month_of_utc_is_its_days() -> None:
    kept = Kept()
    month = window_of(Period.MONTH, NOVEMBER, ZoneInfo("UTC"))
    parts = stated_parts(month, kept.days, kept.hours)
    assert (len(parts), kept.hours_asked) == (30, [])
    assert spent("tenant=search", *parts) == Money.of(720)  # 30 x 24


def test_a_zone_of_half_hours_cuts_the_hours_at_both_ends() -> None:
    kept = Kept()
    month = window_of(Period.MONTH, datetime(2026, 11, 20, tzinfo=UTC), ZoneInfo("Asia/Kolkata"))
    parts = stated_parts(month, kept.days, kept.hours)
    # 31 October 18:30 to 30 November 18:30: 5.5 hours, 29 days and 18.5 hours
    assert [part.share for part in parts if part.share != 1] == [Fraction(1, 2)] * 2
    assert len(parts) == 6 + 29 + 19
    assert spent("tenant=search", *parts) == Money.of(720)


def test_a_window_within_a_day_is_its_hours() -> None:
    kept = Kept()
    window = Window(NOVEMBER + HOUR / 2, NOVEMBER + 3 * HOUR)
    parts = stated_parts(window, kept.days, kept.hours)
    assert ([part.share for part in parts], kept.days_asked) == ([Fraction(1, 2), 1, 1], [])
    figures = stated(Scope.parse("tenant=search"), ACME, parts)
    assert figures is not None
    assert (figures.spent, figures.known) == (Money.of("2.5"), 2.5 * HOUR)
