"""Use of GPUs and models in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bursar.domain.cluster.use import ClusterUse
from bursar.domain.periods import Window


class MemoryClusterUseStore:
    def __init__(self) -> None:
        self._hours: dict[tuple[str, datetime], str] = {}

    def put(self, use: ClusterUse) -> None:
        self._hours[use.cluster, use.hour] = use.model_dump_json()

    def between(self, cluster: str, window: Window) -> Sequence[ClusterUse]:
        return [
            ClusterUse.model_validate_json(text)
            for (name, hour), text in sorted(self._hours.items())
            if name == cluster and window.start <= hour < window.end
        ]
