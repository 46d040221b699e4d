"""The metered book against a model provider's own cost API, by day and model.

billed - metered = other charges + not metered + not billed + (each model of both: unpriced,
                   partly unpriced or residual) + what was booked later, after the month was closed
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from bursar.domain.ledger.lines import Line, LineKey, Statement
from bursar.domain.money import Money
from bursar.domain.reconciliation.aws_bill import TOLERANCE
from bursar.domain.reconciliation.corrections import (
    LATER,
    BookedLater,
    booked_later,
    sum_moves,
    with_moves,
)
from bursar.domain.usage.model_names import name_sold_by
from bursar.domain.usage.providers import provider_name

_RELEASE = re.compile(r"[-@](?:\d{8}|\d{4}-\d{2}-\d{2}|\d{4}|latest)$")

OTHER, NOT_METERED, NOT_BILLED, RESIDUAL, UNPRICED, PARTLY_UNPRICED = (
    "other charges",
    "not metered",
    "not billed",
    "residual",
    "unpriced",
    "partly unpriced",
)
_BOOKED_LATER = (UNPRICED, PARTLY_UNPRICED, RESIDUAL, NOT_METERED, NOT_BILLED)


class ProviderBillUnavailableError(Exception):
    """A provider's cost API could not be asked, or answered what is no bill."""


class ProviderKeyMissingError(ProviderBillUnavailableError):
    """The secret that a provider's admin key is to be read from is not there, or holds no text."""


@dataclass(frozen=True, slots=True)
class ProviderFact:
    """What a provider bills of one UTC day; no model: not for tokens (`item` says what for)."""

    provider: str
    day: date
    model: str
    item: str
    amount: Money


@dataclass(frozen=True, slots=True)
class ModelDay:
    """One model of one day. `cause` names what its difference is, and `metered` is None where
    nothing that was metered has a price: unknown, and all that is billed differs."""

    day: date
    model: str
    billed: Money
    metered: Money | None
    cause: str

    @property
    def difference(self) -> Money:
        return self.billed - (self.metered or Money.zero())


@dataclass(frozen=True, slots=True)
class ProviderReconciliation:
    """`corrected` is what each model of the month was corrected by since, in 10^-12 USD."""

    provider: str
    rows: tuple[ModelDay, ...]
    corrected: Mapping[str, int] = field(default_factory=dict)

    @property
    def billed(self) -> Money:
        return Money.sum(row.billed for row in self.rows)

    @property
    def metered(self) -> Money | None:
        """What is known of it; None where nothing that was metered has a price."""
        own = [row.metered for row in self.rows if row.cause not in (OTHER, NOT_METERED)]
        known = [usd for usd in own if usd is not None]
        return None if own and not known else Money.sum(known)

    @property
    def parts(self) -> dict[str, Money]:
        sums: dict[str, Money] = {}
        for row in self.rows:
            sums[row.cause] = sums.get(row.cause, Money.zero()) + row.difference
        return with_moves(sums, self.moved)

    @property
    def moved(self) -> Mapping[str, Money]:
        """What was booked later, and the causes of rows that it is out of: it names no day."""
        return sum_moves(
            later.moves(LATER, NOT_BILLED if later.rest > 0 else NOT_METERED)
            for later in self._booked_later()
        )

    @property
    def unexplained(self) -> Money:
        """Gross by day and model: all but charges that are not for tokens."""
        own = (row.difference for row in self.rows if row.cause != OTHER)
        later = 0
        for each in self._booked_later():
            later += sum(map(abs, each.explains.values())) - abs(each.rest)
        return Money.sum(max(usd, -usd) for usd in own) - Money.from_units(later)

    def _booked_later(self) -> list[BookedLater]:
        """What of each model was metered after the month was closed."""
        found = []
        for model, corrected in self.corrected.items():
            own = [row for row in self.rows if row.model == model]
            differences = {
                cause: [row.difference.units for row in own if row.cause == cause]
                for cause in _BOOKED_LATER
            }
            found.append(booked_later(corrected, differences))
        return found

    @property
    def agrees(self) -> bool | None:
        if not self.rows:
            return None
        share = self.unexplained.over(
            Money.sum(row.billed for row in self.rows if row.cause != OTHER)
        )
        return not self.unexplained if share is None else abs(share) <= TOLERANCE


def reconcile_provider(
    provider: str,
    facts: Iterable[ProviderFact],
    days: Iterable[Statement],
    corrected: Mapping[LineKey, int] | None = None,
) -> ProviderReconciliation:
    """Compare a bill with the metered days; a model's dated release is the model. `corrected` is
    what their month was corrected by since: see `corrections`."""
    billed: dict[tuple[date, str], int] = {}
    other: dict[tuple[date, str], int] = {}
    for fact in facts:
        into = billed if fact.model else other
        place = (fact.day, family(provider, fact.model) if fact.model else fact.item)
        into[place] = into.get(place, 0) + fact.amount.units
    metered = metered_models(provider, days)
    rows = [
        _row(day, model, billed.get((day, model)), metered.get((day, model)))
        for day, model in sorted(billed.keys() | metered.keys())
    ]
    rows += [
        ModelDay(day, item, Money.from_units(units), Money.zero(), OTHER)
        for (day, item), units in sorted(other.items())
    ]
    models: dict[str, int] = {}
    for key, units in (corrected or {}).items():
        if key.seller == provider_name(provider) and not key.cluster:
            model = family(provider, key.model)
            models[model] = models.get(model, 0) + units
    return ProviderReconciliation(provider, tuple(rows), models)


def metered_models(provider: str, days: Iterable[Statement]) -> Mapping[tuple[date, str], Line]:
    """Sums by day and model, without corrections of closed months."""
    seller = provider_name(provider)
    sums: dict[tuple[date, str], Line] = {}
    for statement in days:
        for key, line in statement.lines.items():
            if key.seller == seller and not key.cluster and not key.adjusts:
                place = (statement.window.start.date(), family(provider, key.model))
                sums[place] = sums[place] + line if place in sums else line
    return sums


def family(provider: str, model: str) -> str:
    """`gpt-4o` of `openai/gpt-4o-2024-08-06`, `gpt-4` of `gpt-4-0613`, `claude-sonnet-4` of
    `claude-sonnet-4-20250514`: without what gateways put before it, and without its date."""
    return _RELEASE.sub("", name_sold_by(provider, model.strip()))


def _row(day: date, model: str, billed: int | None, metered: Line | None) -> ModelDay:
    known = metered.known_usd if metered else Money.zero()
    return ModelDay(day, model, Money.from_units(billed or 0), known, _cause(billed, metered))


def _cause(billed: int | None, metered: Line | None) -> str:
    if metered is None:
        return NOT_METERED
    if billed is None:
        return NOT_BILLED
    if metered.known_usd is None:
        return UNPRICED
    lacks = metered.unpriced_requests or metered.unpriced.total
    return PARTLY_UNPRICED if lacks and billed > metered.units else RESIDUAL
