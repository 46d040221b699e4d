"""How far beyond a window its snapshots are read."""

from __future__ import annotations

from datetime import timedelta

from bursar.config.clusters import Cluster


def snapshot_reach(cluster: Cluster) -> timedelta:
    """Two intervals: the longest gap between snapshots over which something counts as known."""
    return timedelta(minutes=2 * cluster.snapshot_every_minutes)
