"""The fast way through usage files gives what the slow, obvious one gives, odd lines and all."""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar.adapters.token_prices.genai import GenaiTokenPrices
from bursar.adapters.usage_files import line_file, name_codes, parquet_ids
from bursar.adapters.usage_files.lines import UnusableFileError
from bursar.adapters.usage_files.repeated_ids import IdLog
from bursar.adapters.usage_files.summing import cost_files
from bursar.domain.money import Money
from bursar.domain.usage.file_costs import Dimension, RejectedLine, UsageCosts
from bursar.domain.usage.price_books import OwnTokenPrices
from bursar.domain.usage.price_rows import TokenPriceRow
from tests.contract import usage_reference

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def row(model: str, **terms: Any) -> Any:
    told = {"input_usd_per_million": "2.50", "output_usd_per_million": "10"} | terms
    return TokenPriceRow.model_validate({"model": model} | told).token_price


BOOK = OwnTokenPrices(
    [
        row("gpt", cached_input_usd_per_million="1.25", reasoning_usd_per_million="7.1234567"),
        row("dated", **{"from": "2026-11-01"}),
        row("dated", **{"from": "2026-11-10T13:30:00Z", "input_usd_per_million": "0.1234567"}),
        row(
            "tiered",
            tiers=[
                {
                    "above_input_tokens": 1000,
                    "input_usd_per_million": "5",
                    "output_usd_per_million": "20",
                }
            ],
            batch={"input_usd_per_million": "1", "output_usd_per_million": "2"},
        ),
    ]
)


def costs(*paths: Path, by: str = "model", book: Any = BOOK) -> UsageCosts:
    return cost_files(paths, book, [Dimension(name) for name in by.split(",")], NOW)


def assert_same_as_reference(*paths: Path, by: str = "model", book: Any = BOOK) -> UsageCosts:
    found = costs(*paths, by=by, book=book)
    expected = usage_reference.cost(list(paths), book, by.split(","), NOW)
    figures = {each.by: (each.requests, each.tokens) for each in found.rows}
    assert figures == {by: (told[0], told[1]) for by, told in expected["rows"].items()}
    for each in found.rows:
        exact = expected["rows"][each.by][2]
        assert (each.usd is None) == (exact is None)
        if each.usd is not None:
            assert abs(each.usd.units - exact) < 1
    assert found.total.usd == Money.sum(each.usd for each in found.rows if each.usd)
    assert found.total.usd is not None
    exact_total = sum(told[2] or 0 for told in expected["rows"].values())
    assert found.total.usd.units == round(exact_total)
    assert {each.model: each.tokens for each in found.unpriced} == expected["unpriced"]
    assert (found.duplicates, found.conflicts) == (expected["duplicates"], expected["conflicts"])
    assert [(e.file, e.line, e.reason) for e in found.rejected] == expected["rejected"]
    return found


GOOD = {
    "id": "a",
    "at": "2026-11-10T13:29:59Z",
    "tenant": "acme",
    "model": "gpt",
    "input_tokens": 1000,
    "output_tokens": 10,
}
ODD: list[bytes] = [
    b"",
    b"   ",
    b"nonsense",
    b"[1]",
    b'{"model":"gpt"',
    b'{"model": "gpt", "input_tokens": NaN}',
    b'{"model": "gpt", "input_tokens": -5}',
    b'{"model": "gpt", "input_tokens": true}',
    b'{"model": "gpt", "input_tokens": 12.0}',
    b'{"model": "gpt", "input_tokens": 12.5}',
    b'{"model": "gpt", "input_tokens": 1e3}',
    b'{"model": "gpt", "input_tokens": "5"}',
    b'{"model": "gpt", "input_tokens": 007}',
    b'{"model": "gpt", "input_tokens": 1000000000000000}',
    b'{"model": "gpt", "input_tokens": 1000000000000001}',
    b'{"model": "gpt", "input_tokens": ' + b"9" * 5000 + b"}",
    b'{"model": "gpt", "input_tokens": 5, "input_tokens": 6}',
    b'{"model": "gpt", "input_tokens": 5, "model": "dated"}',
    b'{"model": "gpt", "tenant": "\\ud800", "input_tokens": 5}',
    b'{"model": "gpt", "tenant": "\xff\xfe", "input_tokens": 5}',
    b'{"model": "gpt", "tenant": "<script>alert(1)</script>", "input_tokens": 5}',
    b'{"model": "gpt", "tenant": "=cmd|\' /C calc\'!A0", "input_tokens": 5}',
    b'{"model": "gpt", "tenant": "<!channel> *x*", "input_tokens": 5}',
    b'{"model": "gpt", "tenant": "a,b", "input_tokens": 5}',
    b'{"model": "gpt", "tenant": "a\\"b", "input_tokens": 5}',
    b'{"model": "gpt", "tenant": "\\u00e9", "input_tokens": 5}',
    '{"model": "gpt", "tenant": "é", "input_tokens": 5}'.encode(),
    b'{"model": "gpt", "tenant": 42, "input_tokens": 5}',
    b'{"model": "gpt", "tenant": null, "input_tokens": 5}',
    b'{"model": "gpt", "tenant": "' + b"x" * 129 + b'", "input_tokens": 5}',
    b'{"model": "gpt", "input_tokens": 5, "currency": "EUR"}',
    b'{"model": "gpt", "input_tokens": 5, "currency": "USD"}',
    b'{"model": "gpt", "input_tokens": 5, "at": "2026-11-20T12:05:00Z"}',
    b'{"model": "gpt", "input_tokens": 5, "at": "2026-11-20T12:05:01Z"}',
    b'{"model": "gpt", "input_tokens": 5, "at": "2026-02-30T12:05:01Z"}',
    b'{"model": "gpt", "input_tokens": 5, "at": "2026-11-20 10:05:01.1234567"}',
    b'{"model": "gpt", "input_tokens": 5, "at": "2026-11-20T10:05:01+02:00"}',
    b'{"model": "gpt", "input_tokens": 5, "at": "1969-11-20T10:05:01Z"}',
    b'{"model": "gpt", "input_tokens": 5, "at": 1700000000.5}',
    b'{"model": "gpt", "input_tokens": 5, "cached_input_tokens": 6}',
    b'{"model": "gpt", "output_tokens": 5, "reasoning_tokens": 5}',
    b'{"model": "gpt", "output_tokens": 5, "reasoning_tokens": 6}',
    b'{"model": "", "input_tokens": 5}',
    b'{"model": null, "input_tokens": 5}',
    b'{"model": "gpt", "input_tokens": null, "output_tokens": null}',
    b'{"model": "gpt", "input_tokens": null, "output_tokens": 4}',
    b'{"model": "gpt"}',
    b'{"input_tokens": 5}',
    b'{"model": "nobody", "input_tokens": 5, "output_tokens": 7}',
    b'{"model": "dated", "input_tokens": 5}',
    b'{"model": "dated", "input_tokens": 5, "at": "2026-10-31T23:59:59Z"}',
    b'{"model": "dated", "input_tokens": 5, "at": "2026-11-01T00:00:00Z"}',
    b'{"model": "dated", "input_tokens": 5, "at": "2026-11-10T13:29:59.999Z"}',
    b'{"model": "dated", "input_tokens": 5, "at": "2026-11-10T13:30:00Z"}',
    b'{"model": "tiered", "input_tokens": 1000}',
    b'{"model": "tiered", "input_tokens": 1001}',
    b'{"model": "tiered", "input_tokens": 2000, "requests": 2}',
    b'{"model": "tiered", "input_tokens": 2001, "requests": 2}',
    b'{"model": "tiered", "input_tokens": 2001, "requests": 0}',
    b'{"model": "tiered", "input_tokens": 2001, "batch": true}',
    b'{"model": "tiered", "input_tokens": 2001, "batch": "yes"}',
    b'{"id": "a", "model": "gpt", "input_tokens": 5}',
    b'{"id": "a", "model": "gpt", "input_tokens": 5, "output_tokens": 0}',
    b'{"id": "a", "model": "gpt", "input_tokens": 6}',
    b'{"id": "a", "model": "gpt", "input_tokens": 6, "producer": "p"}',
    b'{"id": "b", "model": "gpt", "input_tokens": 6, "new field": {"x": [1, 2]}}',
    b'{"model": "gpt", "input_tokens": 6, "note": "hello", "more": 5}',
    b'{"id": "a", "tenant": "x" "b", "model": "gpt", "input_tokens": 6}',
]


@pytest.mark.parametrize("line", ODD)
def test_an_odd_line_is_counted_or_rejected_as_the_slow_way_would(
    line: bytes, tmp_path: Path
) -> None:
    good = [json.dumps(GOOD | {"id": f"g{n}"}).encode() for n in range(5)]
    path = tmp_path / "usage.jsonl"
    path.write_bytes(b"\n".join([*good, line, *good[:1], line]))
    assert_same_as_reference(path, by="model,tenant")


@settings(deadline=None, max_examples=60)
@given(lines=st.lists(st.sampled_from(ODD), max_size=60), crlf=st.booleans(), bom=st.booleans())
def test_any_mixture_of_odd_lines_gives_what_the_slow_way_gives(
    lines: list[bytes], crlf: bool, bom: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("usage") / "usage.jsonl"
    start = json.dumps(GOOD).encode()
    content = (b"\r\n" if crlf else b"\n").join([start, *lines])
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + content)
    assert_same_as_reference(path, by="tenant,model")


CELLS = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["", "a", "b", "c", "d"]),
        "at": st.sampled_from(
            [
                "",
                "2026-11-10T13:29:59Z",
                "2026-11-10 13:30:00.5+00",
                "2026-11-11",
                "2026-11-11 10:00:00",
                "2027-01-01T00:00:00Z",
                "1763000000",
                "x",
            ]
        ),
        "tenant": st.sampled_from(["", "acme", "ünï", "a,b", 'say "x"', "=1+1", "\ttab"]),
        "model": st.sampled_from(["", "gpt", "dated", "tiered", "nobody"]),
        "input_tokens": st.sampled_from(
            ["", "0", "1000", "1001", "123456789", "-1", "1.0", "x", "007", "9" * 400]
        ),
        "cached_input_tokens": st.sampled_from(["", "0", "7", "NaN"]),
        "output_tokens": st.sampled_from(["", "0", "12", "true"]),
        "batch": st.sampled_from(["", "true", "False", "1", "maybe"]),
        "latency_ms": st.sampled_from(["", "5", "-5"]),
        "unknown": st.sampled_from(["", "what?", "1.5"]),
    }
)


@settings(deadline=None, max_examples=80)
@given(
    rows=st.lists(CELLS, min_size=1, max_size=30),
    by=st.sampled_from(["model", "day,tenant", "hour"]),
)
def test_any_csv_gives_what_the_slow_way_gives(
    rows: list[dict[str, str]], by: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("usage") / "usage.csv"
    content = io.StringIO(newline="")
    writer = csv.DictWriter(content, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(content.getvalue() + "1,2\n", encoding="utf-8")
    assert_same_as_reference(path, by=by)


LENGTHS = st.sampled_from([0, 1, 7, 8, 9, 15, 16, 17, 63, 64, 65, 127, 128, 129, 256, 257, 2000])
TEXTS = st.builds(lambda length, text: (text * length)[:length], LENGTHS, st.sampled_from("aé{:"))
LONG = st.fixed_dictionaries(
    {
        "id": TEXTS,
        "note": TEXTS | st.sampled_from([",", 'a","model":"x', '"', "a\nb", "}"]),
        "input_tokens": LENGTHS.map(lambda length: 10 ** min(length, 17)),
        "tenant": TEXTS,
        "model": st.just("gpt"),
        "more": TEXTS | st.sampled_from([",", "x" * 70 + ",", '"}', "\t"]),
    }
)


@settings(deadline=None, max_examples=60)
@given(rows=st.lists(LONG, min_size=1, max_size=20), size=st.sampled_from([300, 3000, 1 << 20]))
def test_values_of_any_length_are_cut_where_they_end(
    rows: list[dict[str, Any]], size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lines, table = (tmp_path_factory.mktemp("usage") / name for name in ("a.jsonl", "a.csv"))
    with lines.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_file, "read_chunks", lambda path, csv: _chunks_of(path, csv, size))
        assert_same_as_reference(lines, by="tenant")
        assert_same_as_reference(table, by="tenant")


def test_blanks_around_the_names_of_columns_are_no_part_of_them(tmp_path: Path) -> None:
    (path := tmp_path / "usage.csv").write_text(
        " id, model ,input_tokens, output_tokens\r\na,gpt,7,1\r\nb,gpt,x,1\r\n"
    )
    found = assert_same_as_reference(path)
    assert (found.total.requests, len(found.rejected)) == (1, 1)


@pytest.mark.parametrize("cell", ["a,b", "a,", ",", "a" * 90 + ",b"])
def test_a_cell_too_many_is_no_part_of_the_last_one(cell: str, tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text(f"model,input_tokens,tenant\ngpt,1,{'a' * 99}\ngpt,1,{cell}\ngpt,1,a\n")
    (refused,) = assert_same_as_reference(path, by="tenant").rejected
    assert refused == RejectedLine(str(path), 3, "has 4 cells under 3 columns")


def test_of_an_id_told_again_the_first_counts_across_files_and_formats(tmp_path: Path) -> None:
    jsonl, table = tmp_path / "a.jsonl", tmp_path / "b.csv"
    jsonl.write_text(json.dumps(GOOD) + "\n")
    names = list(GOOD)
    same = ",".join(str(GOOD[name]) for name in names)
    table.write_text(f"{','.join(names)}\n{same}\n{same.replace('1000', '1001')}\n")
    found = assert_same_as_reference(jsonl, table)
    assert (found.duplicates, found.conflicts) == (1, 1)
    assert found.total.tokens.input == 1000


def test_an_id_told_again_is_found_whatever_ids_were_read_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "usage.jsonl"
    ids = ["a", "b" * 40, "a"]  # the first two in a chunk, the third in another
    lines = [json.dumps({"id": each, "model": "gpt", "input_tokens": 1}) + "\n" for each in ids]
    path.write_text("".join(lines))
    size = len(lines[0] + lines[1]) + 5
    monkeypatch.setattr(line_file, "read_chunks", lambda path, csv: _chunks_of(path, csv, size))
    assert costs(path).duplicates == 1


def test_chunks_cut_anywhere_change_nothing(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "usage.jsonl"
    path.write_bytes(b"\n".join([json.dumps(GOOD).encode(), *ODD, *ODD]))
    whole = costs(path, by="tenant")
    for size in (1, 100, 777, 5000):
        monkeypatch.setattr(
            line_file, "read_chunks", lambda path, csv, size=size: _chunks_of(path, csv, size)
        )
        assert costs(path, by="tenant") == whole


def _chunks_of(path: Path, csv: bool, size: int) -> Any:
    from bursar.adapters.usage_files.lines import read_chunks

    return read_chunks(path, csv, size)


def test_gzip_and_parquet_give_what_the_lines_give(tmp_path: Path) -> None:
    lines, zipped, table = (tmp_path / name for name in ("a.jsonl", "a.jsonl.gz", "a.parquet"))
    lines.write_text("".join(json.dumps(GOOD | {"id": f"{n}"}) + "\n" for n in range(50)))
    zipped.write_bytes(gzip.compress(lines.read_bytes()))
    duckdb.read_json(str(lines)).write_parquet(str(table))
    plain = costs(lines, by="day,tenant")
    assert costs(zipped, by="day,tenant") == plain
    assert costs(table, by="day,tenant") == plain
    # 50 x 1000 input tokens at 2.50 and 50 x 10 output tokens at 10 USD per million
    assert plain.total.usd == Money.of("0.13")


def test_rows_of_parquet_keep_their_numbers_their_newlines_and_their_types(
    tmp_path: Path,
) -> None:
    clean, odd = tmp_path / "clean.parquet", tmp_path / "odd.parquet"
    duckdb.sql(
        "SELECT 'gpt' AS model, 'a,\"b' AS tenant, n - 1 AS input_tokens,"
        ' TIMESTAMP \'2026-11-10 13:30:00.25\' AS "at", NULL::VARCHAR AS "user"'
        " FROM range(3) t(n)"
    ).write_parquet(str(clean))
    found = costs(clean, by="tenant,user,hour")
    assert [each.by for each in found.rows] == [('a,"b', "", "2026-11-10T13:00:00Z")]
    assert [(each.line, each.reason) for each in found.rejected] == [
        (1, "input_tokens is below zero")
    ]
    duckdb.sql(
        "SELECT 'gpt' AS model, 'a' || chr(10) || 'b' AS tenant,"
        " unnest([1.5, 'NaN'::DOUBLE, 7.0]) AS input_tokens"
    ).write_parquet(str(odd))
    found = costs(odd, by="tenant")
    assert [(each.by, each.tokens.input) for each in found.rows] == [(("a\nb",), 7)]
    assert [each.line for each in found.rejected] == [1, 2]


TOLD = st.fixed_dictionaries(
    {
        "id": st.sampled_from([None, "", "a", "b", "c", "d", "e"]),
        "producer": st.sampled_from([None, "", "p"]),
        "at": st.sampled_from(
            [
                None,
                "2026-11-10T13:29:59.5Z",
                "2026-11-10T13:30:00Z",
                "2026-11-20T12:05:00Z",
                "2026-11-20T12:05:01Z",
                "1969-12-31T23:59:59Z",
            ]
        ),
        "tenant": st.sampled_from([None, "", "acme", "ünï", 'a,"b', "x" * 128, "é" * 65]),
        "model": st.sampled_from([None, "", "gpt", "gpt", "dated", "tiered", "nobody"]),
        "input_tokens": st.sampled_from([None, 0, 1000, 1001, 10**15, 10**15 + 1, -1, 2**63 - 1]),
        "cached_input_tokens": st.sampled_from([None, 0, 7, 2**63 - 1]),
        "cache_write_tokens": st.sampled_from([None, 0, 990, -990]),
        "output_tokens": st.sampled_from([None, 0, 12]),
        "reasoning_tokens": st.sampled_from([None, 0, 13]),
        "requests": st.sampled_from([None, 0, 1, 3]),
        "latency_ms": st.sampled_from([None, 5, -5]),
        "batch": st.sampled_from([None, False, True]),
        "currency": st.sampled_from([None, "", "USD", "EUR"]),
    }
)
COUNTED = "input_tokens cached_input_tokens cache_write_tokens output_tokens reasoning_tokens"
TYPES = {"at": "TIMESTAMPTZ", "batch": "BOOLEAN"} | dict.fromkeys(
    [*COUNTED.split(), "requests", "latency_ms"], "BIGINT"
)
OPTIONAL = [
    "id",
    "producer",
    "at",
    "tenant",
    "batch",
    "currency",
    "requests",
    *COUNTED.split()[1:],
]


@settings(deadline=None, max_examples=20)
@given(
    files=st.lists(st.lists(TOLD, min_size=1, max_size=25), min_size=1, max_size=2),
    by=st.sampled_from(["model,tenant", "day,tenant", "hour"]),
    without=st.sets(st.sampled_from(OPTIONAL)),
)
def test_parquet_gives_what_its_rows_give_as_lines(
    files: list[list[dict[str, Any]]],
    by: str,
    without: set[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    directory = tmp_path_factory.mktemp("usage")
    tables, lines = [], []
    for n, told in enumerate(files):
        rows = [{name: row[name] for name in row if name not in without} for row in told]
        lines.append(directory / f"{n}.jsonl")
        lines[-1].write_text("".join(json.dumps(row) + "\n" for row in rows))
        columns = {name: TYPES.get(name, "VARCHAR") for name in rows[0]}
        tables.append(directory / f"{n}.parquet")
        table = duckdb.read_json(str(lines[-1]), columns=columns, format="newline_delimited")
        table.write_parquet(str(tables[-1]))
    expected = assert_same_as_reference(*lines, by=by)
    found = costs(*tables, by=by)
    # of two faults in a row, CSV and JSON name another first
    rejected = [(Path(each.file).stem, each.line) for each in expected.rejected]
    assert [(Path(each.file).stem, each.line) for each in found.rejected] == rejected
    assert replace(found, rejected=()) == replace(expected, rejected=())


def test_parquet_with_more_ids_than_memory_holds_counts_each_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "usage.parquet"
    duckdb.sql(
        "SELECT 'r' || n % 900 AS id, 'gpt' AS model, 1000 AS input_tokens FROM range(1000) t(n)"
    ).write_parquet(str(path))
    monkeypatch.setattr(parquet_ids, "_IDS_AT_ONCE", 64)
    found = costs(path)
    assert (found.total.requests, found.duplicates, found.conflicts) == (900, 100, 0)
    # 900 x 1000 input tokens at 2.50 USD per million
    assert found.total.usd == Money.of("2.25")


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("zipped", [False, True])
def test_lines_of_an_id_told_again_are_found_wherever_they_are(
    ending: str, zipped: bool, tmp_path: Path
) -> None:
    path = tmp_path / "usage.jsonl"
    told = [json.dumps(GOOD | {"id": f"{n % 700}", "output_tokens": n // 700}) for n in range(900)]
    content = b"\xef\xbb\xbf" + ending.join([told[0], "", *told[1:]]).encode() + b"\n"
    path.write_bytes(content)
    expected = assert_same_as_reference(path, by="tenant")
    assert (expected.duplicates, expected.conflicts) == (0, 200)
    if zipped:
        path.write_bytes(gzip.compress(content))
        assert costs(path, by="tenant") == expected


def test_any_number_of_names_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    users = [f"user-{n % 3000}-of-a-name-beyond-one-word" for n in range(6000)]
    path.write_text("user,model,input_tokens\n" + "".join(f"{u},gpt,7\n" for u in users))
    found = costs(path, by="user")
    assert len(found.rows) == 3000
    assert {(each.requests, each.tokens.input) for each in found.rows} == {(2, 14)}


def test_names_with_one_hash_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "usage.csv"
    path.write_text("tenant,model,input_tokens\n" + "a,gpt,1\nb,gpt,2\nc,gpt,4\n" * 3)
    monkeypatch.setattr(name_codes, "_FACTORS", np.zeros(200, np.uint64))
    found = {each.by[0]: each.tokens.input for each in costs(path, by="tenant").rows}
    assert found == {"a": 3, "b": 6, "c": 12}


@pytest.mark.parametrize(
    "content", [b"", b"\x1f\x8bnonsense", b"PAR1nonsense", b"tenant,input\n1,2\n", b"\xff\xff\n"]
)
def test_a_file_that_can_hold_no_usage_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_bytes(content)
    with pytest.raises(UnusableFileError, match=r"usage\.csv"):
        costs(path)
    with pytest.raises(UnusableFileError, match="absent"):
        costs(tmp_path / "absent")


def test_sums_beyond_64_bits_are_exact(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text("model,input_tokens\n" + "gpt,1000000000000000\n" * 10_000)
    assert costs(path).total.tokens.input == 10**19


def test_ids_that_spill_to_disk_are_compared_all_the_same() -> None:
    hashes = np.arange(1000, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    with IdLog(in_memory=64, at_once=4) as log:
        for n in range(20):
            log.add(hashes[50 * n : 50 * n + 50], np.arange(100 * n, 100 * n + 50), 0)
        log.add(hashes[[3, 500, 3]], np.array([7, 8, 9]), 1)
        found = [
            (file, place)
            for told in log.repeated()
            for file, place in zip(told.files.tolist(), told.places.tolist(), strict=True)
        ]
    # the 4th and the 501st of the first file, each fifty of which begin a hundred further on
    assert sorted(found) == [(0, 3), (0, 1000), (1, 7), (1, 8), (1, 9)]


def test_published_prices_apply_by_day_by_hours_and_by_context(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    told = [
        ("claude-sonnet-4-5", "2026-11-01T00:00:00Z", 200_000),
        ("claude-sonnet-4-5", "2026-11-01T00:00:00Z", 200_001),
        ("deepseek-chat", "2026-11-01T00:29:59Z", 10**6),
        ("deepseek-chat", "2026-11-01T00:30:00Z", 10**6),
        ("deepseek-chat", "2026-11-01T16:30:00Z", 10**6),
    ]
    path.write_text(
        "model,at,input_tokens\n" + "".join(f"{m},{at},{count}\n" for m, at, count in told)
    )
    found = assert_same_as_reference(path, book=GenaiTokenPrices())
    by_model = {each.by[0]: each.usd for each in found.rows}
    # 200,000 x 3 + 200,001 x 6 USD per million
    assert by_model["claude-sonnet-4-5"] == Money.of("1.800006")
    assert by_model["deepseek-chat"] == Money.of(2 * Decimal("0.135") + Decimal("0.27"))
