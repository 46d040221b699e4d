"""What the configuration says of exceptions. Every function reads it, few open an exception."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bursar.domain.governance.people import Directory
from bursar.domain.governance.policies import Policy
from bursar.domain.governance.refusals import InvalidRequestError
from bursar.domain.governance.teams import Team, owning_team
from bursar.domain.governance.tiers import Tier

if TYPE_CHECKING:
    from bursar.domain.governance.exceptions import Request


class UnknownPolicyError(InvalidRequestError):
    """The policy that a request wants to go beyond is not configured."""


class UnknownBeneficiaryError(InvalidRequestError):
    """The beneficiary of a request is nobody who is configured."""


@dataclass(frozen=True)
class Rules:
    """What the configuration says of people, policies and signatures."""

    directory: Directory
    tiers: Sequence[Tier]
    teams: Sequence[Team]
    policies: Sequence[Policy]

    def team_of(self, request: Request) -> str:
        """The team whose purse a request is for; the policy and beneficiary must be known.

        Raises:
            InvalidRequestError: the policy or beneficiary is unknown, or several teams own it.
        """
        if request.policy not in {policy.name for policy in self.policies}:
            raise UnknownPolicyError(f"no policy is called {request.policy!r}")
        if request.beneficiary and self.directory.get(request.beneficiary) is None:
            raise UnknownBeneficiaryError(f"{request.beneficiary!r} is nobody here")
        return owning_team(self.teams, request.scope)
