"""The SQL of the rollup, run by DuckDB on rows as Firehose leaves them, and its sums posted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pytest
import requests
from moto import mock_aws

from bursar.adapters.athena.sums import AthenaUsageSums, parameters, read_sums, rollup_sql
from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.ledger import MemoryConflictLog, MemoryLedger
from bursar.adapters.memory.quarantine import MemoryQuarantine
from bursar.adapters.memory.usage import MemoryUsageArchive
from bursar.adapters.token_prices.genai import GenaiTokenPrices
from bursar.adapters.usage_formats.reading import read
from bursar.domain.ledger.enforced_budgets import EnforcedBudgets
from bursar.domain.ledger.entries import Leaf, LeafKey, sum_leaves
from bursar.domain.periods import HOUR, Window
from bursar.domain.usage.billing import bill
from bursar.domain.usage.bulk import BulkUsage, BulkUsageUnreadableError, UnsoundRows
from bursar.domain.usage.plausibility import PlausibilityLimits
from bursar.domain.usage.producers import ANY_TENANT, ProducerPolicy
from bursar.domain.usage.quarantine import Decision
from bursar.domain.usage.rejections import Rejection
from bursar.domain.usage.routes import ModelRoutes
from bursar.jobs.bill_usage import UsageBilling
from bursar.jobs.post_usage import Patience
from bursar.jobs.rollup_usage import RolledUp, hours_to_sum, rollup_usage
from bursar.jobs.take_usage import UsageIntake

TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)
ELEVEN = Window(TEN + HOUR, TEN + 2 * HOUR)
TWELVE = Window(ELEVEN.end, ELEVEN.end + HOUR)
GATEWAY = ProducerPolicy(name="gateway", tenants=frozenset({ANY_TENANT}))
_COLUMNS = (
    *("id", "at", "tenant", "model", "provider", "feature", "key", "currency", "batch"),
    *("requests", "input_tokens", "cached_input_tokens", "cache_write_tokens"),
    *("cache_write_1h_tokens", "output_tokens", "reasoning_tokens"),
)


class DuckSums:
    """BulkUsageSums over files in Firehose's folders, by the query that Athena is given."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._files = 0

    def arrive(self, at: datetime, *rows: dict[str, Any], producer: str = "gateway") -> None:
        folder = self.root / f"producer={producer}/day={at:%Y-%m-%d}/hour={at:%H}"
        folder.mkdir(parents=True, exist_ok=True)
        self._files += 1
        lines = "\n".join(json.dumps(row) for row in rows)
        (folder / f"{self._files:03}.json").write_text(lines)

    def between(self, hours: Window) -> BulkUsage:
        with duckdb.connect() as db:
            db.execute("CREATE MACRO regexp_like(a, b) AS regexp_matches(a, b)")
            db.execute("CREATE MACRO array_join(a, b) AS array_to_string(a, b)")
            columns = ", ".join(f"'{name}': 'VARCHAR'" for name in _COLUMNS)
            db.execute(
                f"CREATE VIEW usage AS SELECT * REPLACE (strftime(day, '%Y-%m-%d') AS day) FROM "  # noqa: S608
                f"(SELECT * REPLACE (CAST(day AS DATE) AS day) FROM read_json("
                f"'{self.root}/*/*/*/*.json', columns={{{columns}}}, hive_partitioning=true, "
                f"filename='$path', "
                f"hive_types={{'hour': VARCHAR, 'day': VARCHAR, 'producer': VARCHAR}}))"
            )
            found = db.execute(rollup_sql(), parameters(hours)).fetchall()
        return read_sums([str(cell) for cell in row] for row in found)


class Guard:
    def __init__(self, root: Path) -> None:
        self.sums, self.ledger = DuckSums(root), MemoryLedger()
        self.quarantine, self.archive = MemoryQuarantine(), MemoryUsageArchive()

    def intake(self, name: str) -> UsageIntake:
        assert name == "gateway"
        return UsageIntake(
            producer=GATEWAY,
            read=read,
            archive=self.archive,
            quarantine=self.quarantine,
            billing=UsageBilling(
                routes=ModelRoutes(),
                prices=GenaiTokenPrices(),
                ledger=self.ledger,
                conflicts=MemoryConflictLog(MemoryOutbox()),
                windows=self.ledger,
                budgets=EnforcedBudgets((), "acme", lambda _: ""),
                patience=Patience(lambda _: None, lambda low, _: low),
            ),
        )

    def run(self, hour: Window = ELEVEN) -> RolledUp:
        at = hour.end + timedelta(minutes=17)
        return rollup_usage(hour, sums=self.sums, entries=self.ledger, intakes=self.intake, at=at)

    def leaves(self, hour: datetime = TEN) -> dict[LeafKey, Leaf]:
        return dict(self.ledger.leaves(hour))


@pytest.fixture
def guard(tmp_path: Path) -> Guard:
    return Guard(tmp_path)


def told(id_: str, minute: int = 5, **changes: Any) -> dict[str, Any]:
    row = {
        "id": id_,
        "at": f"2026-11-20T10:{minute:02}:00Z",
        "tenant": "acme",
        "model": "gpt-4.1-mini",
        "provider": "openai",
        "input_tokens": 1000,
        "cached_input_tokens": 200,
        "output_tokens": 100,
    }
    return row | changes


def test_records_become_one_leaf_with_their_sums_and_the_price_that_each_would_pay(
    guard: Guard,
) -> None:
    rows = [told("1"), told("2"), told("3", cached_input_tokens=0)]
    guard.sums.arrive(TEN, *rows)
    guard.sums.arrive(TEN + HOUR, told("4", tenant="bolt"))
    assert guard.run() == RolledUp(groups=2, posted=2, rejected=0)
    singly = []
    for row in [*rows, told("4", tenant="bolt")]:
        [placed] = read(json.dumps(row), GATEWAY)
        assert not isinstance(placed, Rejection)
        record = placed.record
        price = GenaiTokenPrices().price_at(record.provider, record.model, record.at)
        singly.append(bill(record, price, ModelRoutes()))
    for key, leaf in sum_leaves(singly).items():
        found = guard.leaves()[key]
        assert (found.requests, found.tokens) == (leaf.requests, leaf.tokens)
        assert found.amounts == leaf.amounts


def test_what_is_told_twice_counts_once_in_whatever_file_it_came(guard: Guard) -> None:
    guard.sums.arrive(TEN, told("1"), told("1"), told("2"))
    guard.sums.arrive(TEN + HOUR, told("2"), told("1"))
    guard.run()
    [leaf] = guard.leaves().values()
    assert (leaf.requests, leaf.tokens.input) == (2, 2000)


def test_of_two_bodies_with_one_id_the_first_that_arrived_counts(guard: Guard) -> None:
    guard.sums.arrive(TEN + HOUR, told("1", input_tokens=9000))
    guard.sums.arrive(TEN, told("1", input_tokens=4000))
    guard.run()
    [leaf] = guard.leaves().values()
    assert leaf.tokens.input == 4000


def test_an_hour_of_arrival_is_summed_when_it_is_over_so_that_the_first_telling_stays(
    guard: Guard,
) -> None:
    guard.sums.arrive(TEN + HOUR, told("1", tenant="bolt", input_tokens=9000))
    assert guard.run(Window(TEN, TEN + HOUR)).posted == 0  # at 11:17 more can come
    guard.sums.arrive(TEN + HOUR, told("1", input_tokens=4000), told("2", input_tokens=3000))
    assert guard.run() == RolledUp(groups=2, posted=2, rejected=0)
    assert {key.tenant: leaf.tokens.input for key, leaf in guard.leaves().items()} == {
        "bolt": 9000,
        "acme": 3000,
    }
    assert guard.run(TWELVE) == RolledUp(groups=2, posted=0, rejected=0)


def test_two_bodies_in_one_file_have_an_order_since_all_that_is_summed_is_in_it() -> None:
    _, order = rollup_sql().split("ORDER BY")
    ordered = set(order[: order.index(")")].replace(",", " ").replace('"', "").split())
    names = {"key_alias" if name == "key" else name for name in _COLUMNS}
    assert ordered == names - {"id", "currency"} | {"arrived", "file"}


def test_a_run_again_posts_nothing_and_late_records_post_the_difference(guard: Guard) -> None:
    guard.sums.arrive(TEN, told("1"), told("2"))
    assert guard.run().posted == 1
    assert guard.run().posted == 0
    guard.sums.arrive(TEN + 2 * HOUR, told("2"), told("late", input_tokens=7000))
    assert guard.run(TWELVE).posted == 1
    [leaf] = guard.leaves().values()
    assert (leaf.entries, leaf.requests, leaf.tokens.input) == (2, 3, 9000)
    assert guard.run(TWELVE).posted == 0


def test_what_was_posted_is_in_the_archive_to_be_verified(guard: Guard) -> None:
    guard.sums.arrive(TEN, told("1"))
    guard.run()
    [record] = guard.archive.records(Window(TEN, TEN + HOUR))
    assert record.id.startswith("bulk/2026-11-20T10/")
    assert record.id.endswith("/0")


def test_sums_that_fall_are_listed_and_take_nothing_back(guard: Guard, tmp_path: Path) -> None:
    guard.sums.arrive(TEN, told("1"))
    guard.sums.arrive(TEN, told("2"))
    guard.run()
    next(tmp_path.rglob("002.json")).unlink()
    assert guard.run() == RolledUp(groups=1, posted=0, rejected=1)
    [row] = guard.quarantine.rejected()
    assert "less than was posted" in row.reason
    assert sum(leaf.requests for leaf in guard.leaves().values()) == 2


NO_TIME = "at is not a time in UTC such as 2026-11-20T13:05:00Z"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"id": ""}, "id is missing, or the line is no JSON"),
        ({"id": None}, "id is missing, or the line is no JSON"),
        ({"id": "x" * 257}, "id is longer than 256 characters"),
        ({"model": None}, "model is missing"),
        ({"at": None}, NO_TIME),
        ({"at": "2026-11-20 10:05"}, NO_TIME),
        ({"at": "2026-11-20T10:05:00+01:00"}, NO_TIME),
        ({"at": "2026-11-19T25:00:00Z"}, NO_TIME),
        ({"at": "2026-11-19T24:00:00Z"}, NO_TIME),
        ({"at": "2026-11-20T10:75:00Z"}, NO_TIME),
        ({"at": "2026-11-20T10:05:60Z"}, NO_TIME),
        ({"at": "2026-11-31T10:05:00Z"}, NO_TIME),
        ({"at": "2026-02-29T10:05:00Z"}, NO_TIME),
        # it came between 10:00 and 11:00, in a file that took until 11:05
        ({"at": "2026-11-20T11:10:01Z"}, "at is more than 5 minutes ahead"),
        ({"at": "2026-11-20T22:00:00Z"}, "at is more than 5 minutes ahead"),
        ({"at": "2026-11-13T09:59:59Z"}, "at is more than 7 days ago"),
        ({"currency": "EUR"}, "currency is not USD"),
        ({"batch": "perhaps"}, "batch is neither true nor false"),
        ({"input_tokens": -1}, "input_tokens is not a count"),
        ({"output_tokens": "1e3"}, "output_tokens is not a count"),
        ({"output_tokens": {"text": 100}}, "output_tokens is not a count"),
        ({"output_tokens": 1.5}, "output_tokens is not a count"),
        ({"reasoning_tokens": True}, "reasoning_tokens is not a count"),
        ({"cache_write_tokens": 2**63 - 1}, "cache_write_tokens is not a count"),
        ({"input_tokens": 10**12 + 1}, "input_tokens is beyond 10^12"),
        (
            {"cached_input_tokens": 1001},
            "more tokens cached than input: input includes the cached",
        ),
        (
            {"reasoning_tokens": 101},
            "more reasoning tokens than output: output includes them",
        ),
        (
            {"input_tokens": None, "cached_input_tokens": None, "output_tokens": None},
            "input_tokens and output_tokens are missing",
        ),
        ({"requests": 0}, "requests is not from 1 to 10^9"),
        ({"requests": 10**14}, "requests is not from 1 to 10^9"),
    ],
    ids=str,
)
def test_a_row_that_is_no_record_is_told_with_its_fault_and_summed_nowhere(
    guard: Guard, wrong: dict[str, Any], reason: str
) -> None:
    guard.sums.arrive(TEN, told("1"), told("2") | wrong)
    assert guard.run() == RolledUp(groups=1, posted=1, rejected=1)
    [leaf] = guard.leaves().values()
    assert leaf.requests == 1
    [row] = guard.quarantine.rejected()
    assert (row.reason, row.times) == (reason, 1)
    assert row.places == (() if "id" in wrong else ("2",))


@pytest.mark.parametrize(
    "right",
    [
        {"at": "2026-11-20T10:59:59.999Z"},
        {"currency": "USD"},
        {"currency": ""},
        {"input_tokens": 1000.0},
        {"batch": False},
    ],
    ids=str,
)
def test_a_row_is_a_record_as_ingest_takes_it(guard: Guard, right: dict[str, Any]) -> None:
    guard.sums.arrive(TEN, told("1"), told("2") | right)
    assert guard.run() == RolledUp(groups=1, posted=1, rejected=0)
    [leaf] = guard.leaves().values()
    assert (leaf.requests, leaf.tokens.input) == (2, 2000)


def test_rows_that_are_no_records_are_told_once_however_many_runs_see_them(guard: Guard) -> None:
    guard.sums.arrive(TEN, *(told(f"{n:02}", input_tokens=-5) for n in range(30)))
    guard.sums.arrive(TEN + HOUR, told("last", input_tokens=-5), told("other", requests=0))
    for hours in range(5):
        assert (
            guard.run(Window(ELEVEN.start + hours * HOUR, ELEVEN.end + hours * HOUR)).posted == 0
        )
    rows = {(row.received_at, row.reason): row for row in guard.quarantine.rejected()}
    first = rows.pop((TEN + HOUR, "input_tokens is not a count"))
    assert (first.times, first.where, first.places[-1], len(first.places)) == (30, "00", "19", 20)
    assert {row.places for row in rows.values()} == {("last",), ("other",)}


def test_a_record_that_comes_seven_days_late_is_posted_by_the_nights_run(guard: Guard) -> None:
    night = Window(TEN.replace(hour=2), TEN.replace(hour=3))
    came = night.end - timedelta(hours=24)  # just after the run of the night before
    guard.sums.arrive(came, told("1", at=f"{came - timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}"))
    assert guard.run(night) == RolledUp(groups=1, posted=1, rejected=0)


@pytest.mark.parametrize("wrong", [{"tenant": None}, {"tenant": "__idle__"}])
def test_a_group_of_nobody_is_rejected_alone(guard: Guard, wrong: dict[str, Any]) -> None:
    guard.sums.arrive(TEN, told("1"), told("2") | wrong)
    assert guard.run() == RolledUp(groups=2, posted=1, rejected=1)


def test_requests_of_two_context_tiers_are_not_averaged(guard: Guard) -> None:
    model = {"model": "gemini-2.5-pro", "provider": "google", "cached_input_tokens": 0}
    short, long = told("1", input_tokens=1000), told("2", input_tokens=300_000)
    guard.sums.arrive(TEN, short | model, long | model)
    assert guard.run().groups == 2
    [leaf] = guard.leaves().values()
    # 1.25 and 10 up to 200,000 tokens of input, 2.50 and 15 above: per million
    assert leaf.amounts.usd.plain() == "0.75375"


@pytest.mark.parametrize(
    ("beyond", "why"),
    [
        ({"input_tokens": 50_000_000}, "more than 10000000 tokens a request"),
        ({"input_tokens": 50 * 10**9}, "more than 10000000 tokens a request"),
        ({"input_tokens": 2 * 10**10, "requests": 10**7}, "more than 10000000000 tokens"),
        ({"requests": 10**8 + 1}, "more than 100000000 requests"),
    ],
)
@pytest.mark.parametrize("decision", [Decision.DROPPED, Decision.RELEASED])
def test_an_implausible_record_is_held_alone_and_the_others_are_posted(
    guard: Guard, beyond: dict[str, Any], why: str, decision: Decision
) -> None:
    guard.sums.arrive(TEN, *(told(str(n), input_tokens=600_000) for n in range(10)))
    guard.sums.arrive(TEN, told("odd", **beyond))
    assert guard.run().posted == 1
    [leaf] = guard.leaves().values()
    assert (leaf.requests, leaf.tokens.input) == (10, 6_000_000)
    guard.run(TWELVE)
    [held] = guard.quarantine.held()
    assert (held.reason, held.record.tokens.input) == (why, beyond.get("input_tokens", 1000))
    if decision is Decision.RELEASED:
        guard.intake("gateway").post([held.record], TWELVE.end)
    guard.quarantine.decide((held.record.producer, held.record.id), decision, TWELVE.end)
    guard.sums.arrive(TWELVE.end, told("late"))
    assert guard.run(Window(TWELVE.end, TWELVE.end + HOUR)).posted == 1
    assert not guard.quarantine.held()
    released = beyond.get("requests", 1) if decision is Decision.RELEASED else 0
    assert sum(leaf.requests for leaf in guard.leaves().values()) == 11 + released


def test_records_that_are_plausible_are_posted_however_large_their_sum(guard: Guard) -> None:
    of_many = {"requests": 10**6, "input_tokens": 2 * 10**9}
    guard.sums.arrive(TEN, *(told(str(n), **of_many) for n in range(6)))
    assert guard.run().posted == 1
    [leaf] = guard.leaves().values()
    assert leaf.tokens.input == 12 * 10**9


def test_the_query_has_the_limits_that_hold_a_record_elsewhere() -> None:
    limits = PlausibilityLimits()
    for limit in (
        f"requests > {limits.most_requests} THEN",
        f"input_tokens + output_tokens > {limits.most_tokens} THEN",
        f"input_tokens + output_tokens > {limits.most_tokens_per_request} * requests THEN",
    ):
        assert f"WHEN {limit} id" in rollup_sql()


def test_a_group_that_cannot_be_posted_is_told_once(guard: Guard) -> None:
    guard.sums.arrive(TEN, told("1", tenant=None))
    for hour in (ELEVEN, TWELVE):
        assert guard.run(hour).rejected == 1
    [row] = guard.quarantine.rejected()
    assert (row.where, row.times) == ("2026-11-20T10", 1)


def test_every_published_tier_begins_at_an_edge_of_the_query() -> None:
    kept = files("bursar.adapters.token_prices").joinpath("genai_prices.json").read_text()
    rates = [
        rate
        for provider in json.loads(kept)["providers"]
        for model in provider["models"]
        for row in model["prices"]
        for rate in row["rates"].values()
    ]
    edges = {start for rate in rates if isinstance(rate, list) for start, _ in rate[1:]}
    assert 200_000 in edges
    assert not [edge for edge in edges if f"input_tokens > {edge} * requests" not in rollup_sql()]


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
