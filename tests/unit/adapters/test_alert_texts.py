"""An alert as people read it, whatever the names in it are."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

from hypothesis import strategies as st

from bursar.adapters.alert_texts import body, slack, subject
from bursar.domain.alerts import Alert, Driver, Severity
from bursar.domain.money import Money
from tests.unit.for_all import for_all
from tests.unit.sample_cluster import TEN, when

ALERT = Alert(
    id="BR-0123456789",
    kind="budget.threshold",
    severity=Severity.CRITICAL,
    title="namespace=search has cost $1,000.00: 100% of $1,000.00 for the month",
    comparison="Metered $1,000.00 against $640.00 expected by now at an even pace.",
    since=TEN,
    data_as_of=when(60),
    drivers=(
        Driver(name="search/web", amount=Money.of("812.5")),
        Driver(name="search/batch", amount=Money.of(90)),
    ),
    owner="ana",
    action="Look at the drivers.",
    link="https://wiki/budgets",
    policy="budget search",
    mute="remove it and deploy",
    raised_at=when(71),
)
# control characters, line ends that only Unicode knows, right-to-left marks, emoji
names = st.text(max_size=300)


def with_title(title: str, severity: Severity = Severity.WARNING) -> Alert:
    return ALERT.model_copy(update={"title": title, "severity": severity})


def test_a_mail_keeps_the_order_in_which_people_need_it():
    assert body(ALERT) == (
        "namespace=search has cost $1,000.00: 100% of $1,000.00 for the month\n"
        "Metered $1,000.00 against $640.00 expected by now at an even pace.\n"
        "Since 2026-11-20 10:00 UTC. Data is 11 min old (as of 2026-11-20 11:00 UTC).\n"
        "Top drivers:\n"
        "  $812.50  search/web\n"
        "  $90.00  search/batch\n"
        "Owner: ana\n"
        "Do: Look at the drivers. https://wiki/budgets\n"
        "Policy: budget search   Alert: BR-0123456789\n"
        "To mute: remove it and deploy.\n"
    )


def test_times_are_shown_in_utc_whatever_zone_they_came_in():
    berlin = timezone(timedelta(hours=1))
    moved = ALERT.model_copy(
        update={"since": datetime(2026, 11, 20, 11, tzinfo=berlin), "data_as_of": None}
    )
    assert "Since 2026-11-20 10:00 UTC. There is no data yet." in body(moved)


def test_the_subject_names_severity_amount_and_id():
    assert subject(with_title("search has cost $8.00")) == (
        "[Warning] search has cost $8.00 (BR-0123456789)"
    )


def test_a_long_subject_is_cut_and_keeps_its_id():
    line = subject(with_title("x" * 300))
    assert len(line) == 99
    assert line.endswith("x... (BR-0123456789)")


def test_a_subject_of_just_under_100_characters_is_whole():
    frame = len("[Warning]  (BR-0123456789)")
    assert "..." not in subject(with_title("x" * (99 - frame)))
    assert "..." in subject(with_title("x" * (100 - frame)))


@for_all(title=names, severity=st.sampled_from(Severity))
def test_sns_accepts_the_subject_of_any_name(title: str, severity: Severity):
    line = subject(with_title(title, severity))
    assert 0 < len(line) < 100
    assert line.isascii()
    assert line.isprintable()  # no line break, no control character
    assert line[0] == "["
    assert line.endswith("(BR-0123456789)")


@for_all(title=names, driver=names)
def test_the_slack_card_of_any_name_is_a_custom_notification(title: str, driver: str):
    hostile = with_title(title).model_copy(
        update={"drivers": (Driver(name=driver, amount=Money.of(1)),)}
    )
    card = json.loads(slack(hostile).encode())
    assert (card["version"], card["source"]) == ("1.0", "custom")
    assert card["content"]["textType"] == "client-markdown"
    assert card["metadata"]["threadId"] == ALERT.id


def test_the_slack_card_keeps_the_same_order():
    content = json.loads(slack(ALERT))["content"]
    assert content["title"].startswith(":rotating_light: namespace=search has cost $1,000.00")
    assert content["description"].splitlines() == [
        "Metered $1,000.00 against $640.00 expected by now at an even pace.",
        "Since 2026-11-20 10:00 UTC. Data is 11 min old (as of 2026-11-20 11:00 UTC).",
        "• $812.50  search/web",
        "• $90.00  search/batch",
        "Owner: *ana*",
    ]
    assert content["nextSteps"] == [
        "Look at the drivers. https://wiki/budgets",
        "Policy: budget search. To mute: remove it and deploy.",
    ]
    assert content["keywords"] == ["budget.threshold", "critical", "BR-0123456789"]
