"""bursar.yaml: what a person decides.

Validated before it is deployed, and bundled as JSON with the code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from bursar.config.fields import (
    AccountId,
    CertificateAuthority,
    Email,
    Endpoint,
    Name,
    Region,
    RoleArn,
    Section,
)
from bursar.config.forecast import Anomalies, Forecasts, Series
from bursar.config.governance import Governance
from bursar.config.kpis import Kpis
from bursar.config.metrics import ClusterMetrics
from bursar.config.networks import PrivateNetwork
from bursar.config.spend import Spend
from bursar.config.stops import Stops
from bursar.config.usage import Usage
from bursar.domain.attribution.rules import Attribution
from bursar.domain.budgets import Book, Budget
from bursar.domain.cluster.hours import Basis
from bursar.domain.money import Money
from bursar.domain.quiet_hours import QuietHours
from bursar.domain.scopes import Dimension
from bursar.domain.usage.producers import ProducerPolicy

DEFAULT_MODEL_LABELS = ("model", "app.kubernetes.io/model", "serving.kserve.io/inferenceservice")


CapacityReservationId = Annotated[str, Field(pattern=r"^cr-[0-9a-f]+$")]
HttpsUrl = Annotated[str, Field(pattern=r"^https://\S+$")]


class Cluster(Section):
    name: Name = Field(description="the EKS cluster's name; it signs the token")
    region: Region
    account: AccountId | None = Field(default=None, description="default: Bursar's own")
    role_arn: RoleArn | None = Field(
        default=None,
        description="assumed to read a cluster of another account, which must let Bursar in: the "
        "role trusts RoleSnapshotCluster and RoleCloseHour of the stack's outputs, an EKS access "
        "entry puts it into the group bursar-readers, and it may ec2:DescribeVolumes, "
        "ec2:DescribeSnapshots, ec2:DescribeCapacityReservations, "
        "elasticfilesystem:DescribeFileSystems and fsx:DescribeFileSystems",
    )
    endpoint: Endpoint = Field(description="the cluster's API endpoint")
    certificate_authority: CertificateAuthority | None = Field(
        default=None, description="base64, as `aws eks describe-cluster` has it"
    )
    network: PrivateNetwork | None = Field(default=None, description="only for a private endpoint")
    snapshot_every_minutes: Literal[1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60] = 5
    basis: Basis = Basis.RESIDUAL
    shared_namespaces: tuple[str, ...] = ("kube-system",)
    spread_shared: Literal["none", "even", "weighted"] = "weighted"
    model_labels: tuple[str, ...] = Field(default=DEFAULT_MODEL_LABELS, min_length=1)
    labels: tuple[str, ...] = Field(default=(), description="further pod labels to break down by")
    support: Literal["auto", "standard", "extended"] = "auto"
    capacity_reservations: tuple[CapacityReservationId, ...] = Field(
        default=(), description="bought for this cluster; what lies unused is its cost"
    )
    metrics: ClusterMetrics | None = Field(
        default=None, description="what its models served and its GPUs did, from a Prometheus"
    )

    @model_validator(mode="after")
    def _can_be_trusted(self) -> Cluster:
        if ".eks.amazonaws.com" in self.endpoint and self.certificate_authority is None:
            raise ValueError("an EKS endpoint has a certificate_authority of its own: name it")
        if self.network and self.metrics and self.metrics.service:
            raise ValueError("metrics.service is not reached in a private network: name a url")
        return self


class ManualPrice(Section):
    """A price that a person vouches for, such as a private offer; it goes before the list's.

    One that changes a price to more than three times, or less than a third, takes two people.
    """

    instance_type: str
    region: Region
    usd_per_hour: Money
    effective_from: AwareDatetime
    author: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    approved_by: str | None = Field(
        default=None, min_length=1, description="the second person of a change beyond x3"
    )

    @model_validator(mode="after")
    def _costs_something(self) -> ManualPrice:
        if self.usd_per_hour <= Money.zero():
            raise ValueError("usd_per_hour must be above 0")
        second = (self.approved_by or "").strip().casefold()
        if self.approved_by is not None and second in ("", self.author.strip().casefold()):
            raise ValueError("approved_by must be another person than the author")
        return self


class Prices(Section):
    manual: tuple[ManualPrice, ...] = ()


class Owner(Section):
    """Who is told about the budgets that name them."""

    emails: tuple[Email, ...] = ()
    webhooks: tuple[HttpsUrl, ...] = ()


class SlackChannel(Section):
    """A channel of Amazon Q Developer in chat applications; authorise the workspace there once."""

    workspace_id: str = Field(pattern=r"^[A-Z0-9]{5,}$")
    channel_id: str = Field(pattern=r"^[A-Z0-9]{5,}$")


class Notifications(Section):
    catch_all: tuple[Email, ...] = Field(min_length=1, description="told of everything")
    slack: SlackChannel | None = None
    storm_cap_per_hour: int = Field(
        default=20, ge=1, description="beyond it, alerts wait for one digest"
    )
    quiet_hours: QuietHours | None = Field(
        default=None, description="what is not critical waits until they end"
    )


class Config(Section):
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

    @model_validator(mode="after")
    def _consistent(self) -> Config:
        if problems := list(self._problems()):
            text = "; ".join(message for _, message in problems)
            raise PydanticCustomError(
                "inconsistent", "{text}", {"text": text, "problems": problems}
            )
        return self

    def _problems(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """What contradicts itself, each with its place."""
        yield from _repeated("clusters", "name", [cluster.name for cluster in self.clusters])
        yield from _repeated("budgets", "id", [budget.id for budget in self.budgets])
        for n, cluster in enumerate(self.clusters):
            if self.is_private_elsewhere(cluster):
                told = f"cluster {cluster.name!r} is private and in another account or region"
                yield ("clusters", n, "network"), told
            yield from self._role_problems(n, cluster)
        for section, found in (
            ("usage", self.usage.problems(self.metrics_producers)),
            ("governance", self.governance.problems()),
            ("stops", self.stops.problems(self.budgets, self.clusters) if self.stops else ()),
        ):
            for inside, told in found:
                yield (section, *inside), told
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

    def _role_problems(
        self, n: int, cluster: Cluster
    ) -> Iterator[tuple[tuple[str | int, ...], str]]:
        named, account = f"cluster {cluster.name!r}", self.account_of(cluster)
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


def _repeated(
    section: str, field: str, names: Sequence[str]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for n, name in enumerate(names):
        if name in names[:n]:
            yield (section, n, field), f"{section[:-1]} {name!r} stands twice"


def load_bundled(path: Path) -> Config:
    """Read the JSON that was validated at synthesis and bundled with the code."""
    return Config.model_validate_json(path.read_bytes())


def json_schema() -> dict[str, Any]:
    return Config.model_json_schema() | {"$schema": "https://json-schema.org/draft/2020-12/schema"}
