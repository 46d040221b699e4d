"""Notice the sources that have gone silent, when the functions that read them cannot say so."""

from __future__ import annotations

from datetime import datetime, timedelta

from bursar.config import Config
from bursar.domain.alerts import OutboxRow
from bursar.domain.blindness import blind, is_blind
from bursar.domain.prices import STALE_AFTER
from bursar.jobs.snapshot_cluster import silence_of, source_of
from bursar.ports import HealthLog, Outbox

_SPEND_WITHIN = timedelta(hours=50)  # once a day, and a day of grace
_ACTION = "Look at the function's log and at the failed events queue (docs/runbook.md)."


def expected_sources(config: Config) -> dict[str, timedelta]:
    """Each source that this configuration reads, and how long it may stay silent."""
    sources = {source_of(cluster.name): silence_of(cluster) for cluster in config.clusters}
    sources |= {f"prices/{region}": STALE_AFTER for region in config.price_regions}
    return sources | ({"spend": _SPEND_WITHIN} if config.spend.enabled else {})


def check_health(config: Config, now: datetime, *, health: HealthLog, outbox: Outbox) -> list[str]:
    """The sources that are blind now; each outage is told once."""
    known = {each.source: each for each in health.all()}
    silent = [
        source
        for source, patience in expected_sources(config).items()
        if is_blind(known.get(source), now, patience)
    ]
    for source in silent:
        outbox.post(OutboxRow(alert=blind(source, known.get(source), now, _ACTION), due_at=now))
    return silent
