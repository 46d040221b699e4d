"""`governance:` of bursar.yaml: people, tiers, teams and policies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from pydantic import Field, model_validator

from bursar.config.fields import Endpoint, Section
from bursar.domain.governance import assignment
from bursar.domain.governance.people import Directory, Person
from bursar.domain.governance.policies import DEFAULT_POLICIES, Policy
from bursar.domain.governance.rules import Rules
from bursar.domain.governance.teams import Team
from bursar.domain.governance.tiers import DEFAULT_TIERS, Tier
from bursar.domain.money import Money

Place = tuple[str | int, ...]


class Oidc(Section):
    """An issuer that people sign in to already; without one, the stack makes a user pool."""

    issuer: Endpoint = Field(description="the `iss` of its tokens, and where its keys are found")
    audience: str = Field(min_length=1, description="the client id that its tokens are made for")
    authorize_url: Endpoint | None = Field(
        default=None, description="its authorization_endpoint: where the pages send people"
    )
    token_url: Endpoint | None = Field(
        default=None, description="its token_endpoint, which must answer pages of other origins"
    )
    sign_out_url: Endpoint | None = Field(
        default=None, description="where people are sent who sign out"
    )

    @model_validator(mode="after")
    def _whole(self) -> Oidc:
        if (self.authorize_url is None) is not (self.token_url is None):
            raise ValueError("give authorize_url and token_url, or neither: then pages are dark")
        return self


class SlackApp(Section):
    """An app of your own that asks in a channel and takes answers; secrets by their names."""

    team_id: str = Field(pattern=r"^T[A-Z0-9]{2,30}$")
    channel_id: str = Field(pattern=r"^[CG][A-Z0-9]{2,30}$")
    signing_secret: str = Field(min_length=1, description="in Secrets Manager: as Slack shows it")
    bot_token_secret: str = Field(min_length=1, description="in Secrets Manager: xoxb-...")


class Governance(Section):
    """Who may ask, who must agree from which amount on, and what needs it."""

    oidc: Oidc | None = None
    slack: SlackApp | None = None
    people: tuple[Person, ...] = ()
    tiers: tuple[Tier, ...] = Field(default=DEFAULT_TIERS, min_length=1)
    teams: tuple[Team, ...] = ()
    policies: tuple[Policy, ...] = Field(
        default=DEFAULT_POLICIES, description="a gated kind without a policy is denied"
    )

    @model_validator(mode="after")
    def _people_are_apart(self) -> Governance:
        Directory(self.people)
        return self

    def rules(self) -> Rules:
        return Rules(Directory(self.people), self.tiers, self.teams, self.policies)

    def problems(self) -> Iterator[tuple[Place, str]]:
        """What contradicts itself, each with its place within `governance`."""
        yield from _repeated("tiers", [tier.name for tier in self.tiers])
        yield from _repeated("teams", [team.name for team in self.teams])
        yield from _repeated("policies", [policy.name for policy in self.policies])
        boundaries = [tier.at_least for tier in self.tiers]
        if boundaries != sorted(set(boundaries), key=lambda amount: amount.units):
            yield ("tiers",), "tiers go from the lowest boundary to the highest"
        if boundaries[0] != Money.zero():
            yield ("tiers", 0, "at_least"), "the first tier begins at 0: every amount is signed"
        for n, tier in enumerate(self.tiers):
            if tier.remind_after_hours >= tier.answer_within_hours:
                told = f"tier {tier.name!r} reminds only when its time is up"
                yield ("tiers", n, "remind_after_hours"), told
        yield from self._doubly_owned()
        if self.slack and not any(person.slack_user_id for person in self.people):
            yield ("slack",), "nobody in `people` has a slack_user_id"
        if self.people and not self._can_sign():
            yield ("people",), "no distinct people hold the roles of all tiers"

    def _can_sign(self) -> bool:
        names = [tier.name for tier in self.tiers]
        return assignment.can_fill(Directory(self.people), names, frozenset())

    def _doubly_owned(self) -> Iterator[tuple[Place, str]]:
        owned = [(n, team, scope) for n, team in enumerate(self.teams) for scope in team.owns]
        for (_, first, one), (n, second, other) in combinations(owned, 2):
            if one == other and first.name != second.name:
                told = f"teams {first.name!r} and {second.name!r} both own {one}"
                yield ("teams", n, "owns"), told


def _repeated(section: str, names: Sequence[str]) -> Iterator[tuple[Place, str]]:
    for n, name in enumerate(names):
        if name in names[:n]:
            yield (section, n, "name"), f"{section} has {name!r} twice"
