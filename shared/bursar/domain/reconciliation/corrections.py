"""What a closed month was corrected by: later hours state it, and name the month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bursar.domain.ledger.lines import LineKey, Statement

LATER = "booked later"


def corrections(parts: Iterable[Statement], month: str) -> dict[LineKey, int]:
    """10^-12 USD of each line that names the month."""
    sums: dict[LineKey, int] = {}
    for part in parts:
        for key, line in part.lines.items():
            if key.adjusts == month:
                sums[key] = sums.get(key, 0) + line.units
    return sums


def explained(differences: Mapping[str, int], corrected: int) -> dict[str, int]:
    """How much of each difference a correction of their month is, from the first on: a bill has
    late usage in its own day, and the metered book has it in the hour that told it."""
    found: dict[str, int] = {}
    for name, difference in differences.items():
        if difference * corrected > 0:
            part = min(difference, corrected) if corrected > 0 else max(difference, corrected)
            found[name] = part
            corrected -= part
    return found
