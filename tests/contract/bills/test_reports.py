"""`bursar import bill` on reports of cost and usage, and on FOCUS, written by hand."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bursar.cli.main import app
from tests.contract.bills.written_bills import (
    DAY_1,
    DAY_2,
    FOCUS_HEADER,
    GOOD,
    LEGACY,
    SNAKE,
    Run,
    written,
)
from tests.contract.pipes import IS_A_PIPE, a_pipe_of


def test_a_legacy_report_is_added_up(tmp_path: Path, told: Any) -> None:
    path = written(
        tmp_path,
        LEGACY
        + f"a,{DAY_1},2026-11-01T00:00:00.000Z,1.5E-3,USD,AmazonS3,Usage\n"
        + f"a,{DAY_2},2026-11-02T05:00:00Z,0.0005,USD,AmazonS3,Usage\n"
        + f"a,{DAY_2},2026-11-02T05:00:00Z,0.0005,USD,AmazonS3,Usage\n"
        + f"b,{DAY_1},2026-11-01T00:00:00Z,0.08,USD,awskms,Tax\n"
        + f"c,{DAY_1},2026-11-01T00:00:00Z,9,EUR,awskms,Usage\n",
    )
    assert told("--format", "cur", path) == {
        "rows": 4,
        "duplicates": 1,
        "conflicts": [],
        "missing_pages": [],
        "total_usd": "0.082",  # 0.0015 + 0.0005 + 0.08
        "by_service": {"AmazonS3": "0.002", "awskms": "0.08"},
        "by_day": {"2026-11-01": "0.0815", "2026-11-02": "0.0005"},
        "by_type": {"Tax": "0.08", "Usage": "0.002"},
        "by_provider": {"AWS": "0.082"},
        "rows_by_provider": {"AWS": 4},
        "other_currencies": {"EUR": "9"},
    }


def test_columns_of_cur_2_may_stand_in_any_order_and_in_gzip(tmp_path: Path, told: Any) -> None:
    text = SNAKE + f'2,a,{DAY_1},2026-11-01T23:30:00-02:00,USD,AmazonEC2,Usage,"{{""a"": 1}}"\n'
    path = written(tmp_path, gzip.compress(b"\xef\xbb\xbf" + text.encode()))
    assert told("--format", "cur", path)["by_day"] == {"2026-11-02": "2"}  # 01:30 UTC


def test_two_contents_of_one_line_are_shown_and_end_with_2(tmp_path: Path, run: Run) -> None:
    path = written(
        tmp_path,
        LEGACY
        + f"a,{DAY_1},2026-11-01,1,USD,AmazonS3,Usage\n"
        + f"a,{DAY_1},2026-11-01,2,USD,AmazonS3,Usage\n",
    )
    code, out, err = run("--format", "cur", path, "--json")
    assert code == 2
    assert "line 3: another content of a 2026-11-01" in err
    summary = json.loads(out)
    assert (summary["total_usd"], summary["rows"]) == ("1", 1)
    assert [each["key"] for each in summary["conflicts"]] == [f"a {DAY_1}"]


def test_a_line_is_the_same_however_its_numbers_and_times_are_spelled(
    tmp_path: Path, told: Any
) -> None:
    path = written(
        tmp_path,
        LEGACY
        + f"a,{DAY_1},2026-11-01T00:00:00Z,9.0,USD,AmazonS3,Usage\n"
        + f"a,{DAY_1},2026-11-01 00:00:00,9.00,USD,AmazonS3,Usage\n"
        + f"a,{DAY_1},2026-11-01T02:00:00.000+02:00,.9E1,USD,AmazonS3,Usage\n",
    )
    summary = told("--format", "cur", path)
    assert (summary["total_usd"], summary["rows"], summary["duplicates"]) == ("9", 1, 2)


def test_a_line_is_the_same_under_the_columns_of_cur_2(tmp_path: Path, told: Any) -> None:
    one = written(tmp_path, LEGACY + f"a,{DAY_1},2026-11-01,1,USD,AmazonS3,Usage\n")
    other = SNAKE + f"1.0,a,{DAY_1},2026-11-01,USD,AmazonS3,Usage,\n"
    summary = told("--format", "cur", one, written(tmp_path, other, "snake.csv"))
    assert (summary["total_usd"], summary["duplicates"]) == ("1", 1)


def test_a_line_in_two_parts_of_a_report_is_one_line(tmp_path: Path, told: Any) -> None:
    one = written(tmp_path, LEGACY + f"a,{DAY_1},2026-11-01,1,USD,AmazonS3,Usage\n")
    header, values = one.read_text().splitlines()
    turned = "\n".join(",".join(line.split(",")[::-1]) for line in (header, values))
    two = written(tmp_path, turned, "part2.csv")
    summary = told("--format", "cur", one, two)
    assert (summary["total_usd"], summary["duplicates"]) == ("1", 1)


def test_focus_of_several_providers_is_told_by_provider(tmp_path: Path, told: Any) -> None:
    path = written(
        tmp_path,
        FOCUS_HEADER
        + "0.1,USD,2026-11-01 00:00:00,Usage,Amazon S3,AWS\n"
        + "0.2,USD,2026-11-01T00:00Z,Credit,Virtual Machines,Microsoft\n"
        + "0.4,GBP,2026-11-02T00:00:00Z,Usage,Virtual Machines,Microsoft\n",
    )
    every = told("--format", "focus", path)
    assert (every["rows"], every["total_usd"], every["duplicates"]) == (3, "0.3", None)
    assert every["by_provider"] == {"AWS": "0.1", "Microsoft": "0.2"}
    assert every["rows_by_provider"] == {"AWS": 1, "Microsoft": 2}
    assert every["by_type"] == {"Credit": "0.2", "Usage": "0.1"}
    assert every["other_currencies"] == {"GBP": "0.4"}
    one = told("--format", "focus", path, "--provider", "AWS")
    assert (one["rows"], one["total_usd"], one["by_service"]) == (1, "0.1", {"Amazon S3": "0.1"})


def test_rows_of_focus_have_no_key_and_count_as_often_as_they_are_told(
    tmp_path: Path, told: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, FOCUS_HEADER + "0.1,USD,2026-11-01,Usage,Amazon S3,AWS\n")
    summary = told("--format", "focus", path, path)
    assert (summary["rows"], summary["total_usd"], summary["duplicates"]) == (2, "0.2", None)
    with pytest.raises(SystemExit):
        app(["import", "bill", "--help"])
    assert "every row of focus counts" in " ".join(capsys.readouterr().out.split())


def test_parquet_says_what_its_csv_says(tmp_path: Path, told: Any) -> None:
    folder = tmp_path / "line_item_currency_code=EUR"  # which tells nothing of what is in it
    folder.mkdir()
    parquet = folder / "bill [1].parquet"  # a name that a pattern would not find
    duckdb.execute(
        f"""COPY (SELECT * FROM (VALUES
            ('a', '{DAY_1}', TIMESTAMPTZ '2026-11-01 23:30:00-02', 1.81e-8::DOUBLE, 'USD', 'S3',
             'Usage', MAP {{'team': 'x'}}),
            ('b', '{DAY_1}', TIMESTAMPTZ '2026-11-01 00:00:00+00', 0.1::DOUBLE, 'USD', NULL,
             'Tax', NULL)) AS t(identity_line_item_id, identity_time_interval,
             line_item_usage_start_date, line_item_unblended_cost, line_item_currency_code,
             line_item_product_code, line_item_line_item_type, resource_tags))
            TO '{parquet}'"""  # noqa: S608 - our own path
    )
    summary = told("--format", "cur", parquet)
    assert summary["total_usd"] == "0.1000000181"
    assert summary["by_day"] == {"2026-11-01": "0.1", "2026-11-02": "0.0000000181"}
    assert summary["by_service"] == {"(not named)": "0.1", "S3": "0.0000000181"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LEGACY + GOOD.replace(",1,", ",NaN,"), "line 2, column lineItem/UnblendedCost: 'NaN'"),
        (LEGACY + GOOD.replace(",1,", ",,"), "line 2, column lineItem/UnblendedCost: ''"),
        (LEGACY + GOOD.replace(",1,", f",{'9' * 5000},"), "column lineItem/UnblendedCost"),
        (LEGACY + GOOD.replace(",1,", ",1E30,"), "is out of range"),
        (LEGACY + GOOD.replace("USD", "dollars"), "column lineItem/CurrencyCode: 'dollars'"),
        (LEGACY + GOOD.replace("2026-11-01,", "11/01/2026,"), "column lineItem/UsageStartDate"),
        (LEGACY + "\n" + GOOD.replace("a,", ",", 1), "line 3, column identity/LineItemId: is em"),
        (LEGACY + GOOD + "a,b\n", "line 3: 2 values for 7 columns"),
        (LEGACY + '"' + GOOD, "line 2: unexpected end of data"),
        (LEGACY.replace("lineItem/UnblendedCost", "Cost"), "no column lineItem/UnblendedCost"),
        (LEGACY.strip() + ",lineItem/UnblendedCost\n", "column lineItem/UnblendedCost twice"),
        (FOCUS_HEADER, "no column identity/LineItemId, identity/TimeInterval"),
        ("", "line 1: no column"),
        (LEGACY.encode() + b"\xff\xfe\n", "line 2: is neither UTF-8"),
        (gzip.compress((LEGACY + GOOD * 3000).encode(), mtime=0)[:-9], "gzip data is cut off"),
        (b"PAR1 but no more", "is no readable Parquet"),
        (LEGACY + GOOD.replace("AmazonS3", "Amazon\0S3"), "line 2: holds a NUL"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) and value[:4] != "iden" else "",
)
def test_what_is_no_report_is_refused_by_place(
    tmp_path: Path, refused: Any, text: str | bytes, said: str
) -> None:
    path = written(tmp_path, text)
    err = refused("--format", "cur", path)
    assert said in err
    assert str(path) in err


def test_an_unknown_format_a_missing_file_and_an_absent_provider_are_named(
    tmp_path: Path, refused: Any
) -> None:
    path = written(tmp_path, FOCUS_HEADER)
    assert "'xml' is not one of cur, focus, ce" in refused("--format", "xml", path)
    assert "gone.csv: No such file" in refused("--format", "cur", tmp_path / "gone.csv")
    assert "Is a directory" in refused("--format", "ce", tmp_path)
    assert "name a file" in refused("--format", "cur")
    assert "no row is of provider AWS" in refused("--format", "focus", path, "--provider", "AWS")


@pytest.mark.parametrize("format", ["cur", "focus", "ce"])
def test_a_bill_from_a_pipe_is_refused_in_a_plain_sentence(format: str, refused: Any) -> None:
    with a_pipe_of(LEGACY + GOOD) as pipe:
        assert refused("--format", format, pipe).split() == f"bursar: {pipe}: {IS_A_PIPE}".split()


def test_people_see_tables(tmp_path: Path, run: Run) -> None:
    path = written(tmp_path, LEGACY + GOOD)
    code, out, _ = run("--format", "cur", path)
    assert code == 0
    assert "1 rows, 1 USD" in out
    assert "AmazonS3" in out
