"""`stops:` of bursar.yaml: what is taken, what a budget's rule is, and what contradicts itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from bursar.config import Config
from bursar.config.bursar_yaml import validated
from bursar.config.stops import Stops
from bursar.domain.scopes import Scope
from bursar.domain.stops.rules import Action, Approval, Mode

ABROAD = {"account": "444455556666", "role_arn": "arn:aws:iam::444455556666:role/reader"}


def config(stops: dict[str, Any] | None) -> Config:
    at = {"region": "eu-west-1", "endpoint": "https://k8s.example.com"}
    told: dict[str, Any] = {
        "version": 1,
        "organisation": "example",
        "account": "111122223333",
        "region": "eu-west-1",
        "clusters": [{"name": "prod", **at}, {"name": "far", **at, **ABROAD}],
        "budgets": [
            {"id": "research", "scope": "namespace=research", "limit": 100, "owner": "ana"},
            {"id": "ads", "scope": "tenant=ads", "limit": 9, "owner": "ana", "enforced": True},
        ],
        "owners": {"ana": {}},
        "notifications": {"catch_all": ["ana@example.com"]},
    }
    return validated(told | ({} if stops is None else {"stops": stops}))


def problem(**stops: Any) -> str:
    with pytest.raises(ValidationError) as error:
        config(stops)
    (found,) = error.value.errors()
    return str(found["msg"])


def test_without_the_section_nothing_is_stopped() -> None:
    assert config(None).stops is None


def test_left_empty_it_is_a_dry_run_at_a_hundred_percent_for_a_week() -> None:
    rule = Stops().rule("research")
    assert (rule.mode, rule.percent, rule.lasts) == (Mode.WATCH, 100, timedelta(days=7))
    assert rule.asked(Approval.AUTOMATIC) == (Action.REFUSE_RESERVATIONS, Action.SEND_EVENT)


def test_a_budget_has_its_own_mode_actions_and_places_and_the_rest_of_all() -> None:
    own = {
        "budget": "ads",
        "mode": "enforce",
        "actions": {"cap_accelerators": "automatic"},
        "where": ["cluster=prod,namespace=ads"],
    }
    stops = config({"at_percent": 110, "budgets": [own]}).stops
    assert stops is not None
    rule = stops.rule("ads")
    assert (rule.mode, rule.percent) == (Mode.ENFORCE, 110)
    assert rule.actions == {Action.CAP_ACCELERATORS: Approval.AUTOMATIC}
    assert rule.where == (Scope.parse("cluster=prod,namespace=ads"),)
    assert stops.rule("research").mode is Mode.WATCH


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({"budget": "nobody"}, "stops name budget 'nobody', not in budgets"),
        (
            {"budget": "research", "actions": {"refuse_reservations": "automatic"}},
            "budget 'research' is not enforced: nobody asks before spending",
        ),
        (
            {"budget": "ads", "where": ["tenant=ads"]},
            "tenant=ads is no place: name a cluster, a namespace, or both",
        ),
        (
            {"budget": "ads", "where": ["cluster=test"]},
            "cluster=test names cluster 'test', not in clusters",
        ),
        (
            {"budget": "ads", "where": ["cluster=far"]},
            "cluster 'far' is private or abroad: no stop reaches it",
        ),
    ],
)
def test_what_contradicts_the_rest_is_told(own: dict[str, Any], told: str) -> None:
    assert problem(budgets=[own]) == told


def test_a_budget_stands_there_once() -> None:
    assert problem(budgets=[{"budget": "ads"}] * 2) == "stops name budget 'ads' twice"


@pytest.mark.parametrize(
    "stops",
    [
        {"mode": "drain"},
        {"actions": {}},
        {"actions": {"delete_pods": "automatic"}},
        {"lasts_hours": 0},
        {"surge_percent": 101},
    ],
)
def test_what_is_unknown_or_out_of_range_is_refused(stops: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config(stops)
