"""The whole of bursar.yaml as one model: what it must say, and what may not contradict itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from bursar.config import Config
from bursar.config.clusters import Cluster
from bursar.config.fields import AccountId, Name, Region, Section
from bursar.config.forecast import Anomalies, Forecasts, Series
from bursar.config.governance import Governance
from bursar.config.kpis import Kpis
from bursar.config.notifications import Notifications, Owner
from bursar.config.prices import Prices
from bursar.config.spend import Spend
from bursar.config.stops import Stops
from bursar.config.usage import Usage
from bursar.domain.attribution.rules import Attribution
from bursar.domain.books import Book
from bursar.domain.budgets import Budget
from bursar.domain.ledger.enforced_budgets import MOST_WINDOWS
from bursar.domain.ledger.postings import MOST_ITEMS
from bursar.domain.overlapping_scopes import more_than
from bursar.domain.scopes import Dimension

Place = tuple[str | int, ...]


class BursarYaml(Section):
    """The whole of bursar.yaml."""

    version: Literal[1]
    organisation: Name
    account: AccountId
    region: Region = Field(description="where Bursar is deployed")
    clusters: tuple[Cluster, ...] = ()
    budgets: tuple[Budget, ...] = ()
    owners: dict[Name, Owner] = Field(default={})
    notifications: Notifications
    prices: Prices = Prices()
    spend: Spend = Spend()
    usage: Usage = Usage()
    attribution: Attribution = Attribution()
    kpis: Kpis = Kpis()
    series: Series = Series()
    forecast: Forecasts = Forecasts()
    anomalies: Anomalies = Anomalies()
    governance: Governance = Governance()
    stops: Stops | None = Field(default=None, description="without it nothing is ever stopped")

    @property
    def config(self) -> Config:
        return Config(dict(self))

    @model_validator(mode="after")
    def _consistent(self) -> BursarYaml:
        if problems := list(self._problems()):
            text = "; ".join(message for _, message in problems)
            raise PydanticCustomError(
                "inconsistent", "{text}", {"text": text, "problems": problems}
            )
        return self

    def _problems(self) -> Iterator[tuple[Place, str]]:
        """What contradicts itself, each with its place."""
        config = self.config
        yield from _repeated("clusters", "name", [cluster.name for cluster in self.clusters])
        yield from _repeated("budgets", "id", [budget.id for budget in self.budgets])
        for n, cluster in enumerate(self.clusters):
            if config.is_private_elsewhere(cluster):
                told = f"cluster {cluster.name!r} is private and in another account or region"
                yield ("clusters", n, "network"), told
            yield from self._role_problems(n, cluster, config.account_of(cluster))
        for section, found in (
            ("usage", self.usage.problems(config.metrics_producers)),
            ("governance", self.governance.problems()),
            ("stops", self.stops.problems(self.budgets, self.clusters) if self.stops else ()),
        ):
            for inside, told in found:
                yield (section, *inside), told
        yield from self._crowds()
        known = {cluster.name for cluster in self.clusters}
        for n, budget in enumerate(self.budgets):
            names, at = f"budget {budget.id!r} names", ("budgets", n)
            if budget.owner not in self.owners:
                yield (*at, "owner"), f"{names} owner {budget.owner!r}, not in owners"
            if (name := budget.scope.get(Dimension.CLUSTER)) and name not in known:
                yield (*at, "scope"), f"{names} cluster {name!r}, not in clusters"
            if (org := budget.scope.get(Dimension.ORG)) and org != self.organisation:
                yield (*at, "scope"), f"{names} org {org!r}, not {self.organisation!r}"
            if budget.book is Book.BILLED and not self.spend.enabled:
                told = f"budget {budget.id!r} needs spend, which is not enabled"
                yield (*at, "scope"), told

    def _crowds(self) -> Iterator[tuple[Place, str]]:
        """More enforced budgets than a posting can charge with one record."""
        teams = self.attribution.teams
        scopes = [budget.scope.pairs for budget in self.budgets if budget.enforced]
        for scope in scopes:
            if team := teams.get(scope.get(Dimension.TENANT, "")):
                scope.setdefault(Dimension.TEAM, team)
        if found := more_than(MOST_WINDOWS, scopes):
            told = (
                f"{len(found)} enforced budgets can cover one record; at most {MOST_WINDOWS} fit"
                f" into the transaction of {MOST_ITEMS} items that posts it"
            )
            yield ("budgets",), told

    def _role_problems(
        self, n: int, cluster: Cluster, account: str
    ) -> Iterator[tuple[Place, str]]:
        named = f"cluster {cluster.name!r}"
        if cluster.role_arn is None:
            if account != self.account and cluster.network is None:
                told = f"{named} is in account {account}: name the role_arn to assume there"
                yield ("clusters", n, "account"), told
            return
        if cluster.network:
            told = f"{named}: from its private network STS cannot be asked for a role_arn"
            yield ("clusters", n, "role_arn"), told
        if (of := cluster.role_arn.split(":")[4]) != account:
            told = f"{named} is in account {account}, and its role_arn in {of}"
            yield ("clusters", n, "role_arn"), told


def _repeated(section: str, field: str, names: Sequence[str]) -> Iterator[tuple[Place, str]]:
    for n, name in enumerate(names):
        if name in names[:n]:
            yield (section, n, field), f"{section[:-1]} {name!r} stands twice"


def validated(told: Mapping[str, Any]) -> Config:
    """What a bursar.yaml tells, once all of it is right.

    Raises:
        ValidationError: something in it is not.
    """
    return BursarYaml.model_validate(told).config


def bundled(config: Config) -> bytes:
    """The JSON that goes with the code; `load_bundled` reads it."""
    return BursarYaml.model_validate(config.sections).model_dump_json(by_alias=True).encode()


def json_schema() -> dict[str, Any]:
    schema = BursarYaml.model_json_schema()
    return schema | {"$schema": "https://json-schema.org/draft/2020-12/schema"}
