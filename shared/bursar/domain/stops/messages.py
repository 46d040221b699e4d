"""What people are told of a stop: what it is about, what it does, and how to undo it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from bursar.domain.alerts import Alert, Severity, alert_id
from bursar.domain.stops.records import Stop, StopState
from bursar.domain.stops.rules import IN_CLUSTERS, Action, Mode
from bursar.domain.stops.steps import Step

_SHOWN = 12  # of objects: a message is no inventory


class News(StrEnum):
    WOULD_STOP = "would_stop"
    PROPOSED = "proposed"
    APPLIED = "applied"
    REVERSED = "reversed"
    EXPIRED = "expired"
    DRIFTED = "drifted"
    BLOCKED = "blocked"


_SEVERITY = {
    News.WOULD_STOP: Severity.INFO,
    News.REVERSED: Severity.INFO,
    News.PROPOSED: Severity.CRITICAL,
    News.APPLIED: Severity.CRITICAL,
}


def news_of(stop: Stop) -> News:
    """What its present state is, as news."""
    if stop.state is StopState.PROPOSED:
        return News.WOULD_STOP if stop.mode is Mode.WATCH else News.PROPOSED
    return {
        StopState.ACTIVE: News.APPLIED,
        StopState.REVERSED: News.REVERSED,
        StopState.EXPIRED: News.EXPIRED,
    }[stop.state]


def does(stop: Stop) -> list[str]:
    """Each thing that the stop does, in words; what it cannot do, as well."""
    told = []
    if stop.refuses:
        told.append(f"refuses reservations of budget {stop.budget}")
    elif Action.REFUSE_RESERVATIONS in stop.actions:
        told.append(f"refuses nothing: budget {stop.budget} is not enforced")
    told += [f"{step.cluster}: {step.does}" for step in stop.steps]
    if IN_CLUSTERS & set(stop.actions) and not stop.places:
        told.append(f"{stop.scope} names no place in a cluster: name it under `where`")
    if Action.SEND_EVENT in stop.actions:
        told.append("sends an event to EventBridge")
    told += stop.notes
    return told + [f"{cluster}: {why}" for cluster, why in stop.unplanned.items()]


def message(stop: Stop, at: datetime, news: News | None = None, more: Sequence[str] = ()) -> Alert:
    """The stop's present state; or that steps of it drifted, or are refused, as `more` says."""
    news = news or news_of(stop)
    return Alert(
        id=alert_id("stop", stop.id, news, *more),
        kind=f"stop.{news}",
        severity=_SEVERITY.get(news, Severity.WARNING),
        title=_title(stop, news),
        comparison=_comparison(stop, list(more) or _comparable(stop, news)),
        since=stop.activated_at or stop.at,
        data_as_of=stop.data_as_of,
        owner=stop.owner,
        action=_action(stop, news),
        link=stop.link,
        policy=f"stop {stop.id} of budget {stop.budget}",
        mute=f"set the mode of budget {stop.budget} under `stops` in bursar.yaml and deploy",
        raised_at=at,
    )


def reverted(steps: Sequence[Step]) -> list[str]:
    return [f"{step.cluster}: {step.object}: {step.told}" for step in steps]


def _title(stop: Stop, news: News) -> str:
    spent = "" if stop.spent is None else f"{stop.spent} of "
    what = f"{spent}{stop.limit} for {stop.scope}"
    return {
        News.WOULD_STOP: f"{what}: would be stopped (dry run)",
        News.PROPOSED: f"{what}: a stop needs your yes",
        News.APPLIED: f"{what}: stopped",
        News.REVERSED: f"{what}: no longer stopped",
        News.EXPIRED: f"{what}: the stop has expired",
        News.DRIFTED: f"{what}: a stop was undone by somebody else",
        News.BLOCKED: f"{what}: a stop is not carried out in full",
    }[news]


def _comparable(stop: Stop, news: News) -> list[str]:
    if news in (News.REVERSED, News.EXPIRED):
        return [stop.ended_because, *(["nothing was in force"] if not stop.activated_at else [])]
    return [*([stop.needs] if news is News.PROPOSED and stop.needs else []), *does(stop)]


def _comparison(stop: Stop, parts: list[str]) -> str:
    shown = parts[:_SHOWN]
    if hidden := len(parts) - len(shown):
        shown.append(f"and {hidden} more: see `bursar stop show {stop.id}`")
    return f"{stop.reason}. " + "; ".join(shown) + "."


def _action(stop: Stop, news: News) -> str:
    until = f"{stop.expires_at:%Y-%m-%d %H:%M} UTC"
    if news is News.WOULD_STOP:
        return "Nothing is done. Set mode: enforce when you agree with it."
    if news is News.PROPOSED:
        return f"`bursar stop approve {stop.id}` before {until}, or let it expire."
    if news is News.APPLIED:
        return f"It ends by {until}; `bursar stop reverse {stop.id}` ends it now."
    if news is News.DRIFTED:
        return "Not fought: agree with whoever owns the object, or reverse the stop."
    if news is News.BLOCKED:
        return "It is tried again every run: see docs/stops.md for what it needs."
    return "What was changed is put back; what others changed since is left as it is."
