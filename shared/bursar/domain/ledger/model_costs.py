"""Models that are hosted beside models that are bought, in one table that sums to the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from bursar.domain.attribution.self_hosted import EVERY_TOKEN_THE_SAME, Weights, weigh
from bursar.domain.ledger.lines import CostCategory, Kind, Line, LineKey, Statement
from bursar.domain.ledger.reports import MILLION, usd_per_million
from bursar.domain.money import Money

SELF_HOSTED = "self_hosted"
_COMPUTE = (CostCategory.GPU_COMPUTE, CostCategory.CPU_COMPUTE, CostCategory.MEMORY)
_HOSTING = frozenset({*_COMPUTE, CostCategory.STORAGE, CostCategory.NETWORK})
_ZERO = Line()


@dataclass(frozen=True, slots=True)
class ModelCost:
    """What a model cost: `used` by whom its tokens were served, `idle` around that.

    `by_category` splits both together; `tenants` splits `used`.
    """

    model: str
    hosting: str  # SELF_HOSTED, or the provider that it is bought from
    used: Line
    idle: Line
    by_category: Mapping[CostCategory, Money]
    tenants: Mapping[str, Line]

    @property
    def is_self_hosted(self) -> bool:
        return self.hosting == SELF_HOSTED

    @property
    def total(self) -> Money:
        """The allocation basis: with its share of idle."""
        return self.used.usd + self.idle.usd

    @property
    def utilisation(self) -> Fraction | None:
        """The usage basis as a share of the allocation basis; None for what is bought."""
        return self.used.usd.over(self.total) if self.is_self_hosted else None

    @property
    def compute(self) -> Money:
        return Money.sum(self.by_category.get(each, Money.zero()) for each in _COMPUTE)

    @property
    def per_million_used(self) -> Money | None:
        return usd_per_million(self.used.usd, self.used.tokens.total)

    @property
    def per_million(self) -> Money | None:
        return usd_per_million(self.total, self.used.tokens.total)

    @property
    def per_thousand(self) -> Money | None:
        tokens = self.used.tokens.total
        return self.total.times(Fraction(1000, tokens)) if tokens else None

    @property
    def per_request(self) -> Money | None:
        requests = self.used.requests
        return self.total.times(Fraction(1, requests)) if requests else None

    def per_million_of_class(
        self, weights: Weights = EVERY_TOKEN_THE_SAME, *, with_idle: bool = True
    ) -> tuple[Money, Money] | None:
        """USD per million input tokens (not cached) and output tokens, by their weights."""
        weight = weigh(self.used.tokens, weights)
        if not self.is_self_hosted or not weight:
            return None
        usd = self.total if with_idle else self.used.usd
        of_input, _, of_output = weights
        return usd.times(of_input * MILLION / weight), usd.times(of_output * MILLION / weight)


@dataclass(frozen=True, slots=True)
class ModelTable:
    """Every model, dearest first, and the rest of the ledger; together they are its total."""

    models: Sequence[ModelCost]
    rest: Money
    total: Money


@dataclass(slots=True)
class _Sums:
    used: Line = _ZERO
    idle: Line = _ZERO
    by_category: dict[CostCategory, int] = field(default_factory=dict)
    tenants: dict[str, Line] = field(default_factory=dict)

    def add(self, key: LineKey, line: Line) -> None:
        self.by_category[key.category] = self.by_category.get(key.category, 0) + line.units
        if key.kind is Kind.IDLE:
            self.idle += line
            return
        self.used += line
        self.tenants[key.tenant] = self.tenants.get(key.tenant, _ZERO) + line


def model_table(statements: Iterable[Statement]) -> ModelTable:
    """Sum lines by model. Training and what has no model is the rest."""
    sums: dict[tuple[str, str], _Sums] = {}
    rest = total = 0
    for statement in statements:
        for key, line in statement.lines.items():
            total += line.units
            if (hosting := _hosting(key)) is None:
                rest += line.units
            else:
                sums.setdefault((key.model, hosting), _Sums()).add(key, line)
    models = [_model_cost(*name, each) for name, each in sums.items()]
    return ModelTable(
        models=sorted(models, key=lambda each: (-each.total.units, each.model, each.hosting)),
        rest=Money.from_units(rest),
        total=Money.from_units(total),
    )


def _hosting(key: LineKey) -> str | None:
    if not key.model:
        return None
    if key.category is CostCategory.EXTERNAL_API:
        return key.provider or "api"
    return SELF_HOSTED if key.category in _HOSTING else None


def _model_cost(model: str, hosting: str, sums: _Sums) -> ModelCost:
    return ModelCost(
        model=model,
        hosting=hosting,
        used=sums.used,
        idle=sums.idle,
        by_category={each: Money.from_units(units) for each, units in sums.by_category.items()},
        tenants=dict(sorted(sums.tenants.items(), key=lambda item: (-item[1].units, item[0]))),
    )
