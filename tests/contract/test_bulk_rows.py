"""Rows of the bulk path that are no records, are implausible, or are told too late."""

from __future__ import annotations

import json
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from bursar.adapters.athena.sums import rollup_sql
from bursar.domain.periods import HOUR, Window
from bursar.domain.usage.plausibility import PlausibilityLimits
from bursar.domain.usage.quarantine import Decision
from bursar.jobs.rollup_usage import RolledUp
from tests.contract.bulk_guard import ELEVEN, TEN, TWELVE, Guard, told


@pytest.fixture
def guard(tmp_path: Path) -> Guard:
    return Guard(tmp_path)


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
