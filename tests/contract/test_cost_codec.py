"""Closed hours as bytes: exact, stable, and in pieces that fit into an item."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from bursar.adapters import cost_codec
from bursar.adapters.row_chunks import CHUNK_BYTES
from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.hours import Category, HourCosts, RowKey, Unpriced
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.quality import Quality
from tests.contract.closed_hours import closed, many_rows

texts = some.text(max_size=12)
labels = some.dictionaries(texts, texts, max_size=3).map(lambda d: tuple(sorted(d.items())))
keys = some.builds(
    RowKey,
    namespace=texts,
    workload=texts,
    model=texts,
    node_group=texts,
    zone=texts,
    labels=labels,
)
units = some.integers(-(10**36), 10**36)
rows = some.dictionaries(some.sampled_from(Category), units.map(Money.from_units), min_size=1)
starts = some.integers(0, 500_000).map(
    lambda n: datetime(2026, 1, 1, tzinfo=UTC) + n * timedelta(hours=1)
)
hours = some.builds(
    HourCosts,
    cluster=texts,
    window=starts.map(lambda start: Window(start, start + timedelta(hours=1))),
    quality=some.sampled_from(Quality),
    known_seconds=some.integers(0, 3600),
    basis=some.sampled_from(Basis),
    rows=some.dictionaries(keys, rows, max_size=5),
    unpriced=some.lists(some.builds(Unpriced, texts, texts), max_size=3).map(tuple),
    as_of=some.integers(0, 2**40),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(hours)
def test_any_hour_comes_back_from_its_bytes(told: HourCosts) -> None:
    header, chunks = cost_codec.encode(told)
    found = cost_codec.decode(header, chunks)
    assert found == told
    assert found.total == told.total


def test_the_same_hour_gives_the_same_bytes_whatever_the_order_of_its_rows() -> None:
    told = many_rows(50)
    backwards = dict(reversed(told.items()))
    assert cost_codec.encode(closed(told)) == cost_codec.encode(closed(backwards))


def test_rows_that_compress_badly_are_divided_further() -> None:
    told = closed(many_rows(9_000, amount="0.987654321098"))
    header, chunks = cost_codec.encode(told)
    assert max(map(len, chunks)) <= CHUNK_BYTES
    assert cost_codec.decode(header, chunks).rows == told.rows


def test_of_very_many_unpriced_things_500_are_named_in_a_header_that_fits() -> None:
    unpriced = tuple(Unpriced(f"node-{n}", "no price for p5.48xlarge") for n in range(5_000))
    header, chunks = cost_codec.encode(closed(unpriced=unpriced))
    assert len(header) < 100_000
    assert cost_codec.decode(header, chunks).unpriced == unpriced[:500]
