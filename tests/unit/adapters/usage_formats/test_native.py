"""Bursar's own format: JSON, an array, JSONL and CSV; what is wrong is lost alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import strategies as st

from bursar.domain.usage.producers import ANY_TENANT, ModelAlias, UsageFormat
from bursar.domain.usage.records import TokenCounts
from tests.unit.adapters.usage_formats.telling import producer, reasons, record, told
from tests.unit.for_all import for_all

GATEWAY = producer(UsageFormat.BURSAR)
FULL = {
    "id": "r-1",
    "at": "2026-11-20T13:05:07.250+01:00",
    "tenant": "acme",
    "model": "claude-sonnet-4-5",
    "provider": "anthropic",
    "feature": "search",
    "user": "u-17",
    "key": "search-prod",
    "requests": 2,
    "input_tokens": 1000,
    "cached_input_tokens": 600,
    "cache_write_tokens": 100,
    "cache_write_1h_tokens": 50,
    "output_tokens": 300,
    "reasoning_tokens": 120,
    "latency_ms": 840,
    "batch": True,
    "prompt": "never read",
}


def one(**changes: Any) -> str:
    return json.dumps({**FULL, **changes})


def test_every_field_of_a_record_is_taken_and_others_are_ignored() -> None:
    found = record(json.dumps(FULL), GATEWAY)
    assert found.at == datetime(2026, 11, 20, 12, 5, 7, 250_000, tzinfo=UTC)
    assert found.tokens == TokenCounts(1000, 600, 100, 50, 300, 120)
    assert (found.producer, found.id, found.tenant) == ("gateway", "r-1", "acme")
    assert (found.model, found.provider, found.feature) == (
        "claude-sonnet-4-5",
        "anthropic",
        "search",
    )
    assert (found.user, found.key, found.requests) == ("u-17", "search-prod", 2)
    assert (found.batch, found.latency_ms, found.source) == (True, 840, "bursar")
    assert "never read" not in repr(found)


def test_what_is_left_out_is_one_request_and_no_tokens_of_that_class() -> None:
    told_input = '{"id": "1", "at": "2026-11-20T12:00:00Z", "model": "m", "input_tokens": 7}'
    found = record(told_input, GATEWAY)
    assert (found.requests, found.tokens, found.latency_ms) == (1, TokenCounts(7), None)


def test_tokens_under_other_names_are_not_zero_tokens() -> None:
    wrong = {"id": "1", "at": "2026-11-20T12:00:00Z", "model": "m", "prompt_tokens": 1000}
    empty = "id,at,model,input_tokens,output_tokens\n1,2026-11-20T12:00:00Z,m,,\n"
    nulls = one(input_tokens=None, output_tokens=None)
    for payload in (json.dumps(wrong), nulls, empty):
        assert reasons(payload, GATEWAY) == ["input_tokens and output_tokens are missing"]


def test_an_array_is_read_in_order_and_so_is_one_a_line() -> None:
    items = [{**FULL, "id": str(n)} for n in range(3)]
    lines = "\n".join(json.dumps(item) for item in items)
    for payload in (json.dumps(items), lines, lines.encode() + b"\r\n\n"):
        records, rejections = told(payload, GATEWAY)
        assert [each.id for each in records] == ["0", "1", "2"]
        assert rejections == []


def test_a_bad_line_is_lost_alone() -> None:
    lines = [one(id="1"), '{"id": "2", ', one(id="3"), "[1, 2]", one(id="4", model=None)]
    records, rejections = told("\n".join(lines), GATEWAY)
    assert [each.id for each in records] == ["1", "3"]
    assert [(each.where, each.reason) for each in rejections] == [
        ("line 2", "is not JSON"),
        ("line 4[0]", "is not an object"),
        ("line 4[1]", "is not an object"),
        ("line 5", "model is missing"),
    ]


def test_a_bad_line_among_arrays_is_lost_alone() -> None:
    records, rejections = told(f"[{one(id='1')}]\n[{{\n[{one(id='2')}]", GATEWAY)
    assert [each.id for each in records] == ["1", "2"]
    assert [(each.where, each.reason) for each in rejections] == [("line 2", "is not JSON")]


@pytest.mark.parametrize(
    ("field", "written", "reason"),
    [
        ("input_tokens", "NaN", "input_tokens is not a number"),
        ("input_tokens", "-Infinity", "input_tokens is not a number"),
        ("input_tokens", "1e999", "input_tokens is not a whole number"),
        ("input_tokens", "-1", "input_tokens is below zero"),
        ("input_tokens", "1.5", "input_tokens is not a whole number"),
        ("input_tokens", "true", "input_tokens is not a number"),
        ("input_tokens", '"12"', "input_tokens is not a number"),
        ("input_tokens", "1000000000000001", "input_tokens is beyond 10^15"),
        ("input_tokens", "1e16", "input_tokens is beyond 10^15"),
        ("input_tokens", "9" * 5000, "input_tokens is beyond 10^15"),
        ("output_tokens", "100", "more reasoning tokens than output: output includes them"),
        ("cached_input_tokens", "900", "more tokens cached than input: input includes the cached"),
        ("requests", "[1]", "requests is not a number"),
        ("latency_ms", "-1", "latency_ms is below zero"),
        ("batch", "1", "batch is neither true nor false"),
        ("model", "7", "model is not text"),
        ("model", '"\\ud800"', "model holds half a character (a lone surrogate)"),
        ("user", '{"a": 1, "a": 2}', "user has the same key twice"),
        ("feature", f'"{"x" * 129}"', "feature is 129 bytes long; 128 are kept"),
        ("at", '"2026-11-20T12:00:00"', "at has no time zone"),
        ("at", '"yesterday"', "at is not a time in ISO 8601"),
        ("at", '"0001-01-01T00:00:00+14:00"', "at is not a time of this age"),
        ("at", "1e300", "at is not a time of this age"),
        ("at", "null", "at is missing"),
        ("id", "null", "id is missing"),
        ("currency", '"EUR"', "currency is not USD"),
        ("tenant", '"globex"', "tenant is not the one that this producer speaks for"),
    ],
)
def test_a_record_that_cannot_be_kept_is_rejected_by_the_name_of_its_field(
    field: str, written: str, reason: str
) -> None:
    others = json.dumps({name: value for name, value in FULL.items() if name != field})
    bad = f'{others[:-1]}, "{field}": {written}}}'
    records, rejections = told(f"[{one(id='before')}, {bad}, {one(id='after')}]", GATEWAY)
    assert [each.id for each in records] == ["before", "after"]
    assert [(each.where, each.reason) for each in rejections] == [("[1]", reason)]


def test_the_same_key_twice_rejects_the_record_and_no_other() -> None:
    twice = '{"id": "2", "input_tokens": 1, "input_tokens": 1000000}'
    records, rejections = told(f"[{one(id='1')}, {twice}, {one(id='3')}]", GATEWAY)
    assert [each.id for each in records] == ["1", "3"]
    assert [each.reason for each in rejections] == ["has the same key twice"]


def test_whole_numbers_may_be_written_with_a_point() -> None:
    assert record(one(input_tokens=1000.0), GATEWAY).tokens.input == 1000


@pytest.mark.parametrize(
    "payload", ["", "null", "3", '"text"', "not json", "[" * 100_000, b"\xff\xfe", '{"a":', "NaN"]
)
def test_what_is_no_record_at_all_is_rejected_whole(payload: str | bytes) -> None:
    assert len(reasons(payload, GATEWAY)) == 1


def test_names_carry_whatever_they_hold() -> None:
    names = ["<script>alert(1)</script>", "=HYPERLINK(1)", "<!channel>", 'a,"b"\n', "Zürich 東京"]
    for name in names:
        found = record(one(feature=name), GATEWAY)
        assert found.feature == name


def test_bytes_that_are_no_utf8_spoil_only_the_name_they_stand_in() -> None:
    good, bad = one(id="1").encode(), one(id="2", feature="F").encode().replace(b'"F"', b'"\xff"')
    records, rejections = told(b"[" + good + b"," + bad + b"]", GATEWAY)
    assert [each.id for each in records] == ["1"]
    assert [each.reason for each in rejections] == [
        "feature holds half a character (a lone surrogate)"
    ]


@pytest.mark.parametrize("spoilt", ["feature", "tenant", "input_tokens", "nothing_we_read"])
def test_a_line_that_is_no_utf8_is_lost_alone_wherever_the_byte_stands(spoilt: str) -> None:
    """Also in the name of a field, where a count would be lost without a word."""
    lines = [one(id=str(n), nothing_we_read="x").encode() for n in range(3)]
    lines[1] = lines[1].replace(spoilt.encode(), spoilt.encode()[:-1] + b"\xff")
    records, rejections = told(b"\n".join(lines), GATEWAY)
    assert [each.id for each in records] == ["0", "2"]
    assert [(each.where, each.reason) for each in rejections] == [("line 2", "is not UTF-8")]
    assert reasons(lines[1] + b"\n", GATEWAY) == ["is not UTF-8"]  # it alone, too


def test_a_row_of_csv_that_is_no_utf8_is_lost_alone() -> None:
    at = "2026-11-20T12:00:00Z"
    rows = [f"{n},{at},gpt-x,3,{note}" for n, note in enumerate(["ok", "Z\xfcrich", "東京"])]
    told_bytes = "\n".join(["id,at,model,input_tokens,note", *rows]).encode().replace(b"\xc3", b"")
    records, rejections = told(told_bytes, GATEWAY)
    assert [each.id for each in records] == ["0", "2"]
    assert [(each.where, each.reason) for each in rejections] == [("line 3", "is not UTF-8")]
    assert reasons(told_bytes.replace(b"note", b"not\xff"), GATEWAY) == ["is not UTF-8"]


def test_an_event_of_eventbridge_is_its_detail() -> None:
    event = {"detail-type": "Usage", "source": "gateway", "id": "e-1", "detail": FULL}
    assert record(json.dumps(event), GATEWAY).id == "r-1"


def test_a_trusted_gateway_names_tenants_within_its_list() -> None:
    trusted = producer(UsageFormat.BURSAR, tenants=frozenset({"acme", "globex"}))
    assert record(one(tenant="globex"), trusted).tenant == "globex"
    assert reasons(one(tenant="initech"), trusted) == [
        "tenant is not among those that this producer speaks for"
    ]
    assert reasons(one(tenant=None), trusted) == [
        "tenant is missing, and this producer has none of its own"
    ]
    anyone = producer(UsageFormat.BURSAR, tenants=frozenset({ANY_TENANT}))
    assert record(one(tenant="initech"), anyone).tenant == "initech"


def test_the_configuration_fills_in_what_a_record_leaves_out() -> None:
    by = producer(
        UsageFormat.BURSAR,
        default_feature="chat",
        default_provider="openai",
        aliases={"fast": ModelAlias("gpt-4o-mini", feature="typing")},
    )
    found = record(one(feature="", provider=""), by)
    assert (found.feature, found.provider, found.model) == ("chat", "openai", FULL["model"])
    aliased = record(one(model="fast", feature="chat"), by)
    assert (aliased.model, aliased.feature) == ("gpt-4o-mini", "typing")


def test_providers_have_one_name_each() -> None:
    named = ["bedrock", "aws.bedrock", "azure.ai.openai", "vertex_ai", "openai"]
    found = [record(one(provider=name), GATEWAY).provider for name in named]
    assert found == ["aws", "aws", "azure", "google", "openai"]


CSV = """\
id,at,model,requests,input_tokens,cached_input_tokens,output_tokens,batch,feature
1,2026-11-20T12:00:00Z,gpt-4o,1,1000,400,50,true,"a, ""b"", c"
2,2026-11-20T12:00:00Z,gpt-4o,,12.0,,7,,
"""


def test_csv_is_read_by_its_column_names() -> None:
    first, second = told(CSV, GATEWAY)[0]
    assert (first.tokens, first.batch) == (TokenCounts(1000, 400, output=50), True)
    assert first.feature == 'a, "b", c'
    assert (second.tokens, second.requests) == (TokenCounts(12, output=7), 1)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("9,2026-11-20T12:00:00Z,m,1,-5,,1,,", "input_tokens is below zero"),
        ("9,2026-11-20T12:00:00Z,m,1,1e5,,1,,", "input_tokens is not a whole number"),
        (f"9,2026-11-20T12:00:00Z,m,1,{'9' * 5000},,1,,", "input_tokens is beyond 10^15"),
        ("9,2026-11-20T12:00:00Z,m,1,²,,1,,", "input_tokens is not a whole number"),
        ("9,noon,m,1,5,,1,,", "at is not a time in ISO 8601"),
        ("9,2026-11-20T12:00:00Z,m,1,5,,1,maybe,", "batch is neither true nor false"),
        ("9,2026-11-20T12:00:00Z", "has 2 cells under 9 columns"),
    ],
)
def test_a_bad_row_of_csv_is_lost_alone(row: str, reason: str) -> None:
    header, good, *_ = CSV.splitlines()
    payload = "\n".join([header, good, row, good.replace("1,", "3,", 1)])
    records, rejections = told(payload, GATEWAY)
    assert [each.id for each in records] == ["1", "3"]
    assert [(each.where, each.reason) for each in rejections] == [("line 3", reason)]


def test_a_csv_with_the_same_column_twice_is_not_read() -> None:
    assert reasons("id,at,model,model\n1,2,3,4\n", GATEWAY) == ["has the same column twice"]


NOON = "2026-11-20T12:00:00Z"
HEADER = "id,at,model,input_tokens,feature"


def row(number: int, feature: str = "chat") -> str:
    return f"{number},{NOON},m,7,{feature}"


def read_rows(*rows: str) -> tuple[list[str], list[tuple[str, str]]]:
    records, rejections = told("\n".join([HEADER, *rows]) + "\n", GATEWAY)
    return [each.id for each in records], [(each.where, each.reason) for each in rejections]


@pytest.mark.parametrize(
    "later",
    [
        row(3000),
        row(3000, '"a, b"'),
        row(3000, '"two\nlines"'),
        f'3000,{NOON},m",7,chat',
        f'"3000",{NOON},m,7,chat',
    ],
    ids=["no quote", "quoted cell", "of two lines", "quote at an end", "quoted at first"],
)
def test_a_quote_that_is_never_closed_loses_its_line_alone(later: str) -> None:
    """Whichever quote a later row has, which may close the cell but makes it no record."""
    good = [row(n) for n in range(3, 3000)]
    ids, rejections = read_rows(row(1), row(2, '"chat'), *good, later, row(3001))
    assert ids == [str(n) for n in (1, *range(3, 3002))]
    assert rejections == [("line 3", "is not CSV")]


def test_a_record_of_several_lines_is_one_and_those_behind_it_keep_their_numbers() -> None:
    forged = row(9).replace(NOON, f'{NOON}""')
    ids, rejections = read_rows(row(1, f'"a\n\n{forged}\nb"'), row(2), row(3, '"c'), row(4))
    assert ids == ["1", "2", "4"]  # lines 2 to 5, 6, and 8
    assert rejections == [("line 7", "is not CSV")]


@for_all(kinds=st.lists(st.sampled_from(["plain", "quoted", "of lines", "open"]), max_size=12))
def test_of_any_rows_those_alone_are_lost_whose_quote_is_open(kinds: list[str]) -> None:
    features = {"plain": "a", "quoted": '"a, ""b"""', "of lines": '"a\n\nb"', "open": '"a'}
    ids, rejections = read_rows(*(row(n, features[kind]) for n, kind in enumerate(kinds)))
    assert ids == [str(n) for n, kind in enumerate(kinds) if kind != "open"]
    lines, open_at = 2, []
    for kind in kinds:
        open_at += [(f"line {lines}", "is not CSV")] if kind == "open" else []
        lines += 1 + features[kind].count("\n")
    assert rejections == open_at


def test_cells_that_go_on_without_end_are_not_read_to_it_from_every_line() -> None:
    """Each line ends one quoted cell and begins the next: read from each to the end, 20,000 lines
    would be 200 million."""
    ids, rejections = read_rows(row(1), *['b","c'] * 20_000, row(2))
    assert ids == ["1", "2"]
    assert rejections == [(f"line {n}", "is not CSV") for n in range(3, 20_003)]


def test_a_csv_whose_header_is_none_is_not_read_and_empty_lines_may_stand_before_it() -> None:
    assert reasons(f'id,"at,model\n{row(1)}\n', GATEWAY) == ["is not CSV"]
    assert record(f"\n\n{HEADER}\n{row(1)}\n", GATEWAY).id == "1"
