"""Planning postings: every id once, never more items than a transaction takes, sums exact."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as some

from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.ledger.entries import Entry, sum_leaves
from bursar.domain.ledger.planning import (
    LARGEST_COUNT,
    LARGEST_UNITS,
    EntryTooLargeError,
    PostingTooLargeError,
    adjust,
    dedupe,
    entry_of,
    plan,
)
from bursar.domain.ledger.postings import MOST_ITEMS
from bursar.domain.money import Money
from bursar.domain.usage.amounts import ClassAmounts
from tests.contract.ledger_books import ONE_PM, entry, record
from tests.unit.for_all import for_all

WINDOW = BudgetWindow("search", datetime(2026, 11, 1, tzinfo=UTC))


def test_the_same_body_twice_in_a_batch_is_a_duplicate() -> None:
    batch = dedupe([entry("1"), entry("2"), entry("1")])
    assert [each.id for each in batch.entries] == ["1", "2"]
    assert (batch.duplicates, batch.contested) == ((batch.entries[0].name,), ())


def test_of_two_bodies_of_an_id_the_first_in_the_batch_stands() -> None:
    first, other = entry("1"), entry("1", input_tokens=5)
    batch = dedupe([first, other, first])
    assert (batch.entries, batch.contested, batch.duplicates) == (
        (first,),
        (other,),
        (first.name,),
    )


def test_another_price_of_the_same_body_is_no_other_body() -> None:
    batch = dedupe([entry("1", 7), entry("1", 8)])
    assert (len(batch.entries), batch.duplicates) == (1, (batch.entries[0].name,))


def test_ids_of_two_producers_are_apart() -> None:
    assert len(dedupe([entry("1"), entry("1", producer="other")]).entries) == 2


def test_a_posting_holds_ninety_seven_entries_of_one_leaf() -> None:
    postings = plan([entry(f"{n:03}") for n in range(200)])
    # 97 entries + leaf + gate + mark = 100
    assert [len(each.entries) for each in postings] == [97, 97, 6]
    assert [each.items for each in postings] == [100, 100, 9]


def test_entries_of_a_leaf_lie_together() -> None:
    told = [entry(f"{n:03}", tenant=f"t{n % 4}") for n in range(160)]
    # in 2 postings the 4 leaves stand 5 times: one is divided between them
    assert sum(len(each.leaves) for each in plan(told)) == 5


def test_a_charge_is_one_item_whatever_it_sums() -> None:
    (posting,) = plan([entry("1", 7), entry("2", 5), entry("3", 0)], lambda _: [WINDOW])
    assert posting.charges == {WINDOW: Money.from_units(12)}
    assert posting.items == 3 + 1 + 1 + 1 + 1


def test_a_settlement_takes_a_place_more() -> None:
    settled = [replace(entry(f"{n:02}"), digest="settled:4") for n in range(60)]
    # 48 entries and 48 lines of their list + leaf + gate + mark = 99; a 49th needs two more
    assert [each.items for each in plan(settled)] == [99, 2 * 12 + 3]


def test_an_entry_that_costs_nothing_charges_nothing() -> None:
    (posting,) = plan([entry("1", 0)], lambda _: [WINDOW])
    assert posting.charges == {}


def test_an_entry_that_too_many_budgets_cover_is_refused() -> None:
    def windows(count: int) -> list[BudgetWindow]:
        return [replace(WINDOW, budget_id=f"b{n}") for n in range(count)]

    (posting,) = plan([entry("1")], lambda _: windows(96))
    assert posting.items == 100
    with pytest.raises(
        PostingTooLargeError, match="1 entries, such as gateway/1, need"
    ) as refused:
        plan([entry("1"), entry("2")], lambda each: windows(97 if each.id == "1" else 96))
    assert [each.id for each in refused.value.entries] == ["1"]


entries = some.builds(
    entry,
    some.integers(0, 10**6).map(str),
    units=some.integers(0, 3),
    tenant=some.sampled_from(["a", "b", "c"]),
    model=some.sampled_from(["m", "n"]),
    at=some.integers(0, 40 * 24).map(lambda hours: ONE_PM + timedelta(hours=hours)),
)


def covered(told: Entry) -> list[BudgetWindow]:
    return [BudgetWindow(told.key.tenant, WINDOW.starts_at), WINDOW]


@for_all(told=some.lists(entries, max_size=150))
def test_any_plan_holds_everything_once_and_fits(told: list[Entry]) -> None:
    distinct = dedupe(told).entries
    postings = plan(distinct, covered)
    assert all(posting.items <= MOST_ITEMS for posting in postings)
    planned = [each for posting in postings for each in posting.entries]
    assert sorted(each.name for each in planned) == sorted(each.name for each in distinct)
    for posting in postings:
        assert posting.leaves == sum_leaves(posting.entries)
    charged = sum(posting.charges[WINDOW].units for posting in postings if posting.charges)
    assert charged == sum(each.amounts.units for each in distinct)


def test_a_late_entry_of_a_closed_month_stands_in_the_hour_it_came_in() -> None:
    late = entry("1", at=datetime(2026, 10, 31, 23, 59, tzinfo=UTC))
    moved = adjust(late, ONE_PM + timedelta(minutes=7), {"2026-10"})
    assert (moved.key.hour, moved.key.adjusts) == (ONE_PM, "2026-10")
    assert (moved.at, moved.digest) == (late.at, late.digest)


def test_an_adjustment_goes_past_every_closed_month() -> None:
    late = entry("1", at=datetime(2026, 10, 31, 23, tzinfo=UTC))
    moved = adjust(late, late.at, {"2026-10", "2026-11"})
    assert (moved.key.hour, moved.key.adjusts) == (datetime(2026, 12, 1, tzinfo=UTC), "2026-10")
    again = adjust(moved, late.at, {"2026-10", "2026-11", "2026-12"})
    assert (again.key.hour, again.key.adjusts) == (datetime(2027, 1, 1, tzinfo=UTC), "2026-10")


def test_an_amount_that_could_lose_digits_is_no_entry() -> None:
    key = entry("1").key
    assert entry_of(record("1"), key, ClassAmounts(input=-LARGEST_UNITS)).amounts.input < 0
    with pytest.raises(EntryTooLargeError):
        entry_of(record("1"), key, ClassAmounts(input=LARGEST_UNITS + 1))
    with pytest.raises(EntryTooLargeError):
        entry_of(record("1", input_tokens=LARGEST_COUNT + 1), key, ClassAmounts())
    with pytest.raises(EntryTooLargeError):
        entry_of(record("1", requests=LARGEST_COUNT + 1), key, ClassAmounts())
