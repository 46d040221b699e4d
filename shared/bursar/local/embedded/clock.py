"""The simulated time of the embedded cloud."""

from __future__ import annotations

from datetime import UTC, datetime


class Clock:
    """Stands still until it is set: messages carry its time, handlers never read another."""

    def __init__(self, now: datetime) -> None:
        self.now = now.astimezone(UTC)

    def set(self, now: datetime) -> None:
        self.now = now.astimezone(UTC)

    def __call__(self) -> datetime:
        return self.now

    @property
    def stamp(self) -> str:
        """As AWS writes it in envelopes."""
        return self.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
