"""`spend:` of bursar.yaml: what is billed, by AWS and by model providers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bursar.config.fields import Section

SecretName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9/_+=.@-]{1,512}$")]


class ProviderBills(Section):
    """Secrets of Secrets Manager, here, each with a provider's admin key: its bill is compared."""

    openai_secret: SecretName | None = None
    anthropic_secret: SecretName | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(name for name in (self.openai_secret, self.anthropic_secret) if name)


class Spend(Section):
    """Cost Explorer, asked once a day. Every page costs $0.01."""

    enabled: bool = True
    tag: str = Field(default="team", description="the cost allocation tag to break down by")
    pages_per_day: int = Field(default=6, ge=1, le=1000)
    network: bool = Field(
        default=False,
        description="also what NAT gateways and data transfer cost: a page more each time",
    )
    providers: ProviderBills = Field(
        default=ProviderBills(), description="compared with what was metered, once a day"
    )
