"""A small company: who may sign what, and requests to sign."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bursar.domain.governance import asking
from bursar.domain.governance.decisions import Choice, decide
from bursar.domain.governance.exceptions import Request, SpendException
from bursar.domain.governance.people import Directory, Person
from bursar.domain.governance.policies import DEFAULT_POLICIES
from bursar.domain.governance.rules import Rules
from bursar.domain.governance.splitting import SplitCount
from bursar.domain.governance.teams import Team
from bursar.domain.governance.tiers import DEFAULT_TIERS
from bursar.domain.money import Money
from bursar.domain.scopes import Scope

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
EM, DIRECTOR, VP = "engineering-manager", "director", "vp"


def _person(name: str, *roles: str, delegate: str | None = None) -> Person:
    return Person(id=name, email=f"{name}@example.com", roles=frozenset(roles), delegate=delegate)


PEOPLE = (
    _person("rita", "requester", delegate="dora"),  # asks; Dora decides in her place
    _person("dora", EM),
    _person("ben", DIRECTOR),  # whom Rita's requests may be for
    _person("emil", EM, delegate="sven"),
    _person("emma", EM, DIRECTOR),
    _person("dirk", DIRECTOR, VP, delegate="sven"),
    _person("sven", "requester"),  # decides in the place of Emil and of Dirk
    _person("vito", VP, EM),
    _person("vic", "viewer"),
)
BY_ID = {person.id: person for person in PEOPLE}
TEAMS = (Team(name="search", owns=(Scope.parse("tenant=shop"),)), Team(name="ads"))
RULES = Rules(Directory(PEOPLE), DEFAULT_TIERS, TEAMS, DEFAULT_POLICIES)


def request(amount: str = "49999.99", **more: Any) -> Request:
    told: dict[str, Any] = {
        "policy": "training-job",
        "scope": "team=search",
        "purpose": "a larger model",
        "justification": "it answers twice as well",
        "business_impact": "the launch waits for it",
        "until": NOON + timedelta(days=20),
        **more,
    }
    return Request(amount=Money.of(amount), **told)


def no_others() -> SplitCount:
    return SplitCount(team="search", policy="training-job")


def others(amount: str, until: datetime = NOON + timedelta(days=9)) -> SplitCount:
    """A count in which another request of the same team stands."""
    counted = {"exception": "another", "amount": Money.of(amount), "until": until}
    return SplitCount.model_validate({**no_others().model_dump(), "counted": [counted]})


def opened(
    amount: str = "49999.99",
    *,
    by: str = "rita",
    split: SplitCount | None = None,
    at: datetime = NOON,
    rules: Rules = RULES,
    **more: Any,
) -> SpendException:
    return asking.open_exception(
        "E1", request(amount, **more), BY_ID[by], at, rules=rules, split=split or no_others()
    )


def edited(exception: SpendException, amount: str, *, by: str = "rita", **more: Any) -> Any:
    version = more.pop("version", exception.version)
    at = more.pop("at", NOON)
    return asking.edit_exception(
        exception,
        request(amount, **more),
        BY_ID[by],
        version,
        at,
        rules=RULES,
        split=no_others(),
    )


def said(
    exception: SpendException,
    person: str,
    choice: Choice = Choice.APPROVE,
    *,
    at: datetime = NOON,
    version: int | None = None,
    split: SplitCount | None = None,
    tier: str | None = None,
    rules: Rules = RULES,
) -> SpendException:
    """The exception after a person's decision on the version that is stored, or on another."""
    version = exception.version if version is None else version
    someone = rules.directory.get(person)
    assert someone is not None
    return decide(
        exception,
        someone,
        choice,
        version,
        at,
        rules=rules,
        split=split or no_others(),
        tier=tier,
    ).exception


def tiers(exception: SpendException) -> list[str]:
    return [each.tier.name for each in exception.consents]
