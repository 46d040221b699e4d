"""Compare what is billed with what other sources told, over a window of whole hours."""

from __future__ import annotations

from bursar.domain.ledger.shadows import ShadowedModel, compare
from bursar.domain.periods import Window, hours
from bursar.ports import LedgerStore


def compare_shadows(window: Window, ledger: LedgerStore) -> list[ShadowedModel]:
    starts = [hour.start for hour in hours(window)]
    billed = (row for at in starts for row in ledger.leaves(at).items())
    shadows = (row for at in starts for row in ledger.leaves(at, shadow=True).items())
    return compare(billed, shadows)
