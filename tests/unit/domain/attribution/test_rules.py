"""Rules: what each kind takes, in which order, and what nobody bears."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bursar.domain.attribution.rules import Attribution, Owner
from bursar.domain.cluster.hours import Category, RowKey
from bursar.domain.cluster.unowned import CONTROL_PLANE, IDLE, SHARED
from tests.unit.domain.attribution.sample_hour import (
    attributed,
    bought,
    costs,
    gpu,
    policy,
    served,
    sums,
)

TEN = costs(gpu("web", "10"))


def by_owner(leaves, rows, by) -> dict:
    return sums(attributed(leaves, rows, by=by).statement, "tenant", "team")


def test_without_rules_everything_is_in_the_residual_rows() -> None:
    rows = {
        **gpu("web", "10"),
        RowKey(IDLE): {Category.GPU: "3"},
        RowKey(SHARED): {Category.CPU: "2"},
        RowKey(CONTROL_PLANE): {Category.CONTROL_PLANE: "0.1"},
    }
    assert sums(attributed({}, costs(rows)).statement, "tenant") == {
        "__unattributed__": "10",
        "__idle__": "3",
        "__shared__": "2.1",
    }


def test_a_label_names_the_team_and_what_has_none_is_left() -> None:
    rows = {**gpu("web", "10", labels=(("team", "search"),)), **gpu("web", "1")}
    found = by_owner({}, costs(rows), policy({"kind": "direct", "by": "label:team"}))
    assert found == {("", "search"): "10", ("__unattributed__", ""): "1"}


def test_a_label_may_name_the_tenant() -> None:
    rows = gpu("web", "10", labels=(("customer", "acme"),))
    rule = {"kind": "direct", "by": "label:customer", "as": "tenant"}
    found = by_owner({}, costs(rows), policy(rule, teams={"acme": "sales"}))
    assert found == {("acme", "sales"): "10"}


def test_namespaces_map_to_owners_and_those_not_named_are_left() -> None:
    rule = {"kind": "direct", "by": "namespace", "owners": {"web": "tenant=acme,team=search"}}
    found = by_owner({}, costs(gpu("web", "10") | gpu("db", "1")), policy(rule))
    assert found == {("acme", "search"): "10", ("__unattributed__", ""): "1"}


def test_idle_and_shared_rows_are_no_namespaces() -> None:
    rows = {RowKey(IDLE): {Category.GPU: "3"}}
    found = by_owner({}, costs(rows), policy({"kind": "direct", "by": "namespace"}))
    assert found == {("__idle__", ""): "3"}


def test_a_tenant_is_given_its_team_and_keeps_its_tokens() -> None:
    rule = {"kind": "direct", "by": "tenant", "owners": {"acme": "team=sales"}}
    hour = attributed(bought("acme", "3"), by=policy(rule)).statement
    [(key, line)] = hour.lines.items()
    assert (key.team, line.usd.plain(), line.tokens.total) == ("sales", "3", 15)


def test_a_tenants_team_of_a_rule_stands_before_that_of_teams_while_the_rule_holds() -> None:
    """And what later rules give the tenant is that team's, too."""
    shares = {"kind": "fixed", "shares": {"tenant=acme": "1"}}
    before = {"kind": "direct", "by": "tenant", "owners": {"acme": "team=search"}}
    for until, team in (("2026-11-21", "search"), ("2026-11-20", "ads")):
        by = policy({**before, "until": until}, shares, teams={"acme": "ads", "bolt": "web"})
        found = by_owner(bought("acme", "3") | bought("bolt", "1"), TEN, by)
        assert found == {("acme", team): "13", ("bolt", "web"): "1"}


def test_an_amount_is_divided_by_the_tokens_of_the_hour() -> None:
    leaves = bought("acme", "1", (600, 150)) | bought("bolt", "1", (200, 50))
    rule = {"kind": "proportional", "metric": "tokens", "where": {"namespaces": ["web"]}}
    assert by_owner(leaves, TEN, policy(rule)) == {("acme", ""): "8.5", ("bolt", ""): "3.5"}


def test_of_two_rules_that_tell_a_tenants_team_the_first_one_counts() -> None:
    first, second = (
        {"kind": "direct", "by": "tenant", "owners": {"acme": f"team={team}"}}
        for team in ("search", "ads")
    )
    shares = {"kind": "fixed", "shares": {"tenant=acme": "1"}}
    for teams in ({}, {"acme": "search"}, {"acme": "web"}):
        by = policy(first, second, shares, teams=teams)
        assert by_owner(bought("acme", "3"), TEN, by) == {("acme", "search"): "13"}


def test_among_teams_their_tenants_count_together() -> None:
    leaves = bought("a", "0", requests=3) | bought("b", "0", requests=1) | bought("c", "0")
    rule = {"kind": "proportional", "metric": "requests", "among": "team"}
    teams = {"a": "x", "b": "x", "c": "y"}
    assert by_owner(leaves, TEN, policy(rule, teams=teams)) == {("", "x"): "8", ("", "y"): "2"}


def test_each_models_idle_goes_to_those_who_used_that_model() -> None:
    rows = {
        **gpu("s", "6", "llama"),
        **gpu("s", "6", "qwen"),
        RowKey(IDLE): {Category.GPU: "4"},
    }
    leaves = served("acme") | served("bolt", model="qwen")
    rule = {
        "kind": "proportional",
        "metric": "tokens",
        "within": ["model"],
        "where": {"kinds": ["idle"]},
    }
    hour = attributed(leaves, costs(rows), by=policy(rule)).statement
    assert sums(hour, "tenant", "kind") == {
        ("acme", "allocated"): "6",
        ("acme", "idle"): "2",
        ("bolt", "allocated"): "6",
        ("bolt", "idle"): "2",
    }


def test_an_amount_may_follow_the_cost_of_a_category() -> None:
    rows = {
        **gpu("a", "3", labels=(("team", "x"),)),
        **gpu("b", "1", labels=(("team", "y"),)),
        RowKey(SHARED): {Category.CPU: "8"},
    }
    direct = {"kind": "direct", "by": "label:team"}
    rule = {
        "kind": "proportional",
        "metric": "cost",
        "among": "team",
        "used": {"categories": ["gpu_compute"]},
    }
    # 3 + 8 x 3/4, and 1 + 8 x 1/4
    assert by_owner({}, costs(rows), policy(direct, rule)) == {("", "x"): "9", ("", "y"): "3"}


def test_with_nothing_to_divide_by_the_amount_stays() -> None:
    rule = {"kind": "proportional", "metric": "tokens"}
    assert by_owner({}, TEN, policy(rule)) == {("__unattributed__", ""): "10"}


def test_what_fixed_shares_leave_of_one_stays_unattributed() -> None:
    rule = {"kind": "fixed", "shares": {"team=a": "0.5", "team=b": "0.2"}}
    found = by_owner({}, TEN, policy(rule))
    assert found == {("", "a"): "5", ("", "b"): "2", ("__unattributed__", ""): "3"}


def test_the_next_rule_sees_only_what_the_one_before_left() -> None:
    half = {"kind": "fixed", "shares": {"team=a": "0.5"}}
    rest = {"kind": "fixed", "shares": {"team=b": 1}}
    assert by_owner({}, TEN, policy(half, rest)) == {("", "a"): "5", ("", "b"): "5"}
    assert by_owner({}, TEN, policy(rest, half)) == {("", "b"): "10"}


def test_a_rule_is_about_its_categories_alone() -> None:
    rows = {RowKey("web"): {Category.GPU: "6", Category.STORAGE: "4"}}
    rule = {"kind": "fixed", "shares": {"team=a": 1}, "where": {"categories": ["storage"]}}
    assert by_owner({}, costs(rows), policy(rule)) == {
        ("", "a"): "4",
        ("__unattributed__", ""): "6",
    }


@pytest.mark.parametrize(
    ("dates", "holds"),
    [
        ({"from": "2026-11-20T12:00:00Z"}, True),
        ({"from": "2026-11-20T13:00:00Z"}, False),
        ({"from": "2026-11-20", "until": "2026-11-21"}, True),  # UTC days
        ({"until": "2026-11-20"}, False),
        ({"until": "2026-11-20T12:00:00Z"}, False),
        ({"from": "2026-11-01T00:00:00Z", "until": "2026-12-01T00:00:00Z"}, True),
    ],
)
def test_a_rule_holds_from_its_first_instant_until_its_last(dates, holds) -> None:
    rule = {"kind": "fixed", "shares": {"team=a": 1}, **dates}
    assert (("", "a") in by_owner({}, TEN, policy(rule))) is holds


def test_activities_charge_counts_times_rates() -> None:
    leaves = bought("acme", "0", requests=1500) | bought("bolt", "0", requests=500)
    driver = {"name": "requests", "metric": "requests", "usd": "2", "units": 1000}
    rule = {"kind": "activity", "drivers": [driver]}
    # 1.5 x 2 and 0.5 x 2, out of 10
    assert by_owner(leaves, TEN, policy(rule)) == {
        ("acme", ""): "3",
        ("bolt", ""): "1",
        ("__unattributed__", ""): "6",
    }


def test_a_count_given_for_a_month_is_borne_hour_by_hour() -> None:
    driver = {"name": "tickets", "counts": {"team=a": 360}, "usd": "4", "per": "month"}
    found = by_owner({}, TEN, policy({"kind": "activity", "drivers": [driver]}))
    # November has 720 hours: half a ticket an hour
    assert found == {("", "a"): "2", ("__unattributed__", ""): "8"}


def test_charges_beyond_what_is_there_are_scaled_and_what_was_not_covered_is_told() -> None:
    driver = {"name": "seats", "counts": {"team=a": 3, "team=b": 2}, "usd": "4", "per": "hour"}
    hour = attributed({}, TEN, by=policy({"kind": "activity", "drivers": [driver]}))
    assert sums(hour.statement, "team") == {"a": "6", "b": "4"}
    assert hour.uncovered == {"rule 1": 10 * 10**12}  # 12 + 8 were charged, 10 were there


def test_it_is_known_what_each_rule_gave_to_whom() -> None:
    rules = policy(
        {"kind": "fixed", "shares": {"team=a": "0.5"}},
        {"kind": "fixed", "shares": {"tenant=acme": "1"}},
        teams={"acme": "sales"},
    )
    assert attributed({}, TEN, by=rules).moved == {
        "rule 1": {Owner(team="a"): 5 * 10**12},
        "rule 2": {Owner("acme", "sales"): 5 * 10**12},
    }


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"kind": "fixed", "shares": {"team=a": "0.7", "team=b": "0.4"}}, "gives away 1.1"),
        ({"kind": "fixed", "shares": {"team=a": "-0.1"}}, "greater than 0"),
        ({"kind": "fixed", "shares": {"team=a": "NaN"}}, "finite number"),
        ({"kind": "fixed", "shares": {"model=a": "1"}}, "is no owner"),
        (
            {"kind": "fixed", "shares": {"tenant=a,team=b": "0.6", "team=b,tenant=a": "0.3"}},
            "shares\n.*one owner stands twice: tenant=a,team=b",
        ),
        (
            {
                "kind": "activity",
                "drivers": [
                    {
                        "name": "tickets",
                        "usd": "1",
                        "counts": {"tenant=a,team=b": 6, "team=b,tenant=a": 3},
                    }
                ],
            },
            "counts\n.*one owner stands twice: tenant=a,team=b",
        ),
        ({"kind": "fixed", "shares": {"a": "1"}}, "is not dimension=value"),
        ({"kind": "fixed", "shares": {"tenant=__idle__": "1"}}, "are not given away"),
        ({"kind": "direct", "by": "colour"}, "should match pattern"),
        ({"kind": "direct", "by": "tenant"}, "says whose team"),
        ({"kind": "proportional", "metric": "smiles"}, "tokens"),
        (
            {"kind": "proportional", "metric": "tokens", "used": {"labels": {"a": "b"}}},
            "no pod labels",
        ),
        ({"kind": "activity", "drivers": [{"name": "d", "usd": "1"}]}, "a metric or counts"),
        ({"kind": "gift"}, "does not match any of the expected tags"),
        (
            {
                "kind": "fixed",
                "shares": {"team=a": 1},
                "from": "2026-11-02T00:00:00Z",
                "until": "2026-11-01T00:00:00Z",
            },
            "ends before it begins",
        ),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_with_the_reason(rule, told) -> None:
    with pytest.raises(ValidationError, match=told):
        policy(rule)


def test_two_rules_of_one_name_are_refused() -> None:
    rule = {"name": "same", "kind": "direct", "by": "namespace"}
    with pytest.raises(ValidationError, match="rules of one name: same"):
        policy(rule, rule)


def test_a_policy_survives_being_bundled_as_json() -> None:
    told = policy(
        {"kind": "fixed", "shares": {"tenant=acme,team=a": "0.5"}, "from": "2026-11-01T00:00:00Z"},
        {"kind": "direct", "by": "label:team", "as": "tenant"},
    )
    assert Attribution.model_validate_json(told.model_dump_json()) == told
    assert Attribution.model_json_schema()["type"] == "object"
