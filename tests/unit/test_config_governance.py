"""`governance:` of bursar.yaml: what is taken, and what contradicts itself."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bursar.config.governance import Governance
from bursar.domain.governance.policies import GatedKind

PEOPLE = [
    {"id": name, "email": f"{name}@example.com", "roles": [role]}
    for name, role in (("ada", "engineering-manager"), ("bo", "director"), ("cy", "vp"))
]


def problems(**told: Any) -> list[str]:
    return [text for _, text in Governance.model_validate(told).problems()]


def test_left_out_it_has_the_three_tiers_and_the_three_policies() -> None:
    governance = Governance()
    assert [(tier.name, tier.at_least.plain()) for tier in governance.tiers] == [
        ("engineering-manager", "0"),
        ("director", "50000"),
        ("vp", "100000"),
    ]
    assert {policy.kind for policy in governance.policies} == set(GatedKind)
    assert list(governance.problems()) == []


def test_people_with_all_roles_contradict_nothing() -> None:
    assert problems(people=PEOPLE) == []
    assert Governance.model_validate({"people": PEOPLE}).rules().directory.get("bo")


def test_people_who_cannot_sign_are_told() -> None:
    assert problems(people=PEOPLE[:2]) == ["no distinct people hold the roles of all tiers"]


def test_tiers_begin_at_zero_rise_and_remind_in_time() -> None:
    tiers = [
        {"name": "vp", "at_least": "10", "answer_within_hours": 5, "remind_after_hours": 5},
        {"name": "vp", "at_least": "10"},
    ]
    assert problems(tiers=tiers) == [
        "tiers has 'vp' twice",
        "tiers go from the lowest boundary to the highest",
        "the first tier begins at 0: every amount is signed",
        "tier 'vp' reminds only when its time is up",
    ]


def test_no_scope_is_two_teams() -> None:
    teams = [{"name": name, "owns": ["tenant=shop"]} for name in ("ads", "search")]
    assert problems(teams=teams) == ["teams 'ads' and 'search' both own tenant=shop"]


def test_two_people_with_one_email_are_refused() -> None:
    twin = {"id": "dee", "email": "ADA@example.com"}
    with pytest.raises(ValidationError, match="have the same email"):
        Governance.model_validate({"people": [*PEOPLE, twin]})
