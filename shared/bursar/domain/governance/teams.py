"""Teams: who owns a scope, so that no choice of words moves a request to another purse."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from bursar.domain.governance.refusals import InvalidRequestError
from bursar.domain.scopes import Dimension, Scope

UNOWNED = "unowned"  # the one purse of all scopes that no team owns: they are summed together


class AmbiguousOwnerError(InvalidRequestError):
    """Several teams own a scope: nobody knows with whose requests to sum this one."""


class Team(BaseModel):
    """A team owns what carries its name (`team=search`), and these scopes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]{0,99}$")
    owns: tuple[Scope, ...] = ()

    def owns_all_of(self, scope: Scope) -> bool:
        facts = {dimension: scope[dimension] for dimension in scope.dimensions}
        return facts.get(Dimension.TEAM) == self.name or any(
            owned.covers(facts) for owned in self.owns
        )


def owning_team(teams: Sequence[Team], scope: Scope) -> str:
    """The one team that the scope belongs to; `UNOWNED` when it is no configured team's.

    Raises:
        AmbiguousOwnerError: it belongs to several.
    """
    owners = [team.name for team in teams if team.owns_all_of(scope)]
    if len(owners) > 1:
        raise AmbiguousOwnerError(f"{scope} belongs to {' and '.join(owners)}")
    return owners[0] if owners else UNOWNED
