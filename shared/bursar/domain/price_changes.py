"""What a newly read price list adds to the price book: only what differs from what is in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bursar.domain.prices import PriceChange, PriceKey, PriceRow


@dataclass(frozen=True, slots=True)
class PriceUpdate:
    """`kept` are the rows to write, in order; `changed` says which of them replace a price."""

    kept: list[PriceRow] = field(default_factory=list)
    changed: list[PriceChange] = field(default_factory=list)


def changes(current: Mapping[PriceKey, PriceRow], new: Iterable[PriceRow]) -> PriceUpdate:
    """Compare newly told prices with the newest row known of each key.

    A row is kept only when its price differs. Rows are never changed, so a price that is told
    with a date at or before the one in force (a list that restates itself, or a person's price
    with a date in the past) holds from when it was read; one without `read_at` came late, told
    of a time that is already closed, and is not kept.
    """
    update, newest = PriceUpdate(), dict(current)
    for row in new:
        old = newest.get(row.key)
        if old is not None:
            if (old.usd, old.unit) == (row.usd, row.unit):
                continue
            if row.effective_from <= old.effective_from:
                if row.read_at is None or row.read_at <= old.effective_from:
                    continue
                row = row.model_copy(update={"effective_from": row.read_at})
            update.changed.append(PriceChange(old=old, new=row))
        update.kept.append(row)
        newest[row.key] = row
    return update
