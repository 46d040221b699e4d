"""Tell people what the outbox holds: at least once, under a visible id, without a storm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bursar.domain.alerts import (
    Alert,
    NotPublishedError,
    OutboxRow,
    UnreadableAlertError,
    alert_id,
)
from bursar.domain.quiet_hours import QuietHours
from bursar.ports import Counter, Outbox, Publisher

_LEAVE_TO_THE_STREAM = timedelta(minutes=5)
_SHOWN_IN_A_DIGEST = 25


@dataclass(frozen=True, slots=True)
class Sent:
    sent: int
    held: int


def send_new(
    rows: Iterable[OutboxRow],
    *,
    outbox: Outbox,
    publisher: Publisher,
    counter: Counter,
    cap_per_hour: int,
    quiet: QuietHours | None = None,
) -> Sent:
    """Send what the table's stream has just brought.

    What the quiet hours hold back, or the cap, waits for the sweep.
    """
    sent = held = 0
    refused: list[Exception] = []
    for row in rows:
        if row.sent_at is not None:
            continue
        waits = quiet is not None and quiet.hold(row.alert, row.due_at)
        if waits or not _within_cap(row.due_at, counter, cap_per_hour):
            held += 1
        elif _send(row, row.due_at, outbox, publisher, refused):
            sent += 1
    return _told(Sent(sent, held), refused)


def sweep(
    now: datetime,
    *,
    outbox: Outbox,
    publisher: Publisher,
    counter: Counter,
    cap_per_hour: int,
    quiet: QuietHours | None = None,
) -> Sent:
    """Send what was left behind; what the cap still holds back goes into a digest per owner.

    During quiet hours only what is critical is sent; the first sweep after them sends the rest.

    Raises:
        ExceptionGroup: of what could not be sent, or not even read; the rest was sent.
    """
    due = now - _LEAVE_TO_THE_STREAM
    held: list[OutboxRow] = []
    refused: list[Exception] = []
    sent = quieted = 0
    for row in outbox.unsent(due):
        if quiet is not None and quiet.hold(row.alert, now):
            quieted += 1
        elif held or not _within_cap(now, counter, cap_per_hour):
            held.append(row)
        elif _send(row, now, outbox, publisher, refused):
            sent += 1
    for owner in dict.fromkeys(row.alert.owner for row in held):
        theirs = [row for row in held if row.alert.owner == owner]
        if _publish(_digest(theirs, now), publisher, refused):
            for row in theirs:
                outbox.mark_sent(row, now)
    refused += (UnreadableAlertError(f"{id_} is no message") for id_ in outbox.unreadable(due))
    return _told(Sent(sent, len(held) + quieted), refused)


def _told(done: Sent, refused: list[Exception]) -> Sent:
    """One alert that cannot be sent keeps no other from being sent; then it fails loudly."""
    if refused:
        raise ExceptionGroup(f"{len(refused)} alerts were refused, {done.sent} sent", refused)
    return done


def _publish(alert: Alert, publisher: Publisher, refused: list[Exception]) -> bool:
    try:
        publisher.publish(alert)
    except NotPublishedError as error:
        refused.append(error)
        return False
    return True


def _within_cap(at: datetime, counter: Counter, cap_per_hour: int) -> bool:
    hour = at.strftime("%Y-%m-%dT%H")
    return counter.take(f"notifications#{hour}", cap_per_hour, at + timedelta(days=2))


def _send(
    row: OutboxRow,
    at: datetime,
    outbox: Outbox,
    publisher: Publisher,
    refused: list[Exception],
) -> bool:
    if not _publish(row.alert, publisher, refused):
        return False
    outbox.mark_sent(row, at)
    return True


def _digest(held: list[OutboxRow], now: datetime) -> Alert:
    alerts = [row.alert for row in held]
    shown = "\n".join(f"  {alert.id} {alert.title}" for alert in alerts[:_SHOWN_IN_A_DIGEST])
    more = len(alerts) - _SHOWN_IN_A_DIGEST
    rest = f"\n  and {more} more" if more > 0 else ""
    return Alert(
        id=alert_id("digest", *(alert.id for alert in alerts)),
        kind="notifications.digest",
        severity=max(alerts, key=_rank).severity,
        title=f"{len(alerts)} more alerts, held back by the hourly cap",
        comparison=f"They are:\n{shown}{rest}",
        since=min(alert.raised_at for alert in alerts),
        data_as_of=now,
        owner=alerts[0].owner,
        action="Look for the one cause that many budgets share.",
        policy="notifications.storm_cap_per_hour",
        mute="change the cap in bursar.yaml and deploy",
        raised_at=now,
    )


def _rank(alert: Alert) -> int:
    return ("info", "warning", "critical").index(alert.severity)
