"""Who may tell usage, in which format, and whose usage it may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bursar.domain.usage.providers import provider_name

ANY_TENANT = "*"


class UsageFormat(StrEnum):
    """How a producer writes its telling."""

    BURSAR = "bursar"
    LITELLM = "litellm"
    OTEL = "otel"
    LANGFUSE = "langfuse"
    BEDROCK = "bedrock"


class TenantRefusedError(ValueError):
    """A message names a tenant that its producer may not speak for, or none where it must."""


@dataclass(frozen=True, slots=True)
class ModelAlias:
    """What a producer's name for a model stands for, as the configuration has it.

    An application inference profile of Bedrock is such a name: it is made for one tenant or
    feature, and its id says nothing of the model.
    """

    model: str
    tenant: str = ""
    feature: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerPolicy:
    """One producer as configured; `name` is who was authenticated.

    Either `tenant` is whose all of its usage is, or `tenants` are those that it is trusted to
    name (`*` among them: any). `aliases` are by the producer's name of the model.
    """

    name: str
    format: UsageFormat = UsageFormat.BURSAR
    tenant: str = ""
    tenants: frozenset[str] = frozenset()
    default_feature: str = ""
    default_provider: str = ""
    aliases: Mapping[str, ModelAlias] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a contradiction.

        Raises:
            ValueError: it has a tenant and tenants, or neither, or an alias of another's tenant.
        """
        if bool(self.tenant) == bool(self.tenants):
            raise ValueError(f"producer {self.name!r} needs a tenant or tenants, not both")
        for name, alias in self.aliases.items():
            if alias.tenant and not self.speaks_for(alias.tenant):
                told = f"tenant {alias.tenant!r} of its alias {name!r}"
                raise ValueError(f"producer {self.name!r} may not speak for {told}")

    @property
    def names_tenants(self) -> bool:
        """Whether it is trusted to say whose usage it tells."""
        return bool(self.tenants)

    @property
    def speaks_for_all(self) -> bool:
        return ANY_TENANT in self.tenants

    @property
    def all_tenants(self) -> frozenset[str]:
        """Those that it may speak for; `*` among them: any."""
        return self.tenants or frozenset({self.tenant})

    def provider_of(self, told: str) -> str:
        """By its one name, the provider that usage names, else the producer's own; or empty."""
        return provider_name(told) or provider_name(self.default_provider)

    def speaks_for(self, tenant: str) -> bool:
        return tenant == self.tenant or tenant in self.tenants or self.speaks_for_all


def tenant_for(producer: ProducerPolicy, named: str) -> str:
    """Decide whose usage it is; `named` is what the message says, or empty.

    Raises:
        TenantRefusedError: the producer may not speak for that tenant, or has to name one.
    """
    if producer.tenant:
        if named and named != producer.tenant:
            raise TenantRefusedError("tenant is not the one that this producer speaks for")
        return producer.tenant
    if not named:
        raise TenantRefusedError("tenant is missing, and this producer has none of its own")
    if not producer.speaks_for(named):
        raise TenantRefusedError("tenant is not among those that this producer speaks for")
    return named
