"""Prices kept in this process, for tests and for a laptop."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from threading import Lock

from bursar.domain.price_changes import changes
from bursar.domain.prices import PriceChange, PriceKey, PriceRow


class MemoryPriceStore:
    def __init__(self, rows: Iterable[PriceRow] = ()) -> None:
        self._rows: dict[PriceKey, list[PriceRow]] = {}
        self._lock = Lock()
        self.record(rows)

    def prices_at(self, keys: Collection[PriceKey], at: datetime) -> Mapping[PriceKey, PriceRow]:
        found = {}
        for key in keys:
            in_force = [row for row in self.history(key) if row.effective_from <= at]
            if in_force:
                found[key] = in_force[-1]
        return found

    def record(self, rows: Iterable[PriceRow]) -> Sequence[PriceChange]:
        with self._lock:
            newest = {key: history[-1] for key, history in self._rows.items()}
            update = changes(newest, rows)
            for row in update.kept:
                self._rows.setdefault(row.key, []).append(row)
        return update.changed

    def history(self, key: PriceKey) -> Sequence[PriceRow]:
        return tuple(self._rows.get(key, ()))

    def newest(self) -> list[PriceRow]:
        """The last row of every key."""
        return [history[-1] for history in self._rows.values()]


class MemoryPriceList:
    """A price list that was written down beforehand."""

    def __init__(self, rows: Iterable[PriceRow]) -> None:
        self._rows = tuple(rows)
        self.unmatched: list[str] = []
        self.ambiguous: list[str] = []

    def rows(self, region: str, at: datetime) -> Iterator[PriceRow]:
        for row in self._rows:
            if row.key.region == region:
                yield row.model_copy(update={"read_at": at})
