"""Parquet and gzip give what the same records give as lines."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar.adapters.usage_files import parquet_ids
from bursar.adapters.usage_files.lines import UnusableFileError
from bursar.domain.money import Money
from tests.contract.usage_costs import GOOD, assert_same_as_reference, costs


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


@pytest.mark.parametrize("name", ["usage[1].parquet", "u*.parquet", "u?.parquet", "it's.parquet"])
def test_the_file_that_is_named_is_read_and_no_other_that_its_name_would_match(
    tmp_path: Path, name: str
) -> None:
    for n, each in enumerate(("usage1.parquet", "u1.parquet", name)):
        duckdb.sql(f"SELECT 'gpt' AS model, {10**n} AS input_tokens").write_parquet(
            str(tmp_path / "some.parquet")
        )
        (tmp_path / "some.parquet").rename(tmp_path / each)
    assert costs(tmp_path / name).total.tokens.input == 100
    assert costs(tmp_path / name, tmp_path / name).duplicates == 1


def test_the_folders_that_a_file_is_in_tell_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "model=dated" / "tenant=evil" / "requests=9" / "usage.parquet"
    path.parent.mkdir(parents=True)
    duckdb.sql("SELECT 'gpt' AS model, 'acme' AS tenant, 7 AS input_tokens").write_parquet(
        str(path)
    )
    (row,) = costs(path, by="tenant,model").rows
    assert (row.by, row.requests, row.tokens.input) == (("acme", "gpt"), 1, 7)


@pytest.mark.parametrize(("first", "other"), [("Model", "model"), ("MODEL", "model")])
def test_a_column_that_is_told_twice_is_refused_whatever_its_case(
    tmp_path: Path, first: str, other: str
) -> None:
    path = tmp_path / "usage.parquet"
    duckdb.sql(
        f"SELECT 'x' AS \"{first}\", 'gpt' AS fnord, 1 AS input_tokens, {{'model': 2}} AS within"
    ).write_parquet(str(path))
    path.write_bytes(path.read_bytes().replace(b"fnord", other.encode()))  # DuckDB writes none
    with pytest.raises(UnusableFileError, match=f"has column `model` twice, once as `{first}`"):
        costs(path)


def test_a_column_may_have_the_name_by_which_rows_are_numbered(tmp_path: Path) -> None:
    path = tmp_path / "usage.parquet"
    duckdb.sql(
        "SELECT 'gpt' AS model, unnest([1, 2, -3]) AS input_tokens, 7 AS file_row_number"
    ).write_parquet(str(path))
    found = costs(path)
    assert (found.total.tokens.input, [each.line for each in found.rejected]) == (3, [3])


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
    assert found._replace(rejected=()) == expected._replace(rejected=())


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


def test_ids_that_only_share_a_hash_count_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "usage.parquet"
    duckdb.sql(
        "SELECT 'r' || n % 2900 AS id, 'gpt' AS model, 1000 AS input_tokens FROM range(3000) t(n)"
    ).write_parquet(str(path))
    monkeypatch.setattr(parquet_ids, "_BITS", 16)  # some 130 of the 2,900 x 2,899 / 2 pairs do
    found = costs(path)
    assert (found.total.requests, found.duplicates, found.conflicts) == (2900, 100, 0)
