"""Frozen months in memory, kept as the bytes that the real store keeps."""

from __future__ import annotations

from bursar.adapters import closed_month_codec
from bursar.domain.chargeback import FrozenMonth


class MemoryClosedMonthStore:
    def __init__(self) -> None:
        self._months: dict[str, tuple[str, list[bytes]]] = {}

    def freeze(self, month: FrozenMonth) -> bool:
        encoded = closed_month_codec.encode(month)
        return self._months.setdefault(month.month, encoded) is encoded

    def frozen(self, month: str) -> FrozenMonth | None:
        kept = self._months.get(month)
        return closed_month_codec.decode(*kept) if kept else None
