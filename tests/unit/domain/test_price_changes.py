"""What is kept of a newly told price list, and what counts as a change."""

from __future__ import annotations

from datetime import UTC, datetime

from bursar.domain.money import Money
from bursar.domain.price_changes import changes
from bursar.domain.prices import PriceRow, on_demand

KEY = on_demand("us-east-1", "p5.48xlarge")


def row(usd: str, since: str, read_at: str | None = None) -> PriceRow:
    return PriceRow(
        key=KEY,
        usd=Money.of(usd),
        unit="hour",
        source="AWS Price List",
        effective_from=datetime.fromisoformat(since).replace(tzinfo=UTC),
        read_at=datetime.fromisoformat(read_at).replace(tzinfo=UTC) if read_at else None,
    )


def test_the_first_price_is_kept_and_is_no_change() -> None:
    update = changes({}, [row("98.32", "2025-05-01")])
    assert (len(update.kept), update.changed) == (1, [])


def test_the_same_price_under_a_new_date_is_not_kept() -> None:
    update = changes({KEY: row("98.32", "2025-05-01")}, [row("98.32", "2025-06-01")])
    assert (update.kept, update.changed) == ([], [])


def test_another_price_is_kept_and_told() -> None:
    update = changes({KEY: row("98.32", "2025-05-01")}, [row("55.04", "2025-06-23")])
    assert [str(change) for change in update.changed] == [
        "p5.48xlarge 98.32 -> 55.04 on 2025-06-23"
    ]


def test_a_price_restated_under_an_old_date_holds_from_when_it_was_read() -> None:
    restated = row("55.04", "2025-05-01", read_at="2025-06-23")
    update = changes({KEY: row("98.32", "2025-05-01")}, [restated])
    assert update.kept[0].effective_from == datetime(2025, 6, 23, tzinfo=UTC)


def test_a_late_word_of_a_time_gone_by_is_not_kept() -> None:
    update = changes({KEY: row("98.32", "2025-05-01")}, [row("55.04", "2025-04-01")])
    assert (update.kept, update.changed) == ([], [])
