"""The outbox: sent at least once, without a storm, and nobody left out of the digest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.notices import MemoryPublisher
from bursar.adapters.memory.spend import MemoryCounter
from bursar.domain.alerts import Alert, NotPublishedError, OutboxRow, Severity
from bursar.domain.quiet_hours import QuietHours
from bursar.jobs.send_notifications import Sent, send_new, sweep

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=37)


def row(number: int, *, owner: str = "ana", severity: Severity = Severity.WARNING) -> OutboxRow:
    alert = Alert(
        id=f"BR-{number}",
        kind="budget.threshold",
        severity=severity,
        title=f"alert {number}",
        comparison="much.",
        since=None,
        data_as_of=NOON,
        owner=owner,
        action="Look.",
        policy="budget x",
        mute="deploy",
        raised_at=NOON + timedelta(seconds=number),
    )
    return OutboxRow(alert=alert, due_at=NOON + timedelta(seconds=number))


class Post:
    def __init__(self, cap: int = 20, quiet: QuietHours | None = None) -> None:
        self.outbox, self.publisher, self.counter = (
            MemoryOutbox(),
            MemoryPublisher(),
            MemoryCounter(),
        )
        self.cap, self.quiet = cap, quiet

    def stream(self, *rows: OutboxRow) -> Sent:
        for each in rows:
            self.outbox.post(each)
        return send_new(
            rows,
            outbox=self.outbox,
            publisher=self.publisher,
            counter=self.counter,
            cap_per_hour=self.cap,
            quiet=self.quiet,
        )

    def sweep(self, now: datetime = LATER) -> Sent:
        return sweep(
            now,
            outbox=self.outbox,
            publisher=self.publisher,
            counter=self.counter,
            cap_per_hour=self.cap,
            quiet=self.quiet,
        )

    @property
    def told(self) -> list[str]:
        return [alert.id for alert in self.publisher.published]

    @property
    def unsent(self) -> list[str]:
        return [each.id for each in self.outbox.unsent(NOON + timedelta(days=9))]


def test_a_new_row_is_sent_and_marked():
    post = Post()
    assert post.stream(row(1)) == Sent(sent=1, held=0)
    assert (post.told, post.unsent) == (["BR-1"], [])
    assert post.sweep() == Sent(sent=0, held=0)
    assert post.told == ["BR-1"]


def test_a_row_that_was_sent_is_not_sent_by_a_replay_that_knows_it():
    post = Post()
    assert post.stream(row(1).model_copy(update={"sent_at": NOON})) == Sent(0, 0)
    assert post.told == []


def test_what_the_stream_lost_is_sent_by_the_sweep_but_not_in_its_first_five_minutes():
    post = Post()
    post.outbox.post(row(0))
    assert post.sweep(NOON + timedelta(minutes=5) - timedelta(seconds=1)) == Sent(0, 0)
    assert post.sweep(NOON + timedelta(minutes=5)) == Sent(1, 0)
    assert post.told == ["BR-0"]


class Dies(MemoryOutbox):
    """The function dies after it has published, before it could say so."""

    def mark_sent(self, row: OutboxRow, at: datetime) -> None:
        raise ConnectionError


def test_a_crash_between_telling_and_marking_tells_again_under_the_same_id():
    post, dying = Post(), Dies()
    living, post.outbox = post.outbox, dying
    living.post(row(1))
    with pytest.raises(ConnectionError):
        post.stream(row(1))
    post.outbox = living
    post.sweep()
    assert post.told == ["BR-1", "BR-1"]


class Deaf(MemoryPublisher):
    def publish(self, alert: Alert) -> None:
        raise ConnectionError


def test_what_could_not_be_told_stays_unsent_and_raises():
    post = Post()
    post.publisher = Deaf()
    with pytest.raises(ConnectionError):
        post.stream(row(1))
    assert post.unsent == ["BR-1"]


class Refuses(MemoryPublisher):
    """A channel that refuses one alert, whatever comes before and after it."""

    def publish(self, alert: Alert) -> None:
        if alert.id == "BR-2":
            raise NotPublishedError("BR-2: invalid")
        super().publish(alert)


def test_one_alert_that_is_refused_keeps_no_other_from_being_sent():
    post = Post()
    post.publisher = Refuses()
    with pytest.raises(ExceptionGroup, match="1 alerts were refused, 2 sent"):
        post.stream(row(1), row(2), row(3))
    assert (post.told, post.unsent) == (["BR-1", "BR-3"], ["BR-2"])
    with pytest.raises(ExceptionGroup):
        post.sweep()
    assert post.unsent == ["BR-2"]


class Damaged(MemoryOutbox):
    """One of its messages cannot be read any more."""

    def unreadable(self, due_before: datetime) -> list[str]:
        return ["BR-2"] if due_before >= NOON + timedelta(seconds=2) else []


def test_a_message_that_cannot_be_read_is_an_error_after_the_others_were_sent():
    post = Post()
    post.outbox = Damaged()
    for number in (1, 3):
        post.outbox.post(row(number))
    with pytest.raises(ExceptionGroup, match="1 alerts were refused, 2 sent") as raised:
        post.sweep()
    assert [str(error) for error in raised.value.exceptions] == ["BR-2 is no message"]
    assert (post.told, post.unsent) == (["BR-1", "BR-3"], [])


def test_beyond_the_cap_rows_wait_for_the_sweep_which_digests_them():
    post = Post(cap=2)
    assert post.stream(*map(row, range(1, 6))) == Sent(sent=2, held=3)
    assert post.sweep() == Sent(sent=0, held=3)
    digest = post.publisher.published[-1]
    assert digest.title == "3 more alerts, held back by the hourly cap"
    assert digest.comparison == "They are:\n  BR-3 alert 3\n  BR-4 alert 4\n  BR-5 alert 5"
    assert (post.unsent, len(post.told)) == ([], 3)
    assert post.sweep() == Sent(0, 0)


def test_a_new_hour_has_a_new_cap():
    post = Post(cap=2)
    post.stream(*map(row, range(1, 6)))
    assert post.sweep(NOON + timedelta(hours=1, minutes=37)) == Sent(sent=2, held=1)


def test_each_owner_gets_a_digest_of_their_own():
    post = Post(cap=1)
    post.stream(row(1), row(2, owner="ana"), row(3, owner="bo"), row(4, owner="ana"))
    post.sweep()
    digests = post.publisher.published[1:]
    assert [(each.owner, each.title[0]) for each in digests] == [("ana", "2"), ("bo", "1")]


def test_a_digest_is_as_severe_as_the_worst_in_it_and_names_no_more_than_25():
    post = Post(cap=1)
    rows = [row(n) for n in range(30)] + [row(30, severity=Severity.CRITICAL)]
    post.stream(*rows)
    post.sweep()
    digest = post.publisher.published[-1]
    assert digest.severity is Severity.CRITICAL
    assert digest.comparison.endswith("\n  and 5 more")
    assert digest.since == rows[1].alert.raised_at


def test_the_same_digest_twice_shows_itself_by_its_id():
    posts = [Post(cap=1), Post(cap=1)]
    for post in posts:
        post.stream(row(1), row(2), row(3))
        post.sweep()
    assert posts[0].told == posts[1].told


def quiet(first: str, after: str, time_zone: str = "UTC") -> QuietHours:
    return QuietHours.model_validate({"from": first, "to": after, "time_zone": time_zone})


def test_in_quiet_hours_only_what_is_critical_is_sent_and_the_rest_after_them():
    post = Post(quiet=quiet("11:00", "14:00"))
    severities = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)
    rows = [row(n, severity=severity) for n, severity in enumerate(severities)]
    assert post.stream(*rows) == Sent(sent=1, held=2)
    assert post.sweep() == Sent(sent=0, held=2)  # at 12:37
    assert post.told == ["BR-2"]
    assert post.sweep(NOON + timedelta(hours=2, minutes=37)) == Sent(sent=2, held=0)
    assert (post.told, post.unsent) == (["BR-2", "BR-0", "BR-1"], [])


def test_what_waits_for_the_end_of_quiet_hours_uses_nothing_of_the_cap():
    post = Post(cap=1, quiet=quiet("11:00", "14:00"))
    post.stream(row(1), row(2))
    assert post.stream(row(3, severity=Severity.CRITICAL)) == Sent(sent=1, held=0)


def test_a_critical_alert_that_the_stream_lost_is_swept_up_in_quiet_hours():
    post = Post(quiet=quiet("11:00", "14:00"))
    post.outbox.post(row(1))
    post.outbox.post(row(2, severity=Severity.CRITICAL))
    assert post.sweep() == Sent(sent=1, held=1)
    assert post.told == ["BR-2"]


@pytest.mark.parametrize(
    ("first", "after", "zone", "waits"),
    [
        ("12:00", "12:01", "UTC", True),  # its first minute is quiet
        ("11:00", "12:00", "UTC", False),  # and the first minute after them is not
        ("22:00", "07:00", "UTC", False),
        ("22:00", "12:01", "UTC", True),
        ("12:00", "11:59", "UTC", True),
        ("21:00", "07:00", "Asia/Tokyo", True),  # 12:00 is 21:00 there
        ("13:00", "14:00", "Europe/Berlin", True),  # in winter; in summer it is 14:00 there
        ("14:00", "15:00", "Europe/Berlin", False),
    ],
)
def test_quiet_hours_are_those_of_their_time_zone_and_may_pass_midnight(first, after, zone, waits):
    assert quiet(first, after, zone).hold(row(0).alert, NOON) is waits
