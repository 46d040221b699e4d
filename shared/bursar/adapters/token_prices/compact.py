"""Writes `genai_prices.json` from the package genai-prices: what tokens cost, and no more.

    python -m bursar.adapters.token_prices.compact genai_prices.json

`make` runs it once, when it installs. The package itself takes a second to import and brings an
HTTP client along; what is written here is read in milliseconds, by the command line and in Lambda
alike. One model stands on a line. genai-prices is MIT: its notice is kept in the file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

_RATES = {
    "input_mtok": "input",
    "cache_read_mtok": "cached_input",
    "cache_write_mtok": "cache_write_5m",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_mtok": "output",
    "output_reasoning_mtok": "reasoning",
    "requests_kcount": "per_thousand_requests",
}
_BATCH = {"processing": "batch"}
_CLAUSES = ("starts_with", "ends_with", "contains", "regex", "equals")


def main(target: str) -> None:
    Path(target).write_text(compact_text(), encoding="utf-8")


def compact_text() -> str:
    """The whole file, one model a line."""
    from genai_prices.data import providers  # slow, and needed here alone

    package = distribution("genai-prices")
    head = {
        "source": f"genai-prices {package.version}",
        "licence": " ".join((package.read_text("licenses/LICENSE") or "").split()),
    }
    blocks = [_provider(each) for each in providers]
    return f"{_json(head)[:-1]},\n" + '"providers":[\n' + ",\n".join(blocks) + "\n]}\n"


def _provider(provider: Any) -> str:
    told = {
        "id": provider.id,
        "model_match": _clause(provider.model_match),
        "provider_match": _clause(provider.provider_match),
        "fallbacks": list(provider.fallback_model_providers or []),
    }
    models = ",\n".join(_json(_model(model)) for model in provider.models)
    kept = {name: value for name, value in told.items() if value}
    return f'{_json(kept)[:-1]},"models":[\n{models}\n]}}'


def _model(model: Any) -> dict[str, Any]:
    rows = model.prices if isinstance(model.prices, list) else [_Always(model.prices)]
    told: dict[str, Any] = {
        "id": model.id,
        "match": _clause(model.match),
        "prices": [_row(row) for row in rows],
    }
    if batch := [_row(each) for each in model.price_variants or () if each.when == _BATCH]:
        told["batch"] = batch
    return told


class _Always:
    constraint = None

    def __init__(self, prices: Any) -> None:
        self.prices = prices


def _row(row: Any) -> dict[str, Any]:
    return dict(_constraint(row.constraint)) | {"rates": _rates(vars(row.prices))}


def _constraint(constraint: Any) -> Iterator[tuple[str, Any]]:
    if constraint is None:
        return
    if hasattr(constraint, "start_date"):
        yield "from", constraint.start_date.isoformat()
    else:
        ends = (constraint.start_time, constraint.end_time)
        if any(end.utcoffset() for end in ends):
            raise ValueError(f"an hour that is not in UTC: {constraint}")
        yield "daily", [end.hour * 3600 + end.minute * 60 + end.second for end in ends]


def _rates(prices: Mapping[str, Any]) -> dict[str, Any]:
    return {
        ours: _rate(prices[theirs])
        for theirs, ours in _RATES.items()
        if prices.get(theirs) is not None
    }


def _rate(price: Any) -> Any:
    """A text of digits; or, with tiers, the base and [tokens, rate] of each."""
    if not hasattr(price, "tiers"):
        return f"{price:f}"
    return [f"{price.base:f}", *([tier.start, f"{tier.price:f}"] for tier in price.tiers)]


def _clause(clause: Any) -> dict[str, Any] | None:
    if clause is None:
        return None
    for joint, attribute in (("or", "or_"), ("and", "and_")):
        if hasattr(clause, attribute):
            return {joint: [_clause(part) for part in getattr(clause, attribute)]}
    name = next(name for name in _CLAUSES if hasattr(clause, name))
    text = getattr(clause, name)
    return {name: text if name == "regex" else text.lower()}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    main(sys.argv[1])
