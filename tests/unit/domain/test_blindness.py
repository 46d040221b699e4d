"""A source that cannot be seen: told once, and once more when it is back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bursar.domain.blindness import blind, is_blind, sight_restored
from bursar.domain.health import SourceHealth
from bursar.domain.quality import Quality

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)


def health(good_minutes_ago: float | None, detail: str = "timeout") -> SourceHealth:
    good_at = None if good_minutes_ago is None else NOON - timedelta(minutes=good_minutes_ago)
    return SourceHealth(
        source="cluster/prod", at=NOON, quality=Quality.UNKNOWN, good_at=good_at, detail=detail
    )


@pytest.mark.parametrize(("ago", "expected"), [(10, False), (10.1, True), (None, True)])
def test_a_source_is_blind_after_more_than_its_patience(ago, expected):
    assert is_blind(health(ago), NOON, TEN_MINUTES) is expected


def test_a_source_that_nobody_has_heard_of_is_blind():
    assert is_blind(None, NOON, TEN_MINUTES)


def test_one_outage_has_one_id_however_long_it_lasts():
    first = blind("cluster/prod", health(15), NOON, "Look.")
    later = blind("cluster/prod", health(15), NOON + timedelta(hours=1), "Look.")
    other = blind("cluster/prod", health(20), NOON, "Look.")
    assert first.id == later.id != other.id
    assert sight_restored("cluster/prod", health(15), NOON).id not in (first.id, other.id)


def test_the_alert_says_that_unknown_is_not_zero_and_what_the_last_answer_was():
    alert = blind("cluster/prod", health(15), NOON, "Look.")
    assert alert.title == (
        "cluster/prod has not been seen for 15 min: its cost is unknown, not zero"
    )
    assert alert.comparison == "Last answer: timeout."


def test_what_was_never_seen_is_said_to_be_so():
    assert blind("spend", None, NOON, "Look.").title == (
        "spend was never seen: its cost is unknown, not zero"
    )
    assert sight_restored("spend", health(None), NOON).title == "spend is seen for the first time"


def test_a_source_that_is_back_says_how_long_it_was_away():
    alert = sight_restored("cluster/prod", health(180), NOON)
    assert alert.title == "cluster/prod is seen again after 3 h"
