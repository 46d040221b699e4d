"""Keep when EC2 says that an instance began and ceased to run."""

from __future__ import annotations

from bursar.domain.cluster.lifetimes import InstanceState
from bursar.ports import LifetimeStore


def record_node_lifetimes(state: InstanceState, *, lifetimes: LifetimeStore) -> None:
    """Keep one state change. The same change twice is kept once."""
    lifetimes.record(state)
