"""Models that are hosted beside models that are bought, in one table that sums to the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from bursar.domain.ledger.lines import CostCategory, Kind, Line, LineKey, Statement
from bursar.domain.ledger.serving import (
    COMPUTE,
    MILLION,
    SELF_HOSTED,
    hosting,
    usd_per_request,
    usd_per_tokens,
)
from bursar.domain.money import Money

_ZERO = Line()


class ClassRates(NamedTuple):
    """USD per million tokens of a class. `input` is what no cache answered."""

    input: Money | None
    cached_input: Money | None
    output: Money | None


@dataclass(frozen=True, slots=True)
class ModelCost:
    """What a model cost: `used` by whom its tokens were served, `idle` around that.

    `by_category` splits both together; `tenants` splits `used`. Rates are on the usage basis,
    or with idle; what has no price divides nothing.
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
        return Money.sum(self.by_category.get(each, Money.zero()) for each in COMPUTE)

    def usd(self, *, with_idle: bool) -> Money:
        return self.total if with_idle else self.used.usd

    def per_million(self, *, with_idle: bool) -> Money | None:
        return usd_per_tokens(self.usd(with_idle=with_idle), self.used)

    def per_thousand(self, *, with_idle: bool) -> Money | None:
        return usd_per_tokens(self.usd(with_idle=with_idle), self.used, 1000)

    def per_request(self, *, with_idle: bool) -> Money | None:
        return usd_per_request(self.usd(with_idle=with_idle), self.used)

    def per_million_by_class(self, *, with_idle: bool) -> ClassRates:
        """By the weights that divided each hour; no rate where some cost was not divided so.

        Idle raises the rate of each class alike.
        """
        tokens, paid = self.used.tokens, self.used.by_class
        scale = self.usd(with_idle=with_idle).over(self.used.usd)
        if scale is None or paid.units != self.used.units:
            return ClassRates(None, None, None)

        def rate(units: int, count: int) -> Money | None:
            if count <= 0:
                return None
            return Money.from_units(units).times(scale * Fraction(MILLION, count))

        return ClassRates(
            input=rate(paid.input, tokens.input - tokens.cached_input),
            cached_input=rate(paid.cached_input, tokens.cached_input),
            output=rate(paid.output, tokens.output),
        )


@dataclass(frozen=True, slots=True)
class ModelTable:
    """Every model, dearest first, the rest of the ledger, and what was booked later; together
    they are its total.

    `booked_later` is by the closed month that it corrects: it is no cost of the window's tokens,
    and in no model's row.
    """

    models: Sequence[ModelCost]
    rest: Money
    booked_later: Mapping[str, Line]
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
    later: dict[str, Line] = {}
    rest = total = 0
    for statement in statements:
        for key, line in statement.lines.items():
            total += line.units
            if key.adjusts:
                later[key.adjusts] = later.get(key.adjusts, _ZERO) + line
            elif (host := hosting(key)) is None:
                rest += line.units
            else:
                sums.setdefault((key.model, host), _Sums()).add(key, line)
    models = [_model_cost(*name, each) for name, each in sums.items()]
    return ModelTable(
        models=sorted(models, key=lambda each: (-each.total.units, each.model, each.hosting)),
        rest=Money.from_units(rest),
        booked_later=dict(sorted(later.items())),
        total=Money.from_units(total),
    )


def _model_cost(model: str, hosting: str, sums: _Sums) -> ModelCost:
    return ModelCost(
        model=model,
        hosting=hosting,
        used=sums.used,
        idle=sums.idle,
        by_category={each: Money.from_units(units) for each, units in sums.by_category.items()},
        tenants=dict(sorted(sums.tenants.items(), key=lambda item: (-item[1].units, item[0]))),
    )
