"""Which budgets approved exceptions raise, by the configuration."""

from __future__ import annotations

from typing import Any

from bursar.adapters.dynamodb.governance.exceptions import DynamoExceptions
from bursar.config import Config
from bursar.domain.governance.policies import GatedKind
from bursar.domain.governance.raises import Facts, RaisedBudgets
from bursar.domain.governance.teams import UNOWNED, AmbiguousOwnerError, owning_team
from bursar.domain.ledger.lines import CostCategory
from bursar.domain.scopes import Dimension, Scope
from bursar.jobs.raised_limits import RaisedLimits

_IN_CLUSTERS = {Dimension.ACCOUNT, Dimension.CLUSTER, Dimension.NAMESPACE, Dimension.CATEGORY}


def raised_limits(config: Config, table: Any) -> RaisedLimits:
    return RaisedLimits(DynamoExceptions(table), raised_budgets(config))


def raised_budgets(config: Config) -> RaisedBudgets:
    governance = config.governance
    requests = [each.name for each in governance.policies if each.kind is GatedKind.API_REQUEST]
    return RaisedBudgets(config.budgets, lambda scope: _facts(config, scope), requests)


def _facts(config: Config, scope: Scope) -> Facts:
    """What is outside of clusters is bought from others, as a reservation has it."""
    follows = {Dimension.ORG: config.organisation}
    accounts = [
        config.account_of(cluster)
        for cluster in config.clusters
        if cluster.name == scope.get(Dimension.CLUSTER)
    ]
    follows[Dimension.ACCOUNT] = accounts[0] if accounts else config.account
    if not scope.dimensions & _IN_CLUSTERS:
        follows[Dimension.CATEGORY] = CostCategory.EXTERNAL_API
    if team := config.attribution.teams.get(scope.get(Dimension.TENANT) or "") or _owner(
        config, scope
    ):
        follows[Dimension.TEAM] = team
    return follows | scope.pairs


def _owner(config: Config, scope: Scope) -> str:
    """Nobody where several teams have come to own it since it was asked for."""
    try:
        owner = owning_team(config.governance.teams, scope)
    except AmbiguousOwnerError:
        return ""
    return "" if owner == UNOWNED else owner
