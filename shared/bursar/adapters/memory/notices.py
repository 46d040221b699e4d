"""Who was told what, and which source was last heard, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from bursar.domain.alerts import Alert
from bursar.domain.health import SourceHealth


class MemoryPublisher:
    def __init__(self) -> None:
        self.published: list[Alert] = []

    def publish(self, alert: Alert) -> None:
        self.published.append(alert)


class MemoryHealthLog:
    def __init__(self) -> None:
        self._seen: dict[str, SourceHealth] = {}

    def saw(self, health: SourceHealth) -> None:
        before = self._seen.get(health.source, health)
        newest = health if health.at >= before.at else before
        good_at = max((at for at in (health.good_at, before.good_at) if at), default=None)
        self._seen[health.source] = newest.model_copy(update={"good_at": good_at})

    def latest(self, source: str) -> SourceHealth | None:
        return self._seen.get(source)

    def all(self) -> Sequence[SourceHealth]:
        return [self._seen[source] for source in sorted(self._seen)]
