"""A tenant goes to another team: hours that are stated again keep whose they were."""

from __future__ import annotations

from bursar.domain.attribution.rules import Attribution
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, Window
from bursar.domain.usage.records import TokenCounts
from tests.unit.jobs.stating_guard import NOW, OCTOBER, Guard

TOKENS = TokenCounts(input=10)
BEFORE = Attribution.model_validate({"teams": {"acme": "search"}})
OF_SEARCH = {"name": "acme was search's", "kind": "direct", "by": "tenant"}
DATED = Attribution.model_validate(
    {
        "teams": {"acme": "ads"},
        "rules": [
            OF_SEARCH | {"owners": {"acme": "team=search"}, "until": "2026-11-20T12:00:00Z"}
        ],
    }
)


def by_team(guard: Guard, hour: Window) -> dict[tuple[str, str], str]:
    """USD by team and the month that is corrected."""
    [stated] = guard.statements.hours(hour)
    sums: dict[tuple[str, str], Money] = {}
    for key, line in stated.lines.items():
        name = (key.team, key.adjusts)
        sums[name] = sums.get(name, Money.zero()) + line.usd
    return {name: usd.plain() for name, usd in sums.items()}


def test_a_dated_rule_keeps_the_hours_before_a_change_with_the_team_they_were_of() -> None:
    guard, early = Guard(), Window(NOW.start - HOUR, NOW.start)
    for hour in (early, OCTOBER):
        guard.policy = BEFORE
        guard.run_pods("100", hour)
        guard.serve("acme", TOKENS, hour)
        guard.state(hour)
    guard.close("2026-10")
    guard.policy = DATED
    guard.run_pods("100")
    guard.serve("acme", TOKENS)
    guard.buy("0.01", early)  # told late
    guard.run_pods("100.01", OCTOBER)  # closed again, with what joined late
    guard.ledger.touch(OCTOBER.start, "late machine")
    guard.state()
    assert by_team(guard, early) == {("search", ""): "100.01"}  # not all of it to ads
    # a cent is corrected of October, and not 100 from one team to the other
    assert by_team(guard, NOW) == {("ads", ""): "100", ("search", "2026-10"): "0.01"}


def test_late_usage_of_a_closed_month_is_of_the_team_of_that_month() -> None:
    guard = Guard()
    guard.policy = Attribution.model_validate(
        {
            "teams": {"acme": "ads"},
            "rules": [
                OF_SEARCH | {"owners": {"acme": "team=search"}, "until": "2026-10-01"},
                {
                    "name": "then it was ops'",
                    "kind": "direct",
                    "by": "tenant",
                    "owners": {"acme": "team=ops"},
                    "until": "2026-11-01",
                },
            ],
        }
    )
    guard.buy("8")
    for month, usd in (("2026-09", "3"), ("2026-10", "5")):
        guard.buy(usd, adjusts=month)  # told on 20 November
    guard.run_pods("1")  # served nobody
    guard.state()
    assert by_team(guard, NOW) == {
        ("ads", ""): "8",
        ("search", "2026-09"): "3",
        ("ops", "2026-10"): "5",
        ("", ""): "1",
    }


def test_teams_without_a_date_are_of_every_hour_that_is_stated_again() -> None:
    guard, early = Guard(), Window(NOW.start - HOUR, NOW.start)
    guard.policy = BEFORE
    guard.buy("100", early)
    guard.state(early)
    guard.policy = Attribution.model_validate({"teams": {"acme": "ads"}})
    guard.buy("0.01", early)
    guard.state()
    assert by_team(guard, early) == {("ads", ""): "100.01"}
