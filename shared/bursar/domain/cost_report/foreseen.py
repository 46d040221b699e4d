"""What the clusters together will come to, where each has a forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bursar.domain.figures import Outlook, Projection
from bursar.domain.money import Money
from bursar.domain.periods import Window

Known = tuple[str, Money, datetime | None]  # a cluster, what it has cost, and until when


def foreseen(
    clusters: Sequence[Known], outlooks: Mapping[str, Outlook], month: Window
) -> Projection | None:
    """The sum of the clusters' forecasts; None where one of them has none.

    Its interval sums theirs, as if all were wrong in the same direction: rather too wide.
    """
    found = []
    for name, spent, as_of in clusters:
        if name not in outlooks or as_of is None:
            return None
        projection = outlooks[name].projection(spent, as_of, month)
        if projection is None:
            return None
        found.append(projection)
    if not found:
        return None
    lows = [each.low80 for each in found if each.low80 is not None]
    highs = [each.high80 for each in found if each.high80 is not None]
    has_interval = len(lows) == len(highs) == len(found)
    return Projection(
        Money.sum(each.amount for each in found),
        min(each.source for each in found),
        Money.sum(lows) if has_interval else None,
        Money.sum(highs) if has_interval else None,
    )
