"""CSV in which quoted cells hold newlines, and files that are named twice."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar.adapters.usage_files.lines import LONGEST_LINE_BYTES
from tests.contract.usage_costs import assert_same_as_reference, chunks_of, costs

HEADER = "id,model,input_tokens,tenant\n"


def test_a_name_with_a_newline_forges_no_record(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    name = "evil\n9,gpt,1000000,victim"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(
            [["id", "model", "input_tokens", "tenant"], [1, "gpt", 10, name], [2, "gpt", 5, "b"]]
        )
    found = assert_same_as_reference(path, by="tenant")
    assert {row.by: row.tokens.input for row in found.rows} == {(name,): 10, ("b",): 5}
    assert found.rejected == []


def test_what_follows_a_record_of_three_lines_keeps_its_number(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text(HEADER + '1,gpt,1,"a\n\nb"\n2,gpt,x,c\n')
    (refused,) = assert_same_as_reference(path, by="tenant").rejected
    assert refused.line == 5  # 1 is the header, 2 to 4 the record


def test_a_record_of_two_lines_told_again_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text(HEADER + '1,gpt,1,"a\nb"\n2,gpt,1,c\n1,gpt,1,"a\nb"\n1,gpt,1,"a\nc"\n')
    found = assert_same_as_reference(path, by="tenant")
    assert (found.duplicates, found.conflicts, found.total.requests) == (1, 1, 2)


def test_a_quote_that_is_never_closed_takes_no_other_line_with_it(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text(HEADER + '1,gpt,1,"open\n' + "2,gpt,1,c\n" * 3)
    found = assert_same_as_reference(path, by="tenant")
    assert [each.line for each in found.rejected] == [2]
    assert found.total.requests == 1  # the id 2, told thrice


def test_nor_where_a_later_line_has_a_quoted_cell(tmp_path: Path) -> None:
    """Its quote would close the cell, but not at its end."""
    path = tmp_path / "usage.csv"
    between = "".join(f"{n},gpt,1,c\n" for n in range(2, 1000))
    path.write_text(HEADER + '1,gpt,1,"open\n' + between + '1000,gpt,1,"a,b"\n1001,gpt,1,d\n')
    with chunks_of(1 << 10):
        found = assert_same_as_reference(path, by="tenant")
    assert [each.line for each in found.rejected] == [2]
    assert found.total.requests == 1000


def test_nor_in_a_file_that_is_longer_than_any_cell_may_be(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    lines = LONGEST_LINE_BYTES // 10 * 3
    path.write_text(
        HEADER + '1,gpt,1,"open\n' + "".join(f"{n},gpt,1,c\n" for n in range(2, lines))
    )
    found = costs(path, by="tenant")
    assert ([each.line for each in found.rejected], found.total.requests) == ([2], lines - 2)


PIECES = st.sampled_from(
    ["gpt,1,", "1,gpt,1,a", '"', '""', "\n", "\r\n", ",", "a", '"a\n1,gpt,1,b"']
)


@settings(deadline=None, max_examples=300)
@given(pieces=st.lists(PIECES, max_size=25), size=st.sampled_from([1, 7, 40, 1 << 20]))
def test_quotes_and_newlines_anywhere_are_read_as_the_slow_way_reads_them(
    pieces: list[str], size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("usage") / "usage.csv"
    path.write_bytes((HEADER + "".join(pieces)).encode())
    with chunks_of(size):
        assert_same_as_reference(path, by="tenant")


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_records_without_an_id_of_a_file_that_is_named_twice_count_once(
    kind: str, tmp_path: Path
) -> None:
    import duckdb

    path, other = tmp_path / f"usage.{kind}", tmp_path / "other.jsonl"
    told = [{"model": "gpt", "input_tokens": n, "id": each} for n, each in ((1, None), (2, "x"))]
    other.write_text("".join(json.dumps(each) + "\n" for each in told))
    match kind:
        case "jsonl":
            path.write_text(other.read_text())
        case "csv":
            path.write_text("model,input_tokens,id\ngpt,1,\ngpt,2,x\n")
        case _:
            duckdb.read_json(str(other)).write_parquet(str(path))
    (tmp_path / "folder").mkdir()
    same = tmp_path / "folder" / ".." / path.name
    found = costs(path, same, by="model")
    assert (found.duplicates, found.total.tokens.input) == (2, 1 + 2)
    assert costs(path, other, by="model").total.tokens.input == 1 + 2 + 1  # lines of two files


def test_seconds_with_a_fraction_are_a_time_in_csv_as_in_json(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text("model,input_tokens,at\ngpt,1,1767225600.5\n")
    (row,) = assert_same_as_reference(path, by="hour").rows
    assert row.by == ("2026-01-01T00:00:00Z",)
