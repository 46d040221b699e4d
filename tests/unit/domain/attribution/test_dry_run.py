"""A dry run shows what rules would move, and changes no total."""

from __future__ import annotations

from fractions import Fraction

from bursar.domain.attribution.dry_run import Change, compare, label_coverage
from bursar.domain.attribution.rules import Owner
from bursar.domain.money import Money
from tests.unit.domain.attribution.sample_hour import attributed, costs, gpu, policy

ROWS = costs({**gpu("web", "10", labels=(("team", "search"),)), **gpu("db", "30")})


def test_a_dry_run_shows_rules_teams_and_what_stays_nobodys() -> None:
    proposed = policy(
        {"kind": "direct", "by": "label:team"},
        {"kind": "fixed", "shares": {"team=ops": "0.5"}},
    )
    now = attributed({}, ROWS).statement
    found = compare([now], [attributed({}, ROWS, by=proposed)], [ROWS], proposed)
    assert [(each.name, each.to) for each in found.rules] == [
        ("rule 1", {Owner(team="search"): Money.of(10)}),
        ("rule 2", {Owner(team="ops"): Money.of(15)}),
    ]
    assert found.teams == (
        Change("", Money.of(40), Money.of(15)),
        Change("ops", Money.zero(), Money.of(15)),
        Change("search", Money.zero(), Money.of(10)),
    )
    assert found.residual == Change("nobody", Money.of(40), Money.of(15))
    assert found.total_before == found.total_after == Money.of(40)
    assert found.label_coverage == Fraction(10, 40)


def test_where_no_pod_cost_anything_there_is_no_coverage() -> None:
    assert label_coverage([], ["team"]) is None
