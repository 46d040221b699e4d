"""How an anomaly is told: it has begun, it has doubled, it is over."""

from __future__ import annotations

from datetime import datetime

from bursar.domain.alerts import Alert, Driver, Severity, alert_id
from bursar.domain.anomaly_events.events import PERIOD, AnomalyEvent, Direction, Reading
from bursar.domain.anomaly_events.floors import Floors
from bursar.domain.anomaly_events.transitions import BEGUN, OVER, WORSE
from bursar.domain.money import Money
from bursar.domain.series.names import Grain, Unit

_CRITICAL_TIMES = 10  # the floor
_DRIVERS_TOLD = 5
_EACH = {Grain.DAY: "a day", Grain.HOUR: "an hour"}


def anomaly_alert(
    event: AnomalyEvent, news: str, *, owner: str, floors: Floors, now: datetime
) -> Alert:
    """What people are told of an event; once for each of its kinds of news and peaks."""
    key = {
        BEGUN: ("begun",),
        WORSE: ("worse", event.told_peak.plain()),
        OVER: ("over", event.latest_at),
    }[news]
    return Alert(
        id=alert_id(event.id, *key),
        kind="anomaly.resolved" if news == OVER else "anomaly.detected",
        severity=_severity(event, news, floors),
        title=_title(event, news),
        comparison=_comparison(event),
        since=event.started_at,
        data_as_of=event.latest.at + PERIOD[event.grain],
        drivers=_drivers(event),
        owner=owner,
        action=_ACTIONS[news],
        policy=f"anomalies, {event.id}",
        mute=f"bursar anomalies expected {event.id} (or acknowledge)",
        raised_at=now,
    )


_ACTIONS = {
    BEGUN: "Look at the drivers; stop what is not wanted, or say that it is expected.",
    WORSE: "It is twice what was last told: look at the drivers, and stop what is not wanted.",
    OVER: "Nothing to do.",
}


def _severity(event: AnomalyEvent, news: str, floors: Floors) -> Severity:
    if news == OVER or event.direction is Direction.DOWN:
        return Severity.INFO
    is_large = floors.usd and event.peak >= floors.usd.times(_CRITICAL_TIMES)
    return Severity.CRITICAL if is_large else Severity.WARNING


def _title(event: AnomalyEvent, news: str) -> str:
    what = f"{event.series.scope}{' (tokens)' if event.series.unit is Unit.TOKENS else ''}"
    if news == OVER:
        return f"{_size(event.size)} in all: {what} is over ({event.ended})"
    more = "more" if event.direction is Direction.UP else "less"
    worse = "again, " if news == WORSE else ""
    return f"{worse}{_size(event.peak)} {_EACH[event.grain]} {more} than expected: {what}"


def _comparison(event: AnomalyEvent) -> str:
    worst = max(
        (each for each in event.readings if each.is_off),
        key=lambda each: abs(each.over.units),
        default=event.latest,
    )
    parts = [f"{_when(event.grain, worst)}: {worst.actual} against {worst.expected} expected"]
    if worst.low <= worst.actual <= worst.high:  # it is known by the series' own record instead
        parts[0] += "."
    else:
        parts[0] += f" ({worst.low} to {worst.high} would be usual)."
    if event.latest != worst:
        parts.append(f"{_when(event.grain, event.latest)}: {event.latest.actual}.")
    off = sum(each.is_off for each in event.readings)
    if off > 1:
        parts.append(f"{event.size} beyond what was expected, over {off} {event.grain}s.")
    if event.also:
        shown = ", ".join(each.split("/", 1)[1].rsplit("/", 1)[0] for each in event.also[:4])
        more = len(event.also) - 4
        parts.append(f"The same shows in {shown}{f' and {more} more' if more > 0 else ''}.")
    return " ".join(parts)


def _when(grain: Grain, reading: Reading) -> str:
    return f"{reading.at:%Y-%m-%d}" if grain is Grain.DAY else f"{reading.at:%Y-%m-%d %H:%M} UTC"


def _size(amount: Money) -> Money:
    return -amount if amount < Money.zero() else amount


def _drivers(event: AnomalyEvent) -> tuple[Driver, ...]:
    return tuple(
        Driver(name=str(each), amount=each.more) for each in event.drivers[:_DRIVERS_TOLD]
    )
