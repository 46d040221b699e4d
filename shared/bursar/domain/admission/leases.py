"""Leases: a gateway draws a slice of its budgets, and admits requests out of it by itself.

A slice counts as reserved, so every gateway's requests together stay within the limit, and
the windows see one transaction a slice instead of one a request. Usage of the requests is
told as always; until it is in the ledger the slice stays held.
"""

from __future__ import annotations

from datetime import timedelta

from bursar.domain.money import Money

# From a request to its charge: a minute in the producer's queue, one in ours, and one to spare.
SETTLING = timedelta(minutes=3)
_SLICES = 4  # one draw leaves three quarters of what is available to the others


def slice_of(available: Money, wanted: Money, least: Money) -> Money | None:
    """How much one draw gets: at most a quarter of what is available, but not below `least`.

    `available` is that of the scarcest window. None: not even the least is there.
    """
    if available < least:
        return None
    share = Money.from_units(available.units // _SLICES)
    return max(least, min(wanted, share))
