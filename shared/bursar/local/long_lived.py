"""Objects that stay: what a cloud in memory holds, and months of a guard's life."""

from __future__ import annotations

import gc

_ALLOCATIONS = 100_000  # between two looks at what is young; 700 without this


def collect_rarely() -> None:
    """Let the collector leave alone what is there, and look for garbage seldom.

    Nearly all that these processes make is kept, or goes with its last reference. Measured: the
    collector's walks over it took a quarter of the embedded cloud's CPU time.
    """
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, 20, 100)
