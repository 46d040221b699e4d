"""bursar.yaml: what a person decides.

`bursar_yaml` validates it as a whole before it is deployed; bundled as JSON with the code, it is
read here section by section.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bursar.config.clusters import Cluster
    from bursar.config.forecast import Anomalies, Forecasts, Series
    from bursar.config.governance import Governance
    from bursar.config.kpis import Kpis
    from bursar.config.notifications import Notifications, Owner
    from bursar.config.prices import Prices
    from bursar.config.spend import Spend
    from bursar.config.stops import Stops
    from bursar.config.usage import Usage
    from bursar.domain.attribution.rules import Attribution
    from bursar.domain.budgets import Budget
    from bursar.domain.usage.producers import ProducerPolicy


class Config:
    """What was decided. A section is read when somebody first asks for it, and its models are
    imported with it: at a cold start a function pays for those alone that it uses.

    `sections` are those of a bursar.yaml that was found right, as JSON has them or validated.
    """

    def __init__(self, sections: Mapping[str, Any]) -> None:
        self.sections = dict(sections)

    def changed(self, **sections: Any) -> Config:
        """With other sections in the place of its own; nobody looks whether they agree."""
        return Config(self.sections | sections)

    @property
    def organisation(self) -> str:
        return str(self.sections["organisation"])

    @property
    def account(self) -> str:
        return str(self.sections["account"])

    @property
    def region(self) -> str:
        """Where Bursar is deployed."""
        return str(self.sections["region"])

    @cached_property
    def clusters(self) -> tuple[Cluster, ...]:
        from bursar.config.clusters import Cluster

        return tuple(Cluster.model_validate(each) for each in self.sections.get("clusters", ()))

    @cached_property
    def budgets(self) -> tuple[Budget, ...]:
        from bursar.domain.budgets import Budget

        return tuple(Budget.model_validate(each) for each in self.sections.get("budgets", ()))

    @cached_property
    def owners(self) -> dict[str, Owner]:
        from bursar.config.notifications import Owner

        told = self.sections.get("owners", {})
        return {name: Owner.model_validate(each) for name, each in told.items()}

    @cached_property
    def notifications(self) -> Notifications:
        from bursar.config.notifications import Notifications

        return Notifications.model_validate(self.sections["notifications"])

    @cached_property
    def prices(self) -> Prices:
        from bursar.config.prices import Prices

        return Prices.model_validate(self.sections.get("prices", {}))

    @cached_property
    def spend(self) -> Spend:
        from bursar.config.spend import Spend

        return Spend.model_validate(self.sections.get("spend", {}))

    @cached_property
    def usage(self) -> Usage:
        from bursar.config.usage import Usage

        return Usage.model_validate(self.sections.get("usage", {}))

    @cached_property
    def attribution(self) -> Attribution:
        from bursar.domain.attribution.rules import Attribution

        return Attribution.model_validate(self.sections.get("attribution", {}))

    @cached_property
    def kpis(self) -> Kpis:
        from bursar.config.kpis import Kpis

        return Kpis.model_validate(self.sections.get("kpis", {}))

    @cached_property
    def series(self) -> Series:
        from bursar.config.forecast import Series

        return Series.model_validate(self.sections.get("series", {}))

    @cached_property
    def forecast(self) -> Forecasts:
        from bursar.config.forecast import Forecasts

        return Forecasts.model_validate(self.sections.get("forecast", {}))

    @cached_property
    def anomalies(self) -> Anomalies:
        from bursar.config.forecast import Anomalies

        return Anomalies.model_validate(self.sections.get("anomalies", {}))

    @cached_property
    def governance(self) -> Governance:
        from bursar.config.governance import Governance

        return Governance.model_validate(self.sections.get("governance", {}))

    @cached_property
    def stops(self) -> Stops | None:
        """Without it nothing is ever stopped."""
        if (told := self.sections.get("stops")) is None:
            return None
        from bursar.config.stops import Stops

        return Stops.model_validate(told)

    def cluster(self, name: str) -> Cluster:
        """The cluster of that name.

        Raises:
            LookupError: none is configured.
        """
        for cluster in self.clusters:
            if cluster.name == name:
                return cluster
        raise LookupError(f"no cluster {name!r} is configured")

    def metrics_producer(self, name: str) -> ProducerPolicy:
        """Whose usage `prometheus:prod` or `bedrock:eu-west-1` tells.

        Raises:
            LookupError: none is configured.
        """
        if (found := self.metrics_producers.get(name)) is None:
            raise LookupError(f"no metrics {name!r} are configured")
        return found

    def account_of(self, cluster: Cluster) -> str:
        return cluster.account or self.account

    @property
    def metrics_producers(self) -> dict[str, ProducerPolicy]:
        """What is collected rather than sent: `prometheus:prod`, `bedrock:eu-west-1`."""
        clusters = [each.metrics.policy(each.name) for each in self.clusters if each.metrics]
        bedrock = [each.policy() for each in self.usage.bedrock]
        return {policy.name: policy for policy in (*clusters, *bedrock)}

    @property
    def role_arns(self) -> tuple[str, ...]:
        """The roles that are assumed to read clusters of other accounts."""
        return tuple(sorted({each.role_arn for each in self.clusters if each.role_arn}))

    @property
    def metrics_role_arns(self) -> tuple[str, ...]:
        """The roles that are assumed to read metrics of other accounts."""
        clusters = {each.role_arn for each in self.clusters if each.metrics and each.role_arn}
        bedrock = {each.role_arn for each in self.usage.bedrock if each.role_arn}
        return tuple(sorted(clusters | bedrock))

    @property
    def price_regions(self) -> tuple[str, ...]:
        return tuple(sorted({cluster.region for cluster in self.clusters} | {self.region}))

    def is_private_elsewhere(self, cluster: Cluster) -> bool:
        """A private network can be entered only from its own account and region."""
        here = cluster.region == self.region and self.account_of(cluster) == self.account
        return cluster.network is not None and not here


def load_bundled(path: Path) -> Config:
    """The JSON that was validated at synthesis and bundled with the code."""
    return Config(json.loads(path.read_bytes()))
