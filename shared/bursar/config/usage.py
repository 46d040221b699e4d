"""`usage:` of bursar.yaml: who tells which usage, and which telling is billed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from bursar.config.fields import Name, RoleArn, Section
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
            aliases={
                name: ModelAlias(alias.model, alias.tenant, alias.feature)
                for name, alias in self.aliases.items()
            },
        )


class Route(Section):
    """Of all that tell the usage of these models, the one that is billed; others are compared."""

    models: str = Field(min_length=1, description="a model, or a pattern such as claude-*")
    billed_by: Name


class Usage(Section):
    producers: tuple[Producer, ...] = ()
    routes: tuple[Route, ...] = Field(default=(), description="the first that matches decides")
    token_prices: tuple[TokenPriceRow, ...] = Field(
        default=(), description="negotiated or regional prices; they go before public ones"
    )

    def producer(self, name: str) -> Producer:
        """The producer of that name.

        Raises:
            LookupError: none is configured.
        """
        for producer in self.producers:
            if producer.name == name:
                return producer
        raise LookupError(f"no producer {name!r} is configured")

    def producer_of(self, caller_arn: str) -> Producer | None:
        """Who signs as the role of this caller; IAM names the session, not the role's path."""
        for producer in self.producers:
            if any(_is_session_of(role, caller_arn) for role in producer.role_arns):
                return producer
        return None

    def problems(self) -> Iterator[tuple[Place, str]]:
        """What contradicts itself, each with its place within `usage`."""
        names = [producer.name for producer in self.producers]
        roles: dict[str, str] = {}
        for n, producer in enumerate(self.producers):
            if producer.name in names[:n]:
                yield ("producers", n, "name"), f"producer {producer.name!r} stands twice"
            for role in producer.role_arns:
                if (
                    other := roles.setdefault(_session_name(role), producer.name)
                ) != producer.name:
                    told = f"{producer.name!r} and {other!r} cannot both sign as {role}"
                    yield ("producers", n, "role_arns"), told
        for n, route in enumerate(self.routes):
            if route.billed_by not in names:
                told = (
                    f"route {route.models!r} names producer {route.billed_by!r}, not in producers"
                )
                yield ("routes", n, "billed_by"), told


def _is_session_of(role_arn: str, caller_arn: str) -> bool:
    kind, _, rest = caller_arn.partition(":assumed-role/")
    if not rest:
        return caller_arn == role_arn
    return _session_name(role_arn) == f"{kind.split(':')[4]}/{rest.split('/')[0]}"


def _session_name(role_arn: str) -> str:
    """Account and role name, which is all that an assumed role's ARN keeps."""
    return f"{role_arn.split(':')[4]}/{role_arn.rsplit('/', 1)[-1]}"
