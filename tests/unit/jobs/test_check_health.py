"""Sources that have gone silent, when nobody runs who could say so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.notices import MemoryHealthLog
from bursar.domain.health import SourceHealth
from bursar.domain.quality import Quality
from bursar.jobs.check_health import check_health, expected_sources
from tests.unit.jobs.sample_config import config

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
FRESH = {"cluster/prod": 5, "prices/eu-west-1": 60, "spend": 600}


def seen(**minutes_ago: float) -> MemoryHealthLog:
    log = MemoryHealthLog()
    for source, minutes in (FRESH | minutes_ago).items():
        good_at = NOON - timedelta(minutes=minutes)
        log.saw(SourceHealth(source=source, at=good_at, quality=Quality.FINAL, good_at=good_at))
    return log


def test_a_house_in_order_is_silent():
    outbox = MemoryOutbox()
    assert check_health(config(), NOON, health=seen(), outbox=outbox) == []
    assert outbox.all() == []


@pytest.mark.parametrize(
    ("source", "patience_minutes"),
    [("cluster/prod", 60), ("prices/eu-west-1", 48 * 60), ("spend", 50 * 60)],
)
def test_each_source_has_its_own_patience(source, patience_minutes):
    outbox = MemoryOutbox()
    in_time = seen(**{source: patience_minutes})
    assert check_health(config(), NOON, health=in_time, outbox=outbox) == []
    late = seen(**{source: patience_minutes + 1})
    assert check_health(config(), NOON, health=late, outbox=outbox) == [source]


def test_one_outage_is_told_once_and_by_everyone_under_the_same_id():
    outbox, silent = MemoryOutbox(), seen(**{"cluster/prod": 90})
    for hours in (0, 1, 2):
        check_health(config(), NOON + timedelta(hours=hours), health=silent, outbox=outbox)
    assert [row.alert.kind for row in outbox.all()] == ["source.blind"]


def test_a_fresh_deployment_gives_each_source_its_patience_before_it_is_silent():
    outbox, log = MemoryOutbox(), MemoryHealthLog()

    def silent_after(hours: float) -> list[str]:
        return check_health(config(), NOON + timedelta(hours=hours), health=log, outbox=outbox)

    assert silent_after(0) == []
    assert silent_after(1) == []
    assert silent_after(1.1) == ["cluster/prod"]
    assert silent_after(51) == ["cluster/prod", "prices/eu-west-1", "spend"]
    assert len(outbox.all()) == 3


def test_a_source_that_is_heard_again_is_told_once():
    outbox, log = MemoryOutbox(), seen(**{"prices/eu-west-1": 49 * 60})
    check_health(config(), NOON, health=log, outbox=outbox)
    later = NOON + timedelta(hours=1)
    for source in FRESH:
        heard = SourceHealth(source=source, at=later, quality=Quality.FINAL, good_at=later)
        log.saw(heard)

    for minutes in (0, 60):
        at = later + timedelta(minutes=minutes)
        assert check_health(config(), at, health=log, outbox=outbox) == []

    assert [row.alert.kind for row in outbox.all()] == ["source.blind", "source.restored"]


def test_a_cluster_that_is_seen_hourly_may_miss_one_look():
    hourly = {"name": "prod", "region": "us-east-1", "endpoint": "https://prod"}
    rarely = config(clusters=[hourly | {"snapshot_every_minutes": 60}], spend={"enabled": False})
    assert expected_sources(rarely) == {
        "cluster/prod": timedelta(hours=2),
        "prices/eu-west-1": timedelta(hours=48),
        "prices/us-east-1": timedelta(hours=48),
    }
