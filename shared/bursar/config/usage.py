"""`usage:` of bursar.yaml: who tells which usage, and which telling is billed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from bursar.config.fields import Name, Region, RoleArn, Section
from bursar.domain.beginnings import Begin
from bursar.domain.governance.people import Account
from bursar.domain.money import Money
from bursar.domain.usage.bedrock import model_name
from bursar.domain.usage.price_rows import TokenPriceRow
from bursar.domain.usage.producers import ModelAlias, ProducerPolicy, UsageFormat

Place = tuple[str | int, ...]


def _is_no_service_of_aws(source: str) -> str:
    if source.startswith("aws."):
        raise ValueError("begins with aws., which is for services of AWS")
    return source


EventSource = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9._/-]{1,256}$"), AfterValidator(_is_no_service_of_aws)
]


class Alias(Section):
    """What a producer's own name for a model stands for."""

    model: str = Field(min_length=1)
    tenant: str = ""
    feature: str = ""


class Producer(Section):
    """A gateway, a log or a job that tells usage. It has a queue of its own, and may POST.

    Whose usage it is comes from here: one `tenant`, or the `tenants` it is trusted to name
    (`*`: any).
    """

    name: Name
    role_arns: tuple[RoleArn, ...] = Field(
        default=(), description="the IAM roles that it signs as, for POST /v1/usage and its queue"
    )
    accounts: tuple[Account, ...] = Field(
        default=(), description="what the issuer calls it, for reading budgets by a bearer token"
    )
    event_source: EventSource | None = Field(
        default=None, description="events of this EventBridge source go to its queue"
    )
    format: UsageFormat = UsageFormat.BURSAR
    tenant: str = ""
    tenants: tuple[str, ...] = ()
    feature: str = Field(default="", description="of records that name none")
    provider: str = Field(default="", description="of records that name none")
    aliases: dict[str, Alias] = Field(default={})

    @model_validator(mode="after")
    def _speaks_for_somebody(self) -> Producer:
        self.policy()
        return self

    def policy(self) -> ProducerPolicy:
        return ProducerPolicy(
            name=self.name,
            format=self.format,
            tenant=self.tenant,
            tenants=frozenset(self.tenants),
            default_feature=self.feature,
            default_provider=self.provider,
            aliases=_aliases(self.aliases),
        )


class Bedrock(Section):
    """One region of Bedrock, whose CloudWatch metrics are read each hour.

    Its usage is of one `tenant`, or of the tenants of its `aliases`: of a model or an inference
    profile that no alias names, nobody is known, and it is rejected.
    """

    region: Region
    role_arn: RoleArn | None = Field(
        default=None,
        description="assumed to read another account: the role trusts "
        "RoleCollectUsageMetrics of the stack's outputs, and may cloudwatch:ListMetrics, "
        "cloudwatch:GetMetricData and bedrock:ListProvisionedModelThroughputs",
    )
    tenant: str = ""
    feature: str = ""
    aliases: dict[str, Alias] = Field(default={})

    @model_validator(mode="after")
    def _speaks_for_somebody(self) -> Bedrock:
        self.policy()
        return self

    @property
    def where(self) -> str:
        """`eu-west-1`, or `222233334444/eu-west-1` of another account."""
        return f"{self.role_arn.split(':')[4]}/{self.region}" if self.role_arn else self.region

    def policy(self) -> ProducerPolicy:
        tenants = {each.tenant for each in self.aliases.values() if each.tenant}
        return ProducerPolicy(
            name=f"bedrock:{self.where}",
            tenant=self.tenant,
            tenants=frozenset() if self.tenant else frozenset(tenants),
            default_feature=self.feature,
            aliases=_aliases(self.aliases),
        )


class ProvisionedPrice(Section):
    """What a model unit of provisioned throughput costs an hour, by the account's own contract."""

    model: str = Field(min_length=1, description="the foundation model's id")
    usd_per_unit_hour: Money
    commitment: str = Field(default="", description="OneMonth or SixMonths; none without one")

    @model_validator(mode="after")
    def _costs_something(self) -> ProvisionedPrice:
        if self.usd_per_unit_hour <= Money.zero():
            raise ValueError("usd_per_unit_hour must be above 0")
        return self


class Route(Section):
    """Of all that tell the usage of these models, the one that is billed; others are compared.

    Where `producers` are configured, metrics (`prometheus:...`, `bedrock:...`) are only compared
    unless a route names them. Date a change of `billed_by` by a second route: each record is
    routed by its own time, and what comes in late or is replayed as it was in its hour.
    """

    models: str = Field(
        min_length=1, description="a model or a pattern (claude-*), as prices name it"
    )
    billed_by: str = Field(
        min_length=1, description="a producer, prometheus:CLUSTER or bedrock:REGION"
    )
    begins: Begin | None = Field(
        default=None,
        alias="from",
        description="a UTC day or time; until then, the route of the same models before it",
    )


def _above_zero(amount: Money) -> Money:
    if amount <= Money.zero():
        raise ValueError("must be above 0")
    return amount


class Usage(Section):
    producers: tuple[Producer, ...] = ()
    routes: tuple[Route, ...] = Field(default=(), description="the first that matches decides")
    token_prices: tuple[TokenPriceRow, ...] = Field(
        default=(), description="negotiated or regional prices; they go before public ones"
    )
    bedrock: tuple[Bedrock, ...] = ()
    provisioned: tuple[ProvisionedPrice, ...] = ()
    request_ceiling_usd: Annotated[Money, AfterValidator(_above_zero)] | None = Field(
        default=None, description="no reservation of a single request is above it"
    )
    record_ceiling_usd: Annotated[Money, AfterValidator(_above_zero)] | None = Field(
        default=None, description="usage that cost more a request is held for a person's review"
    )
    bulk: bool = Field(
        default=False, description="above 3 million records a day: Firehose, S3 and Athena"
    )

    def provisioned_price(self, model: str, commitment: str) -> Money | None:
        """USD an hour for one model unit; None where nobody has told it."""
        for row in self.provisioned:
            if (row.model, row.commitment) == (model, commitment):
                return row.usd_per_unit_hour
        return None

    def producer(self, name: str) -> Producer:
        """The producer of that name.

        Raises:
            LookupError: none is configured.
        """
        for producer in self.producers:
            if producer.name == name:
                return producer
        raise LookupError(f"no producer {name!r} is configured")

    def bedrock_of(self, producer: str) -> Bedrock:
        """The region that `bedrock:eu-west-1` names.

        Raises:
            LookupError: none is configured.
        """
        for each in self.bedrock:
            if each.policy().name == producer:
                return each
        raise LookupError(f"no {producer!r} is configured")

    def producer_of(self, caller_arn: str) -> Producer | None:
        """Who signs as the role of this caller; IAM names the session, not the role's path."""
        for producer in self.producers:
            if any(_is_session_of(role, caller_arn) for role in producer.role_arns):
                return producer
        return None

    def producer_with(self, account: Account) -> Producer | None:
        """Whose account of the issuer it is."""
        return next((each for each in self.producers if account in each.accounts), None)

    def problems(self, collected: Collection[str] = ()) -> Iterator[tuple[Place, str]]:
        """What contradicts itself, each with its place within `usage`.

        `collected` are the names of what is collected rather than sent.
        """
        names = [producer.name for producer in self.producers]
        roles: dict[str, str] = {}
        accounts: dict[Account, str] = {}
        for n, producer in enumerate(self.producers):
            if producer.name in names[:n]:
                yield ("producers", n, "name"), f"producer {producer.name!r} stands twice"
            for account in producer.accounts:
                if (other := accounts.setdefault(account, producer.name)) != producer.name:
                    told = f"{producer.name!r} and {other!r} cannot both be {account.subject}"
                    yield ("producers", n, "accounts"), told
            for role in producer.role_arns:
                if (
                    other := roles.setdefault(_session_name(role), producer.name)
                ) != producer.name:
                    told = f"{producer.name!r} and {other!r} cannot both sign as {role}"
                    yield ("producers", n, "role_arns"), told
        for n, route in enumerate(self.routes):
            if route.billed_by not in names and route.billed_by not in collected:
                told = (
                    f"route {route.models!r} names producer {route.billed_by!r}, not in producers"
                )
                yield ("routes", n, "billed_by"), told
        if self.bulk and not self.producers:
            yield ("bulk",), "bulk usage comes from producers, and there are none"
        yield from _repeated("bedrock", [each.where for each in self.bedrock])
        prices = [f"{each.model} {each.commitment}".rstrip() for each in self.provisioned]
        yield from _repeated("provisioned", prices)
        yield from _repeated("token_prices", [_priced(row) for row in self.token_prices])
        routes = [f"{each.models.lower()}{_since(each.begins)}" for each in self.routes]
        yield from _repeated("routes", routes)


def _repeated(section: str, names: Sequence[str]) -> Iterator[tuple[Place, str]]:
    for n, name in enumerate(names):
        if name in names[:n]:
            yield (section, n), f"{section} {name!r} stands twice"


def _priced(row: TokenPriceRow) -> str:
    """What the row is the price of, as price books tell rows apart."""
    return f"{row.provider}: {row.model.lower()}{_since(row.begins)}".removeprefix(": ")


def _since(begins: datetime | None) -> str:
    return f" from {begins:%Y-%m-%dT%H:%M:%SZ}" if begins else ""


def _aliases(told: Mapping[str, Alias]) -> dict[str, ModelAlias]:
    """By name, and where that is an ARN, also by what Bedrock's usage of it is told as."""
    named = {
        name: ModelAlias(each.model, each.tenant, each.feature) for name, each in told.items()
    }
    return {model_name(name): alias for name, alias in named.items()} | named


def _is_session_of(role_arn: str, caller_arn: str) -> bool:
    kind, _, rest = caller_arn.partition(":assumed-role/")
    if not rest:
        return caller_arn == role_arn
    return _session_name(role_arn) == f"{kind.split(':')[4]}/{rest.split('/')[0]}"


def _session_name(role_arn: str) -> str:
    """Account and role name, which is all that an assumed role's ARN keeps."""
    return f"{role_arn.split(':')[4]}/{role_arn.rsplit('/', 1)[-1]}"
