"""The SQL of the rollup, run by DuckDB on rows as Firehose leaves them, and its sums posted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bursar.adapters.athena.sums import rollup_sql
from bursar.adapters.token_prices.genai import GenaiTokenPrices
from bursar.adapters.usage_formats.reading import read
from bursar.domain.ledger.entries import sum_leaves
from bursar.domain.periods import HOUR, Window
from bursar.domain.usage.billing import bill
from bursar.domain.usage.rejections import Rejection
from bursar.domain.usage.routes import ModelRoutes
from bursar.jobs.rollup_usage import RolledUp
from tests.contract.bulk_guard import COLUMNS, GATEWAY, TEN, TWELVE, Guard, told


@pytest.fixture
def guard(tmp_path: Path) -> Guard:
    return Guard(tmp_path)


def test_records_become_one_leaf_with_their_sums_and_the_price_that_each_would_pay(
    guard: Guard,
) -> None:
    rows = [told("1"), told("2"), told("3", cached_input_tokens=0)]
    guard.sums.arrive(TEN, *rows)
    guard.sums.arrive(TEN + HOUR, told("4", tenant="bolt"))
    assert guard.run() == RolledUp(groups=2, posted=2, rejected=0)
    singly = []
    for row in [*rows, told("4", tenant="bolt")]:
        [placed] = read(json.dumps(row), GATEWAY)
        assert not isinstance(placed, Rejection)
        record = placed.record
        price = GenaiTokenPrices().price_at(record.provider, record.model, record.at)
        singly.append(bill(record, price, ModelRoutes()))
    for key, leaf in sum_leaves(singly).items():
        found = guard.leaves()[key]
        assert (found.requests, found.tokens) == (leaf.requests, leaf.tokens)
        assert found.amounts == leaf.amounts


def test_what_is_told_twice_counts_once_in_whatever_file_it_came(guard: Guard) -> None:
    guard.sums.arrive(TEN, told("1"), told("1"), told("2"))
    guard.sums.arrive(TEN + HOUR, told("2"), told("1"))
    guard.run()
    [leaf] = guard.leaves().values()
    assert (leaf.requests, leaf.tokens.input) == (2, 2000)


def test_of_two_bodies_with_one_id_the_first_that_arrived_counts(guard: Guard) -> None:
    guard.sums.arrive(TEN + HOUR, told("1", input_tokens=9000))
    guard.sums.arrive(TEN, told("1", input_tokens=4000))
    guard.run()
    [leaf] = guard.leaves().values()
    assert leaf.tokens.input == 4000


def test_an_hour_of_arrival_is_summed_when_it_is_over_so_that_the_first_telling_stays(
    guard: Guard,
) -> None:
    guard.sums.arrive(TEN + HOUR, told("1", tenant="bolt", input_tokens=9000))
    assert guard.run(Window(TEN, TEN + HOUR)).posted == 0  # at 11:17 more can come
    guard.sums.arrive(TEN + HOUR, told("1", input_tokens=4000), told("2", input_tokens=3000))
    assert guard.run() == RolledUp(groups=2, posted=2, rejected=0)
    assert {key.tenant: leaf.tokens.input for key, leaf in guard.leaves().items()} == {
        "bolt": 9000,
        "acme": 3000,
    }
    assert guard.run(TWELVE) == RolledUp(groups=2, posted=0, rejected=0)


def test_two_bodies_in_one_file_have_an_order_since_all_that_is_summed_is_in_it() -> None:
    _, order = rollup_sql().split("ORDER BY")
    ordered = set(order[: order.index(")")].replace(",", " ").replace('"', "").split())
    names = {"key_alias" if name == "key" else name for name in COLUMNS}
    assert ordered == names - {"id", "currency"} | {"arrived", "file"}


def test_a_run_again_posts_nothing_and_late_records_post_the_difference(guard: Guard) -> None:
    guard.sums.arrive(TEN, told("1"), told("2"))
    assert guard.run().posted == 1
    assert guard.run().posted == 0
    guard.sums.arrive(TEN + 2 * HOUR, told("2"), told("late", input_tokens=7000))
    assert guard.run(TWELVE).posted == 1
    [leaf] = guard.leaves().values()
    assert (leaf.entries, leaf.requests, leaf.tokens.input) == (2, 3, 9000)
    assert guard.run(TWELVE).posted == 0


def test_what_was_posted_is_in_the_archive_to_be_verified(guard: Guard) -> None:
    guard.sums.arrive(TEN, told("1"))
    guard.run()
    [record] = guard.archive.records(Window(TEN, TEN + HOUR))
    assert record.id.startswith("bulk/2026-11-20T10/")
    assert record.id.endswith("/0")


def test_sums_that_fall_are_listed_and_take_nothing_back(guard: Guard, tmp_path: Path) -> None:
    guard.sums.arrive(TEN, told("1"))
    guard.sums.arrive(TEN, told("2"))
    guard.run()
    next(tmp_path.rglob("002.json")).unlink()
    assert guard.run() == RolledUp(groups=1, posted=0, rejected=1)
    [row] = guard.quarantine.rejected()
    assert "less than was posted" in row.reason
    assert sum(leaf.requests for leaf in guard.leaves().values()) == 2
