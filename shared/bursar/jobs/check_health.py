"""Notice the sources that have gone silent, when the functions that read them cannot say so."""

from __future__ import annotations

from datetime import datetime, timedelta

from bursar.config import Config
from bursar.domain.alerts import OutboxRow
from bursar.domain.blindness import blind, is_blind, sight_restored
from bursar.domain.health import SourceHealth
from bursar.domain.prices import STALE_AFTER
from bursar.domain.quality import Quality
from bursar.jobs.snapshot_cluster import silence_of, source_of
from bursar.ports import HealthLog, Outbox

_SPEND_WITHIN = timedelta(hours=50)  # once a day, and a day of grace
OWN_NOTES = "check_health/"  # rows in the health log that are no sources
_FIRST_RUN = f"{OWN_NOTES}first-run"
_WATCH = f"{OWN_NOTES}told-blind/"  # quality `unknown` while an outage was told and goes on
_ACTION = "Look at the function's log and at the failed events queue (docs/runbook.md)."


def expected_sources(config: Config) -> dict[str, timedelta]:
    """Each source that this configuration reads, and how long it may stay silent."""
    sources = {source_of(cluster.name): silence_of(cluster) for cluster in config.clusters}
    sources |= {f"prices/{region}": STALE_AFTER for region in config.price_regions}
    return sources | ({"spend": _SPEND_WITHIN} if config.spend.enabled else {})


def check_health(config: Config, now: datetime, *, health: HealthLog, outbox: Outbox) -> list[str]:
    """The sources that are blind now; each outage is told once, and its end once.

    A source that was never heard is given its patience from this job's own first run, so that
    a fresh deployment does not begin with alarms.
    """
    known = {each.source: each for each in health.all()}
    first_run = known.get(_FIRST_RUN) or _note(health, _FIRST_RUN, now, good_at=now)
    silent = []
    for source, patience in expected_sources(config).items():
        last = known.get(source)
        never_heard = last is None or last.good_at is None
        watch = f"{_WATCH}{source}"
        before = known.get(watch)
        if is_blind(first_run if never_heard else last, now, patience):
            silent.append(source)
            outbox.post(OutboxRow(alert=blind(source, last, now, _ACTION), due_at=now))
            _note(health, watch, now, good_at=last.good_at if last else None)
        elif before and before.quality is Quality.UNKNOWN and not never_heard:
            outbox.post(OutboxRow(alert=sight_restored(source, before, now), due_at=now))
            _note(health, watch, now, good_at=now, quality=Quality.FINAL)
    return silent


def _note(
    health: HealthLog,
    source: str,
    now: datetime,
    *,
    good_at: datetime | None,
    quality: Quality = Quality.UNKNOWN,
) -> SourceHealth:
    noted = SourceHealth(source=source, at=now, quality=quality, good_at=good_at)
    health.saw(noted)
    return noted
