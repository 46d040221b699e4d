"""`kpis:` of bursar.yaml: targets, and what no meter knows: users, their actions, revenue."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from bursar.config.fields import Name, Section
from bursar.domain.kpi_targets import Kpi, Target
from bursar.domain.money import Money
from bursar.domain.scopes import Scope

Month = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
Count = Annotated[int, Field(ge=0, strict=True)]  # neither a truth value nor a text
Figure = Annotated[float, Field(ge=0, le=10**15, allow_inf_nan=False)]


def _not_below_zero(amount: Money) -> Money:
    if amount < Money.zero():
        raise ValueError("is below zero")
    return amount


Revenue = Annotated[Money, AfterValidator(_not_below_zero)]


class Goal(Section):
    """A KPI's target, worse than which is a warning, and the `warning` from which on it is bad."""

    target: Figure
    warning: Figure


class Activity(Section):
    """What is counted of one month elsewhere; what is left out is not known."""

    active_users: Count | None = None
    user_actions: Count | None = None
    revenue_usd: Revenue | None = None


class Service(Section):
    """What users pay for or use, as the ledger's lines that make it: `feature=chat`."""

    name: Name
    scope: Scope
    months: dict[Month, Activity] = Field(default={})


class Kpis(Section):
    targets: dict[Kpi, Goal] = Field(default={})
    months: dict[Month, Activity] = Field(default={}, description="of the whole organisation")
    services: tuple[Service, ...] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> Kpis:
        self.goals()
        names = [service.name for service in self.services]
        if len(set(names)) < len(names):
            raise ValueError("a service stands twice")
        return self

    def goals(self) -> dict[Kpi, Target]:
        return {kpi: Target(kpi, goal.target, goal.warning) for kpi, goal in self.targets.items()}
