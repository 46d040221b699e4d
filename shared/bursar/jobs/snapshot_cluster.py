"""Look at one cluster, and keep what was seen; or say that it cannot be seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bursar.config.clusters import Cluster
from bursar.domain.alerts import OutboxRow
from bursar.domain.blindness import SILENT_AFTER, blind, is_blind, sight_restored
from bursar.domain.cluster.records import ClusterSnapshot, ClusterUnreadableError
from bursar.domain.health import SourceHealth
from bursar.domain.quality import Quality
from bursar.ports import ClusterReader, HealthLog, Outbox, SnapshotStore

_ACTION = "Check the cluster's endpoint, its access entry and the function's network."


@dataclass(frozen=True, slots=True)
class Seen:
    cluster: str
    quality: Quality
    nodes: int = 0
    pods: int = 0
    detail: str = ""


def source_of(cluster: str) -> str:
    return f"cluster/{cluster}"


def snapshot_cluster(
    cluster: Cluster,
    at: datetime,
    *,
    reader: ClusterReader,
    snapshots: SnapshotStore,
    health: HealthLog,
    outbox: Outbox,
) -> Seen:
    """Store one snapshot as of `at`.

    A cluster that cannot be read is not a failure of this job: its quality is `unknown`,
    nothing is stored, and once it was blind for two intervals people are told. They are told
    again when it is seen, before its health says so: a run that dies in between tells it twice
    under one id, and never not at all.
    """
    source = source_of(cluster.name)
    before = health.latest(source)
    try:
        inventory = reader.inventory()
        pods = tuple(reader.pods())
    except ClusterUnreadableError as error:
        unseen = SourceHealth(
            source=source,
            at=at,
            quality=Quality.UNKNOWN,
            good_at=before.good_at if before else None,
            detail=str(error)[:500],
        )
        health.saw(unseen)
        if is_blind(unseen, at, two_intervals(cluster)):
            outbox.post(OutboxRow(alert=blind(source, unseen, at, _ACTION), due_at=at))
        return Seen(cluster.name, Quality.UNKNOWN, detail=unseen.detail)
    snapshots.put(
        ClusterSnapshot(
            cluster=cluster.name,
            at=int(at.timestamp()),
            interval_seconds=60 * cluster.snapshot_every_minutes,
            inventory=inventory,
            pods=pods,
        )
    )
    if before and _was_told(before, at, cluster):
        outbox.post(OutboxRow(alert=sight_restored(source, before, at), due_at=at))
    detail = f"not served: {', '.join(inventory.not_served)}" if inventory.not_served else ""
    health.saw(
        SourceHealth(source=source, at=at, quality=Quality.FINAL, good_at=at, detail=detail)
    )
    return Seen(cluster.name, Quality.FINAL, len(inventory.nodes), len(pods), detail)


def two_intervals(cluster: Cluster) -> timedelta:
    return timedelta(minutes=2 * cluster.snapshot_every_minutes)


def silence_of(cluster: Cluster) -> timedelta:
    """How long the cluster may stay silent before check_health tells it."""
    return max(SILENT_AFTER, two_intervals(cluster))


def _was_told(before: SourceHealth, at: datetime, cluster: Cluster) -> bool:
    """Whether people were told of an outage that ends now: by a run that failed, or by
    check_health, because no run came to say anything.
    """
    told_by_us = is_blind(before, before.at, two_intervals(cluster))
    return told_by_us or is_blind(before, at, silence_of(cluster))
