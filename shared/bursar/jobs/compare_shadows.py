"""Compare what is billed with what other sources told, over a window of whole hours."""

from __future__ import annotations

from bursar.domain.ledger.shadows import ShadowedModel, compare
from bursar.domain.periods import Window
from bursar.ports import LedgerStore


def compare_shadows(window: Window, ledger: LedgerStore) -> list[ShadowedModel]:
    return compare(ledger.leaves_between(window))
