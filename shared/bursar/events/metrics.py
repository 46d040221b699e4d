"""Runs that read what a meter has counted."""

from __future__ import annotations

from pydantic import Field

from bursar.events.runs import ScheduledRun


class MetricsRun(ScheduledRun):
    """`source` is one of `prometheus:CLUSTER` and `bedrock:REGION`."""

    source: str = Field(pattern=r"^(prometheus|bedrock):.+$")

    @property
    def cluster(self) -> str | None:
        """Of whose Prometheus it is; None where Bedrock is asked."""
        kind, _, name = self.source.partition(":")
        return name if kind == "prometheus" else None
