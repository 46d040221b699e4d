"""Which hours a rollup sums, and what Athena answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
import requests
from moto import mock_aws

from bursar.adapters.athena.sums import AthenaUsageSums, parameters
from bursar.domain.periods import HOUR, Window
from bursar.domain.usage.bulk import BulkUsageUnreadableError, UnsoundRows
from bursar.jobs.rollup_usage import hours_to_sum
from tests.contract.bulk_guard import ELEVEN, TEN


def test_an_hour_sums_a_day_and_once_a_day_eight_days() -> None:
    assert hours_to_sum(ELEVEN) == Window(ELEVEN.end - timedelta(days=1), ELEVEN.end)
    night = Window(TEN.replace(hour=2), TEN.replace(hour=3))
    assert hours_to_sum(night) == Window(night.end - timedelta(days=8), night.end)


def test_arrivals_are_looked_at_from_before_the_first_hour_for_clocks_ahead() -> None:
    midnight = TEN.replace(hour=0)
    hours = Window(midnight, midnight + timedelta(days=1))
    assert parameters(hours) == [
        "2026-11-19",
        "2026-11-21",
        "2026-11-21T00",
        "2026-11-20T00",
        "2026-11-21T00",
    ]


def test_a_day_of_arrival_is_scanned_43_and_a_half_times_by_the_runs_of_a_day() -> None:
    def scanned_hours(end: datetime) -> int:
        first_day, _, until, *_ = parameters(hours_to_sum(Window(end - HOUR, end)))
        since = datetime.fromisoformat(first_day).replace(tzinfo=UTC)
        return (datetime.strptime(until, "%Y-%m-%dT%H").replace(tzinfo=UTC) - since) // HOUR

    midnight = TEN.replace(hour=0)
    runs = [scanned_hours(midnight + n * HOUR) for n in range(24)]
    # at midnight the day before the last too; 24 hours and those of today; 8 days at three
    assert runs == [48, 25, 26, 8 * 24 + 3, *range(28, 48)]
    assert sum(runs) / 24 == 1_044 / 24 == 43.5


HEADER = ["producer", "fault", "ids", "event_or_arrival_hour", "held_id", "tenant", "model"]
NAMES = ["gateway", "", "", "2026-11-20T10", "", "acme", "gpt", "openai", "", "", "true", "1"]
NUMBERS = ["3", "900", "100", "0", "0", "80", "20"]


def queued(*rows: list[str]) -> None:
    """What moto's Athena answers the next query with."""
    data = [{"Data": [{"VarCharValue": cell} for cell in row]} for row in rows]
    requests.post(
        "http://motoapi.amazonaws.com/moto-api/static/athena/query-results",
        json={"results": [{"rows": data}], "account_id": "123456789012", "region": "eu-west-1"},
        timeout=5,
    )


def test_athenas_rows_are_read_as_groups() -> None:
    with mock_aws():
        client = boto3.client("athena", "eu-west-1")
        client.create_work_group(Name="bursar", Configuration={})
        where = ["gateway", "model is missing", "a\nb", "2026-11-20T10"]
        unsound = [*where, *[""] * 7, "0", "2", *"000000"]
        queued(HEADER, [*NAMES, *NUMBERS], unsound)
        found = AthenaUsageSums(client, "bursar", "bursar", sleep=lambda _: None).between(ELEVEN)
        [group] = found.groups
        assert (group.hour, group.tenant, group.batch, group.tier) == (TEN, "acme", True, 1)
        assert (group.requests, group.tokens.counts) == (3, (900, 100, 0, 0, 80, 20))
        assert found.unsound == [UnsoundRows("gateway", TEN, "model is missing", 2, ("a", "b"))]
        [query] = client.list_query_executions(WorkGroup="bursar")["QueryExecutionIds"]
        told_ = client.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        assert told_["QueryExecutionContext"]["Database"] == "bursar"
        days = ["'2026-11-20'", "'2026-11-20'"]
        hours = ["'2026-11-20T12'", "'2026-11-20T11'", "'2026-11-20T12'"]
        assert told_["ExecutionParameters"] == [*days, *hours]


class StuckAthena:
    """A query that is in one state for as long as it is asked."""

    def __init__(self, state: str) -> None:
        self.state, self.asked = state, 0

    def start_query_execution(self, **_: Any) -> dict[str, str]:
        return {"QueryExecutionId": "q"}

    def get_query_execution(self, **_: Any) -> dict[str, Any]:
        self.asked += 1
        return {"QueryExecution": {"Status": {"State": self.state, "StateChangeReason": "why"}}}


@pytest.mark.parametrize(("state", "polls"), [("FAILED", 1), ("CANCELLED", 1), ("RUNNING", 120)])
def test_a_query_that_does_not_succeed_is_not_waited_for_forever(state: str, polls: int) -> None:
    athena, pauses = StuckAthena(state), []
    with pytest.raises(BulkUsageUnreadableError, match=f"is {state}: why"):
        AthenaUsageSums(athena, "bursar", "bursar", sleep=pauses.append).between(ELEVEN)
    assert athena.asked == polls
    assert set(pauses) <= {2.0}
