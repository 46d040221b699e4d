"""An alert as people read it: a subject and plain text by mail, a card in Slack.

Both keep one order: amount and scope, actual against expected, since when and how old the
data is, top drivers, owner, action and link, policy, how to mute it.
"""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime

from bursar.domain.alerts import Alert, Severity, age

SUBJECT_CHARACTERS = 99  # SNS refuses 100, control characters, and a leading space
_MARKS = {Severity.INFO: "Info", Severity.WARNING: "Warning", Severity.CRITICAL: "Critical"}
_SLACK_MARKS = {
    Severity.INFO: ":information_source:",
    Severity.WARNING: ":warning:",
    Severity.CRITICAL: ":rotating_light:",
}


def subject(alert: Alert) -> str:
    """A subject that SNS accepts whatever the names in it are.

    SNS takes ASCII that starts with a letter, number or punctuation, under 100 characters
    and without line breaks; a hostile name must not suppress its own alert.
    """
    text = f"[{_MARKS[alert.severity]}] {alert.title} ({alert.id})"
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "replace").decode()
    line = " ".join("".join(char if char.isprintable() else " " for char in plain).split())
    if len(line) <= SUBJECT_CHARACTERS:
        return line
    tail = f"... ({alert.id})"
    return line[: SUBJECT_CHARACTERS - len(tail)] + tail


def body(alert: Alert) -> str:
    """Plain text for a mail: SNS sends no other."""
    lines = [alert.title, alert.comparison, _time_line(alert)]
    if alert.drivers:
        lines.append("Top drivers:")
        lines += [f"  {driver.amount}  {driver.name}" for driver in alert.drivers]
    lines += [
        f"Owner: {alert.owner}",
        f"Do: {alert.action}" + (f" {alert.link}" if alert.link else ""),
        f"Policy: {alert.policy}   Alert: {alert.id}",
        f"To mute: {alert.mute}.",
    ]
    return "\n".join(lines) + "\n"


def slack(alert: Alert) -> str:
    """A custom notification for Amazon Q Developer in chat applications, as JSON."""
    drivers = "\n".join(f"• {driver.amount}  {driver.name}" for driver in alert.drivers)
    description = "\n".join(
        part
        for part in (alert.comparison, _time_line(alert), drivers, f"Owner: *{alert.owner}*")
        if part
    )
    next_steps = [alert.action + (f" {alert.link}" if alert.link else "")]
    next_steps.append(f"Policy: {alert.policy}. To mute: {alert.mute}.")
    content = {
        "textType": "client-markdown",
        "title": f"{_SLACK_MARKS[alert.severity]} {alert.title}",
        "description": description,
        "nextSteps": next_steps,
        "keywords": [alert.kind, alert.severity, alert.id],
    }
    metadata = {"threadId": alert.id, "summary": alert.title, "eventType": alert.kind}
    return json.dumps(
        {"version": "1.0", "source": "custom", "content": content, "metadata": metadata},
        ensure_ascii=False,
    )


def _time_line(alert: Alert) -> str:
    since = f"Since {_stamp(alert.since)}. " if alert.since else ""
    if alert.data_as_of is None:
        return f"{since}There is no data yet."
    data = age(alert.data_as_of, alert.raised_at)
    return f"{since}Data is {data} old (as of {_stamp(alert.data_as_of)})."


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
