"""What became of usage that was told, said alike by the API and by `bursar usage import`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bursar.jobs.ingest_usage import Ingested


def taken_json(taken: Sequence[Ingested]) -> dict[str, Any]:
    """Counts of records. `accepted` are in the ledger: those billed, `shadow` and `duplicates`."""
    return {
        **{
            name: sum(getattr(each, name) for each in taken)
            for name in (
                "accepted",
                "billed",
                "shadow",
                "duplicates",
                "conflicts",
                "held",
                "dropped",
            )
        },
        "rejected": [
            {
                "where": row.where,
                "places": row.places,
                "reason": row.reason,
                "times": row.times,
            }
            for each in taken
            for row in each.rejections
        ],
    }
