"""The section `attribution:` of bursar.yaml: who bears what nobody was found to have used.

Rules are tried in their order. Each takes what it can from what is left without an owner, and
leaves the rest to the next; what all of them leave stays `__idle__`, `__shared__` or
`__unattributed__`, as a row of its own.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from bursar.domain.attribution.selection import Selection
from bursar.domain.beginnings import Begin
from bursar.domain.ledger.lines import CostCategory
from bursar.domain.money import Money
from bursar.domain.scopes import Dimension, Scope


class Owner(NamedTuple):
    """Who bears an amount; written `team=search`, `tenant=acme` or `tenant=acme,team=search`."""

    tenant: str = ""
    team: str = ""

    def __str__(self) -> str:
        parts = (("tenant", self.tenant), ("team", self.team))
        return ",".join(f"{name}={value}" for name, value in parts if value)


def _read_owner(value: object) -> Owner:
    if isinstance(value, Owner):
        return value
    if not isinstance(value, str):
        raise ValueError("an owner is written team=NAME, tenant=NAME or tenant=NAME,team=NAME")
    scope = Scope.parse(value)
    if not scope.dimensions <= {Dimension.TENANT, Dimension.TEAM}:
        raise ValueError(f"{value!r} is no owner: name a tenant, a team, or both")
    owner = Owner(scope.get(Dimension.TENANT) or "", scope.get(Dimension.TEAM) or "")
    if any(name.startswith("__") for name in owner):
        raise ValueError(f"{value!r}: names in double underscores are not given away")
    return owner


OwnerName = Annotated[
    Owner,
    PlainValidator(_read_owner, json_schema_input_type=str),
    PlainSerializer(str, return_type=str),
]


def _one_owner_once(value: object, read: ValidatorFunctionWrapHandler) -> object:
    """Several spellings name one owner: only the last would count."""
    found = read(value)
    if isinstance(value, dict) and len(found) < len(value):
        owners = [_read_owner(name) for name in value]
        twice = sorted({str(owner) for owner in owners if owners.count(owner) > 1})
        raise ValueError(f"one owner stands twice: {', '.join(twice)}")
    return found


V = TypeVar("V")
ByOwner = Annotated[dict[OwnerName, V], WrapValidator(_one_owner_once)]
Share = Annotated[Decimal, Field(gt=0, le=1, allow_inf_nan=False)]
Count = Annotated[Decimal, Field(ge=0, allow_inf_nan=False, max_digits=30)]


class As(StrEnum):
    """What the found name is the name of."""

    TEAM = "team"
    TENANT = "tenant"


class Metric(StrEnum):
    """What was used in the same hour; `cost` counts what already has an owner."""

    TOKENS = "tokens"
    INPUT_TOKENS = "input_tokens"
    OUTPUT_TOKENS = "output_tokens"
    REQUESTS = "requests"
    COST = "cost"


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class _Rule(Section):
    name: str = Field(min_length=1, max_length=100)
    where: Selection = Field(default=Selection(), description="what it is about; default: all")
    from_: Begin | None = Field(
        default=None, alias="from", description="the first UTC day or instant that it holds"
    )
    until: Begin | None = Field(default=None, description="the first that it does not")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> _Rule:
        if self.from_ and self.until and self.until <= self.from_:
            raise ValueError(f"rule {self.name!r} ends before it begins")
        return self

    def holds_at(self, at: datetime) -> bool:
        began = self.from_ is None or self.from_ <= at
        return began and (self.until is None or at < self.until)


class Direct(_Rule):
    """The whole amount to the owner that a label, the namespace or the tenant names.

    `by: tenant` gives the tenants' own lines a team, before `teams`; the others give an owner to
    what has none.
    """

    kind: Literal["direct"]
    by: str = Field(
        pattern=r"^(namespace|tenant|label:.+)$", description="namespace, tenant or label:NAME"
    )
    as_: As = Field(default=As.TEAM, alias="as", description="what a name not in `owners` is")
    owners: dict[str, OwnerName] = Field(
        default={}, description="name: owner. Without it every name found is the owner"
    )

    @model_validator(mode="after")
    def _tenants_get_teams(self) -> Direct:
        if self.by == "tenant":
            if not self.owners:
                raise ValueError(f"rule {self.name!r}: by tenant, `owners` says whose team")
            if any(owner.tenant for owner in self.owners.values()):
                raise ValueError(f"rule {self.name!r}: a tenant is given a team, no other tenant")
        return self

    @property
    def label(self) -> str | None:
        return self.by.removeprefix("label:") if self.by.startswith("label:") else None


class Proportional(_Rule):
    """To those who used something in the same hour, in proportion to how much.

    With nothing to divide by, the amount stays where it is.
    """

    kind: Literal["proportional"]
    metric: Metric
    among: As = Field(default=As.TENANT, description="whom it is divided among")
    within: tuple[Literal["model", "cluster", "namespace"], ...] = Field(
        default=(), description="divide each by the usage of the same model, cluster, ..."
    )
    used: Selection = Field(default=Selection(), description="the usage counted; default: all")

    @model_validator(mode="after")
    def _counts_what_is_known_of_usage(self) -> Proportional:
        if self.used.labels or self.used.workloads:
            raise ValueError(f"rule {self.name!r}: usage has no workload and no pod labels")
        return self


class Fixed(_Rule):
    """Constant shares. What they leave of 1 is left."""

    kind: Literal["fixed"]
    shares: ByOwner[Share] = Field(min_length=1)

    @model_validator(mode="after")
    def _at_most_the_whole(self) -> Fixed:
        if (total := sum(self.shares.values())) > 1:
            raise ValueError(f"rule {self.name!r} gives away {total}, more than the whole")
        return self


class Driver(Section):
    """An activity, who did how much of it, and what one of it costs.

    The count is a metric of the hour's usage, or given per owner and hour, day or month; of a
    day or a month every hour bears the same part.
    """

    name: str = Field(min_length=1)
    usd: Money = Field(description="the rate: USD for each `units`")
    units: int = Field(default=1, ge=1)
    metric: Literal[
        Metric.REQUESTS, Metric.TOKENS, Metric.INPUT_TOKENS, Metric.OUTPUT_TOKENS, None
    ] = None
    among: As = As.TENANT
    counts: ByOwner[Count] = {}
    per: Literal["hour", "day", "month"] = "month"

    @model_validator(mode="after")
    def _has_one_count(self) -> Driver:
        if (self.metric is None) == (not self.counts):
            raise ValueError(f"driver {self.name!r} needs a metric or counts, and not both")
        if self.usd < Money.zero():
            raise ValueError(f"driver {self.name!r}: a rate is not below zero")
        return self


class ActivityBased(_Rule):
    """Drivers x rates, taken from what the rule is about until that is used up.

    A charge above what is there is scaled down to it, so the total never changes; the dry run
    says how much was not covered.
    """

    kind: Literal["activity"]
    drivers: tuple[Driver, ...] = Field(min_length=1)


Rule = Annotated[Direct | Proportional | Fixed | ActivityBased, Field(discriminator="kind")]


class CategoryRule(Section):
    """Compute that is spent on something of its own: training, data processing, annotation."""

    where: Selection
    category: CostCategory


class TokenWeights(Section):
    """What a token of each class weighs when a model's cost is divided by tokens."""

    input: Decimal = Field(default=Decimal(1), ge=0, le=1_000_000, allow_inf_nan=False)
    cached_input: Decimal = Field(default=Decimal(1), ge=0, le=1_000_000, allow_inf_nan=False)
    output: Decimal = Field(default=Decimal(1), ge=0, le=1_000_000, allow_inf_nan=False)

    @model_validator(mode="after")
    def _something_weighs(self) -> TokenWeights:
        if not (self.input or self.cached_input or self.output):
            raise ValueError("some class of tokens must weigh something")
        return self

    def fractions(self) -> tuple[Fraction, Fraction, Fraction]:
        return Fraction(self.input), Fraction(self.cached_input), Fraction(self.output)


class SelfHosted(Section):
    """How models that run in the clusters are found and divided."""

    models: dict[str, str] = Field(
        default={}, description="model as usage names it: model as its pods are labelled"
    )
    weights: TokenWeights | None = Field(
        default=None, description="default: as measured, else every token the same"
    )


class Attribution(Section):
    """The whole section; without one, nothing but tokens gives anything an owner."""

    teams: dict[str, str] = Field(
        default={}, description="tenant: its team; of all hours, also those that are stated again"
    )
    self_hosted: SelfHosted = SelfHosted()
    categories: tuple[CategoryRule, ...] = ()
    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Attribution:
        names = [rule.name for rule in self.rules]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"rules of one name: {', '.join(repeated)}")
        return self

    def rules_at(self, at: datetime) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.holds_at(at))
