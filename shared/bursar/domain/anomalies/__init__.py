"""Anomalies in many series at once: a score per point, 1.0 and above is an alert."""

from bursar.domain.anomalies.detection import detect

__all__ = ["detect"]
