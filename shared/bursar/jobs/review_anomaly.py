"""A person's word on an anomaly: seen, or to be expected."""

from __future__ import annotations

from datetime import datetime

from bursar.domain.anomaly_events.events import AnomalyEvent, State
from bursar.ports import AnomalyStore

_TRIES = 5


class UnknownAnomalyError(LookupError):
    """No anomaly of that id is kept."""


class AnomalyIsOverError(ValueError):
    """What is over needs nobody to see it."""


class AnomalyBusyError(Exception):
    """Others kept changing the anomaly for all of our tries."""


def review_anomaly(
    event_id: str, state: State, by: str, at: datetime, *, anomalies: AnomalyStore
) -> AnomalyEvent:
    """Acknowledge one that goes on, or say of any that it is expected: what is like it in series,
    direction, time and size stays quiet from then on.

    Raises:
        UnknownAnomalyError, AnomalyIsOverError, AnomalyBusyError
    """
    for _ in range(_TRIES):
        event = anomalies.find(event_id)
        if event is None:
            raise UnknownAnomalyError(event_id)
        if event.state is state:
            return event
        if state is State.ACKNOWLEDGED and event.ended is not None:
            raise AnomalyIsOverError(f"{event_id} is over: {event.ended}")
        said = {"state": state, "said_by": by, "said_at": at, "version": event.version + 1}
        new = event.model_copy(update=said)
        if anomalies.commit(event, new, ()):
            return new
    raise AnomalyBusyError(event_id)
