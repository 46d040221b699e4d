"""Who is told what, and what was heard of each source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # whoever imports a port pays for no domain
    from collections.abc import Sequence
    from datetime import datetime

    from bursar.domain.alerts import Alert, OutboxRow
    from bursar.domain.health import SourceHealth


class Outbox(Protocol):
    def post(self, row: OutboxRow) -> bool:
        """Post a message of its own; False when one of the same id was posted before."""
        ...

    def unsent(self, due_before: datetime) -> Sequence[OutboxRow]:
        """Oldest first, at most 200; without those that cannot be read."""
        ...

    def unreadable(self, due_before: datetime) -> Sequence[str]:
        """Ids of messages that nobody was told because what is stored is no message."""
        ...

    def mark_sent(self, row: OutboxRow, at: datetime) -> None: ...

    def recent(self) -> Sequence[OutboxRow]:
        """Sent or not, newest first, at most 200: what reports show."""
        ...


class Publisher(Protocol):
    def publish(self, alert: Alert) -> None:
        """Tell everyone who subscribed to this owner.

        Raises:
            NotPublishedError: a channel refused it; the others were still told.
        """
        ...


class HealthLog(Protocol):
    def saw(self, health: SourceHealth) -> None:
        """Keep the newest news, and the newest good time, in whatever order they come."""
        ...

    def latest(self, source: str) -> SourceHealth | None: ...

    def all(self) -> Sequence[SourceHealth]: ...
