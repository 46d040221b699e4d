"""What every ledger store does: a posting whole or not at all, each entry once, sums exact."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from bursar.adapters.dynamodb.ledger import entries as entry_items
from bursar.adapters.dynamodb.ledger.leaf_keys import read_leaf_key, write_leaf_key
from bursar.domain.ledger.entries import Leaf, LeafKey, Pricing
from bursar.domain.ledger.planning import LARGEST_UNITS, entry_of, plan
from bursar.domain.ledger.postings import CancelReason, PostingCancelledError
from bursar.domain.periods import HOUR, Window
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import TokenCounts, TokenSums
from tests.contract.ledger_books import ONE_PM, Books, books_on, entry, record, units

HOSTILE = ['a"b', "#", "\x00\x1f", "ü" * 64, "~", "\u2028", "<script>", '","x', "-" * 128]


@pytest.fixture
def books(backing: Any) -> Books:
    return books_on(backing)


def test_a_posting_adds_its_entries_to_their_leaf(books: Books) -> None:
    books.post(entry("1", 7), entry("2", 5), entry("3", 1, tenant="ads"))
    books.post(entry("4", 10))
    search = LeafKey(ONE_PM, "search", "gpt-x")
    tokens = TokenCounts(input=300, output=30)
    assert books.ledger.leaves(ONE_PM) == {
        search: Leaf(3, 3, tokens, ClassAmounts(input=7 + 5 + 10)),
        search._replace(tenant="ads"): Leaf(
            1, 1, TokenCounts(input=100, output=10), ClassAmounts(input=1)
        ),
    }


def test_an_entry_comes_back_as_it_was_posted_without_its_user(books: Books) -> None:
    told = entry(
        "1",
        units=-3,
        tenant="search",
        feature="answers",
        key="k1",
        provider="openai",
        user="ana",
        pricing=Pricing.UNPRICED,
        shadow="litellm",
    )
    told = replace(
        told, tokens=TokenCounts(9, 1, 2, 3, 4, 4), amounts=ClassAmounts(1, 2, 3, 4, 5, 6)
    )
    books.post(told)
    assert books.reader.entries([told.name]) == {told.name: replace(told, user="")}
    assert books.ledger.digests([told.name]) == {told.name: told.digest}


def test_one_entry_that_exists_keeps_the_whole_posting_out(books: Books) -> None:
    books.post(entry("1", 7))
    with pytest.raises(PostingCancelledError) as refused:
        books.post(entry("1", 7), entry("2", 5))
    assert refused.value.reason is CancelReason.EXISTS
    assert units(books) == 7
    assert set(books.ledger.digests([("gateway", "1"), ("gateway", "2")])) == {("gateway", "1")}


def test_more_ids_than_one_request_takes_are_all_read(books: Books) -> None:
    told = [entry(f"{n:04}") for n in range(230)]
    books.post(*told)
    names = [each.name for each in told]
    assert books.ledger.digests([*names, ("gateway", "?")]) == {
        each.name: each.digest for each in told
    }


def test_a_full_posting_of_a_hundred_items_is_written(books: Books) -> None:
    told = [entry(f"{n:03}", 1) for n in range(97)]
    (posting,) = plan(told)
    assert posting.items == 97 + 1 + 1 + 1  # the leaf, the month's gate, the hour's mark
    books.ledger.post(posting, shard=0)
    assert units(books) == 97


def test_shards_of_a_leaf_are_summed(books: Books) -> None:
    for shard in range(16):
        for posting in plan([entry(f"{shard}", 2**shard)]):
            books.ledger.post(posting, shard)
    (leaf,) = books.ledger.leaves(ONE_PM).values()
    assert (leaf.entries, leaf.amounts.units) == (16, 2**16 - 1)


def test_corrections_are_signed_and_together_may_leave_nothing(books: Books) -> None:
    tokens = TokenSums(4, 9, output=-2)
    more = replace(entry("1", 5), requests=2, tokens=tokens, counts_as=3)
    less = replace(entry("2", -5), requests=-2, tokens=-tokens, counts_as=-3)
    books.post(more, less)
    assert books.ledger.leaves(ONE_PM) == {more.key: Leaf()}
    assert books.reader.entries([less.name]) == {less.name: less}


def test_an_hour_holds_its_own_leaves_alone(books: Books) -> None:
    hours = [ONE_PM + timedelta(hours=n) for n in (-1, 0, 1)]
    books.post(*(entry(f"{n}", 10**n, at=hour) for n, hour in enumerate(hours)))
    assert [units(books, [hour]) for hour in hours] == [1, 10, 100]


def test_shadow_leaves_are_a_book_of_their_own(books: Books) -> None:
    books.post(entry("1", 7), entry("2", 100, shadow="litellm"))
    assert units(books) == 7
    assert units(books, shadow=True) == 100


def test_hours_are_read_in_their_order_with_both_books_and_the_empty_ones(books: Books) -> None:
    hours = Window(ONE_PM - HOUR, ONE_PM + 3 * HOUR)
    first, other = entry("1"), entry("2", units=5, at=ONE_PM + 2 * HOUR, tenant="ads")
    shadow = entry("3", units=2, shadow="litellm")
    books.post(first, other, shadow)
    for each in books.touched.touched():  # as the hourly statement does
        books.touched.clear(each)
    books.post(entry("4", units=9, at=ONE_PM + HOUR))  # and this one is not stated yet
    read = [
        {(key.tenant, key.shadow): leaf.amounts.units for key, leaf in leaves.items()}
        for leaves in books.ledger.leaves_between(hours)
    ]
    assert read == [
        {},
        {("search", ""): 7, ("search", "litellm"): 2},
        {("search", ""): 9},
        {("ads", ""): 5},
    ]


def test_names_may_hold_any_character(books: Books) -> None:
    told = [
        entry(f"{n}", 2**n, producer=name, tenant=name, model=name, feature=name)
        for n, name in enumerate(HOSTILE)
    ]
    books.post(*told)
    assert books.reader.entries([each.name for each in told]).keys() == {e.name for e in told}
    assert {key.tenant for key in books.ledger.leaves(ONE_PM)} == set(HOSTILE)
    assert units(books) == 2 ** len(HOSTILE) - 1


@pytest.mark.parametrize(
    "pair",
    [
        [("a#b", "c"), ("a", "b#c")],
        [("a", "b" * 65), ("a", entry_items.key(("a", "b" * 65))["pk"].split("#")[2])],
        [("a%23b", "c"), ("a#b", "c")],
        [("a", "1"), ("a", "1#E")],
    ],
)
def test_no_two_names_share_an_entry(books: Books, pair: list[tuple[str, str]]) -> None:
    told = [entry(id_, producer=producer) for producer, id_ in pair]
    books.post(*told)
    assert len(books.ledger.digests(pair)) == 2


def test_the_largest_amounts_keep_every_digit(books: Books) -> None:
    books.post(*(entry(f"{n}", LARGEST_UNITS) for n in range(90)), entry("one", 1))
    assert units(books) == 90 * LARGEST_UNITS + 1


@pytest.mark.parametrize(
    "key",
    [
        LeafKey(ONE_PM, "t", "m"),
        LeafKey(ONE_PM, "t", "m", key="k"),
        LeafKey(ONE_PM, "t", "m", "f", "k", "p", Pricing.SELF_HOSTED, "2026-10", "s"),
        LeafKey(ONE_PM, '"', "\\", "\n"),
    ],
)
def test_a_leaf_key_is_read_as_it_was_written(key: LeafKey) -> None:
    found = read_leaf_key(write_leaf_key(key))
    assert found == key
    assert type(found.pricing) is Pricing


@pytest.mark.parametrize("names", ["n" * 128, "\x01" * 21, '"' * 64, "é" * 64])
def test_an_entry_of_the_longest_names_is_one_write_unit(names: str) -> None:
    """Three names of 128 bytes as JSON, more than any hour of one tenant, in a closed month."""
    producer = "p" * 100
    told = replace(
        record(
            "i" * 256,
            at=datetime.fromisoformat("2026-11-20T13:00:00.123456+00:00"),
            **dict.fromkeys(("tenant", "model", "key"), names),
            user="u" * 128,
            producer=producer,
            requests=10**8,
        ),
        tokens=TokenCounts(*(10**10, 10**9, 10**9, 10**9, 10**10, 10**10)),
    )
    key = LeafKey(ONE_PM, *(names, names, "", names, ""), Pricing.UNPRICED, "2026-10", producer)
    made = entry_of(told, key, ClassAmounts(*(10**18 for _ in range(6))))
    item = entry_items.item(made)
    assert TypeSerializer().serialize(item)
    assert sum(len(k) + len(str(v).encode()) for k, v in item.items()) < 1024


def test_an_ordinary_entry_is_small() -> None:
    told = entry("chatcmpl-9f2c1f6a2b7d4c0e", 12_345_678, feature="answers", provider="openai")
    size = sum(len(k) + len(str(v).encode()) for k, v in entry_items.item(told).items())
    assert size < 300


def test_of_writers_of_one_entry_at_the_same_time_one_wins(books: Books) -> None:
    def write(shard: int) -> bool:
        try:
            books.ledger.post(plan([entry("1", 7), entry(f"own-{shard}", 1)])[0], shard)
        except PostingCancelledError as error:
            assert error.reason in {CancelReason.EXISTS, CancelReason.CONFLICT}
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(write, range(4)))
    assert won.count(True) == 1
    assert units(books) == 8
