"""Blind is not zero: a source that cannot be seen is told once, and once more when it is back."""

from __future__ import annotations

from datetime import datetime, timedelta

from bursar.domain.alerts import SYSTEM_OWNER, Alert, Severity, age, alert_id
from bursar.domain.health import SourceHealth
from bursar.domain.quality import Quality

SILENT_AFTER = timedelta(hours=1)  # the least that a cluster may stay silent for


def is_blind(health: SourceHealth | None, now: datetime, patience: timedelta) -> bool:
    """True when the source was not well seen for longer than `patience`, or never was."""
    return health is None or health.good_at is None or now - health.good_at > patience


def blind(source: str, health: SourceHealth | None, now: datetime, action: str) -> Alert:
    """One alert per outage: its id follows from the source and the last good time."""
    good_at = health.good_at if health else None
    detail = health.detail if health and health.quality is Quality.UNKNOWN else ""
    return Alert(
        id=alert_id("blind", source, good_at.isoformat() if good_at else "never"),
        kind="source.blind",
        severity=Severity.CRITICAL,
        title=f"{source} {_unseen(good_at, now)}: its cost is unknown, not zero",
        comparison=f"Last answer: {detail or 'none'}.",
        since=good_at,
        data_as_of=good_at,
        owner=SYSTEM_OWNER,
        action=action,
        policy=f"source {source}",
        mute=f"remove {source} from bursar.yaml and deploy",
        raised_at=now,
    )


def _unseen(good_at: datetime | None, now: datetime) -> str:
    return f"has not been seen for {age(good_at, now)}" if good_at else "was never seen"


def sight_restored(source: str, before: SourceHealth, now: datetime) -> Alert:
    """The end of the outage that began at the last good time before it."""
    good_at = before.good_at
    return Alert(
        id=alert_id("seen-again", source, good_at.isoformat() if good_at else "never"),
        kind="source.restored",
        severity=Severity.INFO,
        title=f"{source} is seen"
        + (f" again after {age(good_at, now)}" if good_at else " for the first time"),
        comparison="The time until now stays unknown; reports carry the last rate forward.",
        since=good_at,
        data_as_of=now,
        owner=SYSTEM_OWNER,
        action="Nothing to do.",
        policy=f"source {source}",
        mute=f"remove {source} from bursar.yaml and deploy",
        raised_at=now,
    )
