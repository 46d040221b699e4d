"""Usage files costed by the product, and beside it by the slow, obvious way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bursar.adapters.usage_files import line_file
from bursar.adapters.usage_files.lines import read_chunks
from bursar.adapters.usage_files.summing import cost_files
from bursar.domain.money import Money
from bursar.domain.usage.file_costs import Dimension, UsageCosts
from bursar.domain.usage.price_books import OwnTokenPrices
from bursar.domain.usage.price_rows import TokenPriceRow
from tests.contract import usage_reference

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def row(model: str, **terms: Any) -> Any:
    told = {"input_usd_per_million": "2.50", "output_usd_per_million": "10"} | terms
    return TokenPriceRow.model_validate({"model": model} | told).token_price


BOOK = OwnTokenPrices(
    [
        row("gpt", cached_input_usd_per_million="1.25", reasoning_usd_per_million="7.1234567"),
        row("dated", **{"from": "2026-11-01"}),
        row("dated", **{"from": "2026-11-10T13:30:00Z", "input_usd_per_million": "0.1234567"}),
        row(
            "tiered",
            tiers=[
                {
                    "above_input_tokens": 1000,
                    "input_usd_per_million": "5",
                    "output_usd_per_million": "20",
                }
            ],
            batch={"input_usd_per_million": "1", "output_usd_per_million": "2"},
        ),
    ]
)


def costs(*paths: Path, by: str = "model", book: Any = BOOK) -> UsageCosts:
    return cost_files(paths, book, [Dimension(name) for name in by.split(",")], NOW)


def assert_same_as_reference(*paths: Path, by: str = "model", book: Any = BOOK) -> UsageCosts:
    found = costs(*paths, by=by, book=book)
    expected = usage_reference.cost(list(paths), book, by.split(","), NOW)
    figures = {each.by: (each.requests, each.tokens) for each in found.rows}
    assert figures == {by: (told[0], told[1]) for by, told in expected["rows"].items()}
    for each in found.rows:
        exact = expected["rows"][each.by][2]
        assert (each.usd is None) == (exact is None)
        if each.usd is not None:
            assert abs(each.usd.units - exact) < 1
    priced = [told[2] for told in expected["rows"].values() if told[2] is not None]
    if expected["rows"] and not priced:
        assert found.total.usd is None
    else:
        assert found.total.usd == Money.sum(each.usd for each in found.rows if each.usd)
        assert found.total.usd == Money.from_units(round(sum(priced)))
    assert {each.model: each.tokens for each in found.unpriced} == expected["unpriced"]
    assert (found.duplicates, found.conflicts) == (expected["duplicates"], expected["conflicts"])
    assert [(e.file, e.line, e.reason) for e in found.rejected] == expected["rejected"]
    return found


GOOD = {
    "id": "a",
    "at": "2026-11-10T13:29:59Z",
    "tenant": "acme",
    "model": "gpt",
    "input_tokens": 1000,
    "output_tokens": 10,
}


@contextmanager
def chunks_of(size: int) -> Iterator[None]:
    """Files are read so many bytes at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_file, "read_chunks", lambda path, csv: read_chunks(path, csv, size))
        yield
