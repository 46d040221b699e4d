"""What every health log does: the last news of each source, and its last good time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from bursar.adapters.dynamodb.health import DynamoHealthLog
from bursar.adapters.memory.notices import MemoryHealthLog
from bursar.domain.health import SourceHealth
from bursar.domain.quality import Quality
from bursar.ports import HealthLog

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)


@pytest.fixture
def log(backing: Any) -> HealthLog:
    return MemoryHealthLog() if backing is None else DynamoHealthLog(backing)


def good(source: str = "spend", at: datetime = NOON) -> SourceHealth:
    return SourceHealth(source=source, at=at, quality=Quality.FINAL, good_at=at)


def bad(at: datetime = LATER, detail: str = "connection refused") -> SourceHealth:
    return SourceHealth(
        source="spend", at=at, quality=Quality.UNKNOWN, good_at=None, detail=detail
    )


def test_nothing_was_heard_at_first(log: HealthLog) -> None:
    assert list(log.all()) == []


def test_the_last_good_time_outlives_bad_news(log: HealthLog) -> None:
    log.saw(good())
    log.saw(bad())
    log.saw(bad(LATER + timedelta(minutes=5), "still refused"))
    (found,) = log.all()
    assert (found.quality, found.good_at, found.detail) == (
        Quality.UNKNOWN,
        NOON,
        "still refused",
    )


def test_a_source_that_never_was_good_has_no_good_time(log: HealthLog) -> None:
    log.saw(bad())
    assert list(log.all()) == [bad()]


def test_good_news_replaces_bad_and_its_detail(log: HealthLog) -> None:
    log.saw(bad(NOON))
    log.saw(good(at=LATER))
    assert list(log.all()) == [good(at=LATER)]


def test_news_that_comes_late_replaces_no_newer_news(log: HealthLog) -> None:
    log.saw(bad(LATER))
    log.saw(bad(NOON, "an older refusal"))
    assert list(log.all()) == [bad(LATER)]


def test_of_good_news_that_comes_late_its_time_is_kept(log: HealthLog) -> None:
    log.saw(bad(LATER))
    log.saw(good(at=NOON))
    log.saw(good(at=NOON - timedelta(minutes=5)))
    assert list(log.all()) == [bad(LATER).model_copy(update={"good_at": NOON})]


def test_times_are_compared_as_instants(log: HealthLog) -> None:
    tokyo = timezone(timedelta(hours=9))
    log.saw(bad(NOON + timedelta(microseconds=1), "newer"))
    log.saw(bad(NOON.astimezone(tokyo), "older"))
    assert [each.detail for each in log.all()] == ["newer"]


def test_sources_come_by_name_and_are_apart(log: HealthLog) -> None:
    names = ["spend", "cluster/prod", "prices/eu-west-1", "cluster/prod-2"]
    for name in names:
        log.saw(good(name))
    assert [each.source for each in log.all()] == sorted(names)
