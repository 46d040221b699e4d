"""Public token prices: the data of genai-prices, as `compact` wrote it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from bursar.domain.periods import midnight
from bursar.domain.usage.model_names import is_own_model, price_names
from bursar.domain.usage.prices import (
    ContextTier,
    PriceBreaks,
    TokenPrice,
    TokenRates,
    long_write_rate,
)

_DATA = Path(__file__).with_name("genai_prices.json")
_COMPACT_DAY = re.compile(r"-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")

_Clause = Mapping[str, Any]
_Row = Mapping[str, Any]


class _Found(NamedTuple):
    provider: str
    model: Mapping[str, Any]
    resold: bool  # then the data's batch prices are of another seller

    @property
    def batch(self) -> Sequence[_Row]:
        return () if self.resold else self.model.get("batch", ())


class GenaiTokenPrices:
    """What model providers publish, dated where the data is.

    A model is found as genai-prices finds it: by its provider's clauses, then by those of the
    providers whose models it resells. Without a provider the name must tell one, and a name
    that many sell (`llama-3-70b`) has no price. A model that is billed by the hour or the page
    has none either, nor has one that was customised on Bedrock. Batches have a price of their
    own where, and since when, the data has it.
    """

    def __init__(self, path: Path = _DATA) -> None:
        self._path = path
        self._found: dict[tuple[str, str], _Found | None] = {}
        self._prices: dict[tuple[str | int, ...], TokenPrice] = {}

    @property
    def source(self) -> str:
        return str(self._data["source"])

    def price_at(self, provider: str, model: str, at: datetime) -> TokenPrice | None:
        found = self._find(provider, model)
        row = _in_force(found.model["prices"], at) if found else None
        if found is None or row is None or "input" not in row["rates"]:
            return None
        batch = [each for each in found.batch if _holds(each, at.astimezone(UTC))]
        name: tuple[str | int, ...] = (provider, model, *map(id, (row, *batch)))  # rows live on
        if name not in self._prices:
            self._prices[name] = TokenPrice(
                provider=found.provider,
                model=found.model["id"],
                source=self.source,
                tiers=_tiers(found.model["id"], row["rates"]),
                batch_tiers=_tiers(found.model["id"], _batch_rates(row, batch)) if batch else (),
                effective_from=_begin(row),
            )
        return self._prices[name]

    def breaks(self, provider: str, model: str, *, batch: bool) -> PriceBreaks:
        found = self._find(provider, model)
        if found is None:
            return PriceBreaks()
        rows = [*found.model["prices"], *(found.batch if batch else ())]
        return PriceBreaks(
            instants=tuple(sorted({begin for row in rows if (begin := _begin(row))})),
            seconds_of_day=tuple(sorted({s for row in rows for s in row.get("daily", ())} - {0})),
            above_input_tokens=tuple(sorted({t for row in rows for t in _starts(row["rates"])})),
        )

    @cached_property
    def _data(self) -> Mapping[str, Any]:
        data: Mapping[str, Any] = json.loads(self._path.read_bytes())
        return data

    @cached_property
    def _providers(self) -> Mapping[str, Mapping[str, Any]]:
        return {each["id"]: each for each in self._data["providers"]}

    def _find(self, provider: str, model: str) -> _Found | None:
        key = (provider, model)
        if key not in self._found:
            names = () if is_own_model(model) else price_names(provider, model)
            found = (self._sold_as(*name) for name in names)
            self._found[key] = next((each for each in found if each), None)
        return self._found[key]

    def _sold_as(self, seller: str, model: str) -> _Found | None:
        provider = self._provider(seller, model.lower())
        if provider is None:
            return None
        sellers = [provider, *(self._providers[each] for each in provider.get("fallbacks", ()))]
        for name in _spellings(model.lower()):
            for each in sellers:
                for told in each["models"]:
                    if _matches(told["match"], name):
                        return _Found(provider["id"], told, resold=each is not provider)
        return None

    def _provider(self, seller: str, model: str) -> Mapping[str, Any] | None:
        if exact := self._providers.get(seller):
            return exact
        clause, text = ("provider_match", seller) if seller else ("model_match", model)
        told = (each for each in self._data["providers"] if clause in each)
        return next((each for each in told if _matches(each[clause], text)), None)


def _spellings(model: str) -> Iterator[str]:
    """As told; and `-20251211`, as gateways write a day, as `-2025-12-11`."""
    yield model
    if (dashed := _COMPACT_DAY.sub(r"-\1-\2-\3", model)) != model:
        yield dashed


def _matches(clause: _Clause, text: str) -> bool:
    ((kind, told),) = clause.items()
    if kind in ("or", "and"):
        each = (_matches(part, text) for part in told)
        return any(each) if kind == "or" else all(each)
    match kind:
        case "starts_with":
            return text.startswith(str(told))
        case "ends_with":
            return text.endswith(str(told))
        case "contains":
            return str(told) in text
        case "equals":
            return text == str(told)
        case _:
            return re.search(told, text) is not None


def _in_force(rows: Sequence[_Row], at: datetime) -> _Row | None:
    """The last row whose day has come and whose hours it is; later rows go before earlier."""
    return next((row for row in reversed(rows) if _holds(row, at.astimezone(UTC))), None)


def _batch_rates(row: _Row, batch: Sequence[_Row]) -> dict[str, Any]:
    """Of the batch prices that hold, each token class has that of the first that tells one: they
    go before later ones, other than the rows of prices do."""
    rates = dict(row["rates"])
    for each in reversed(batch):
        rates |= each["rates"]
    return rates


def _holds(row: _Row, at: datetime) -> bool:
    if begin := _begin(row):
        return at >= begin
    if daily := row.get("daily"):
        start, end = daily
        second = at.hour * 3600 + at.minute * 60 + at.second
        if end < start:
            return bool(second >= start or second < end)
        return bool(start <= second < end)
    return True


def _begin(row: _Row) -> datetime | None:
    return midnight(date.fromisoformat(row["from"])) if "from" in row else None


def _starts(rates: Mapping[str, Any]) -> set[int]:
    return {start for rate in rates.values() if isinstance(rate, list) for start, _ in rate[1:]}


def _tiers(model: str, rates: Mapping[str, Any]) -> tuple[ContextTier, ...]:
    starts = sorted({0, *_starts(rates)})
    return tuple(ContextTier(start, _rates(model, rates, start)) for start in starts)


def _rates(model: str, rates: Mapping[str, Any], start: int) -> TokenRates:
    """The rates of requests just above `start`. Embeddings have no output, and no price for it."""
    told = {name: _rate(rate, start) for name, rate in rates.items()}
    told.setdefault("output", Decimal(0))
    if "cache_write_5m" in told and "cache_write_1h" not in told:
        told["cache_write_1h"] = long_write_rate(model, told["input"], told["cache_write_5m"])
    return TokenRates(**told)


def _rate(rate: Any, start: int) -> Decimal:
    if isinstance(rate, str):
        return Decimal(rate)
    reached = rate[0]
    for begin, above in rate[1:]:
        if start >= begin:
            reached = above
    return Decimal(reached)
