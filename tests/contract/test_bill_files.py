"""`bursar import bill` on bills written by hand, and on real ones."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bursar.cli.main import app
from tests.contract.pipes import IS_A_PIPE, a_pipe_of

BILLS = Path(__file__).parents[3] / "shared/data/billing"
ANSWERS = Path(__file__).parents[3] / "shared/data/answers.json"
CUR = "cur_legacy_2023-11-01_08.csv.gz"
FOCUS = "focus_1.0_2024-09-01_20.csv.gz"
CE = "ce_get_cost_and_usage_daily_2024-02-01_03-31.json"

LEGACY = (
    "identity/LineItemId,identity/TimeInterval,lineItem/UsageStartDate,lineItem/UnblendedCost,"
    "lineItem/CurrencyCode,lineItem/ProductCode,lineItem/LineItemType\n"
)
SNAKE = (
    "line_item_unblended_cost,identity_line_item_id,identity_time_interval,"
    "line_item_usage_start_date,line_item_currency_code,line_item_product_code,"
    "line_item_line_item_type,resource_tags\n"
)
DAY_1 = "2026-11-01T00:00:00Z/2026-11-02T00:00:00Z"
DAY_2 = "2026-11-02T00:00:00Z/2026-11-03T00:00:00Z"
FOCUS_HEADER = (
    "BilledCost,BillingCurrency,ChargePeriodStart,ChargeCategory,ServiceName,ProviderName\n"
)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*words: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            app(["import", "bill", *map(str, words)])
        shown = capsys.readouterr()
        return int(left.value.code or 0), shown.out, shown.err

    return command


@pytest.fixture
def told(run: Run) -> Callable[..., dict[str, Any]]:
    def command(*words: str | Path) -> dict[str, Any]:
        code, out, err = run(*words, "--json")
        assert (code, err) == (0, "")
        summary: dict[str, Any] = json.loads(out)
        return summary

    return command


@pytest.fixture
def refused(run: Run) -> Callable[..., str]:
    def command(*words: str | Path) -> str:
        code, out, err = run(*words)
        assert (code, out) == (2, "")
        assert "Traceback" not in err
        return err

    return command


def written(tmp_path: Path, text: str | bytes, name: str = "bill.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


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


def answer(*groups: tuple[str, str], day: str = "2026-11-01", unit: str = "USD") -> dict[str, Any]:
    end = f"{day[:-2]}{int(day[-2:]) + 1:02}"
    return {
        "GroupDefinitions": [{"Type": "DIMENSION", "Key": "SERVICE"}],
        "ResultsByTime": [
            {
                "TimePeriod": {"Start": day, "End": end},
                "Groups": [
                    {"Keys": [name], "Metrics": {"UnblendedCost": {"Amount": usd, "Unit": unit}}}
                    for name, usd in groups
                ],
                "Total": {},
            }
        ],
    }


def test_pages_of_cost_explorer_are_one_bill(tmp_path: Path, told: Any) -> None:
    first = answer(("Tax", "3.3"), ("AWS Glue", "0"))
    second = answer(("Amazon S3", "0.1234567891"), day="2026-11-02")
    one_after_another = json.dumps(first) + "\n" + json.dumps(second) + "\n" + json.dumps(second)
    for text in (json.dumps([first, second, second]), one_after_another):
        summary = told("--format", "ce", written(tmp_path, text))
        assert (summary["rows"], summary["duplicates"]) == (3, 1)
        assert summary["total_usd"] == "3.4234567891"
        assert summary["by_type"] == {"Tax": "3.3", "Usage": "0.1234567891"}


def test_record_types_and_ungrouped_totals_are_read(tmp_path: Path, told: Any) -> None:
    grouped = answer(("Amazon S3", "-2"))
    grouped["GroupDefinitions"].append({"Type": "DIMENSION", "Key": "RECORD_TYPE"})
    grouped["ResultsByTime"][0]["Groups"][0]["Keys"].append("Credit")
    total = answer(day="2026-11-02")
    total["ResultsByTime"][0]["Total"] = {"UnblendedCost": {"Amount": "5", "Unit": "USD"}}
    summary = told("--format", "ce", written(tmp_path, json.dumps([grouped, total])))
    assert summary["by_type"] == {"Credit": "-2", "Usage": "5"}
    assert summary["by_service"] == {"(not named)": "5", "Amazon S3": "-2"}
    assert summary["total_usd"] == "3"


def grouped(*keys: str, usd: str = "21.42", day: str = "2026-11-01") -> dict[str, Any]:
    """A day's one group, by dimensions: `SERVICE=Amazon S3`, or by none at all."""
    told = answer(day=day)
    told["GroupDefinitions"] = [
        {"Type": "DIMENSION", "Key": key.partition("=")[0]} for key in keys
    ]
    cost = {"UnblendedCost": {"Amount": usd, "Unit": "USD"}}
    (result,) = told["ResultsByTime"]
    if keys:
        result["Groups"] = [{"Keys": [key.partition("=")[2] for key in keys], "Metrics": cost}]
    else:
        result["Total"] = cost
    return told


S3, USAGE = "SERVICE=Amazon S3", "RECORD_TYPE=Usage"


def test_a_group_is_the_same_in_whatever_order_its_dimensions_stand(
    tmp_path: Path, told: Any
) -> None:
    """21.42 USD by service and record type, and by record type and service: 21.42, not 42.84."""
    one = written(tmp_path, json.dumps(grouped(S3, USAGE)), "one.json")
    turned = written(tmp_path, json.dumps(grouped(USAGE, S3)), "turned.json")
    summary = told("--format", "ce", one, turned)
    assert (summary["total_usd"], summary["duplicates"]) == ("21.42", 1)
    assert (summary["by_service"], summary["by_type"]) == (
        {"Amazon S3": "21.42"},
        {"Usage": "21.42"},
    )


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ((S3, USAGE), "RECORD_TYPE and SERVICE"),
        (("LINKED_ACCOUNT=111122223333",), "LINKED_ACCOUNT"),
        ((), "nothing (a Total)"),
    ],
)
def test_answers_of_a_day_that_are_grouped_differently_are_refused(
    tmp_path: Path, refused: Any, told: Any, keys: tuple[str, ...], named: str
) -> None:
    one = written(tmp_path, json.dumps(grouped(S3)), "one.json")
    two = written(tmp_path, json.dumps(grouped(*keys)), "two.json")
    said = " ".join(refused("--format", "ce", one, two).split())
    assert f"{two}, answer 1: 2026-11-01 is grouped by {named}, and by SERVICE in {one}" in said
    assert "cannot be added" in said
    next_day = json.dumps(grouped(*keys, usd="1", day="2026-11-02"))
    of_two_days = told("--format", "ce", one, written(tmp_path, next_day, "two.json"))
    assert of_two_days["total_usd"] == "22.42"  # 21.42 + 1


def test_hours_of_a_day_are_not_added_to_the_day(tmp_path: Path, refused: Any) -> None:
    hour = grouped(S3)
    hour["ResultsByTime"][0]["TimePeriod"] = {
        "Start": "2026-11-01T23:00:00Z",
        "End": "2026-11-02T00:00:00Z",
    }
    path = written(tmp_path, json.dumps([grouped(S3), hour]), "answer.json")
    assert "is grouped by SERVICE and hour, and by SERVICE" in refused("--format", "ce", path)


def test_an_empty_total_on_a_page_of_groups_groups_nothing(tmp_path: Path, told: Any) -> None:
    empty = answer()
    empty["ResultsByTime"][0]["Total"] = {"UnblendedCost": {"Amount": "0", "Unit": "USD"}}
    path = written(tmp_path, json.dumps([empty, grouped(S3)]), "answer.json")
    assert told("--format", "ce", path)["total_usd"] == "21.42"


TOKEN = {"NextPageToken": "AAAA"}


@pytest.mark.parametrize(
    "others",
    [
        [],
        [grouped(S3, day="2026-10-30")],  # before it
        [grouped(S3, day="2026-11-02") | TOKEN],  # the next one is not the last
        [grouped(S3, USAGE, day="2026-11-02")],  # of another question
        [grouped(S3, day="2026-11-09")],
    ],
    ids=["alone", "before", "not the last", "grouped otherwise", "days later"],
)
def test_a_bill_of_which_a_page_is_missing_is_added_up_and_ends_with_2(
    tmp_path: Path, run: Run, others: list[dict[str, Any]]
) -> None:
    page = written(tmp_path, json.dumps(grouped(S3) | TOKEN), "page.json")
    rest = written(tmp_path, json.dumps(others or [answer(day="2026-11-20")]), "rest.json")
    code, out, err = run("--format", "ce", page, rest, "--json")
    assert code == 2
    assert f"{page}, answer 1: its NextPageToken says that pages follow" in " ".join(err.split())
    assert "pages are missing" in run("--format", "ce", page, rest)[1]
    summary = json.loads(out)
    assert summary["missing_pages"][0] == f"{page}, answer 1"
    assert Decimal(summary["total_usd"]) == Decimal("21.42") * (1 + len(others))


def test_the_first_page_of_a_month_is_no_page_of_the_month_before(
    tmp_path: Path, run: Run
) -> None:
    october = grouped(S3, day="2026-10-30") | TOKEN
    october["ResultsByTime"].append(grouped(S3, day="2026-10-30")["ResultsByTime"][0])
    october["ResultsByTime"][1]["TimePeriod"] = {"Start": "2026-10-31", "End": "2026-11-01"}
    path = written(tmp_path, json.dumps([october, grouped(S3)]), "answer.json")
    assert run("--format", "ce", path)[0] == 2


@pytest.mark.parametrize(
    "last",
    [
        grouped(S3, day="2026-11-02"),
        grouped("SERVICE=AWS Glue"),  # the rest of the same day
        answer() | {"ResultsByTime": []},
    ],
    ids=["next day", "same day", "empty"],
)
def test_pages_that_lead_to_a_last_one_are_whole_in_any_order(
    tmp_path: Path, told: Any, last: dict[str, Any]
) -> None:
    pages = [last, grouped(S3) | TOKEN, grouped(S3) | {"NextPageToken": None}]
    for kept in (pages[:2], pages[1::-1], pages):
        path = written(tmp_path, json.dumps(kept), "answer.json")
        assert told("--format", "ce", path)["missing_pages"] == []


def test_a_bill_by_account_has_every_breakdown_at_its_total(tmp_path: Path, told: Any) -> None:
    by_account = answer(("111122223333", "5"), ("444455556666", "2.5"))
    by_account["GroupDefinitions"] = [{"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}]
    summary = told("--format", "ce", written(tmp_path, json.dumps(by_account)))
    assert summary["total_usd"] == "7.5"  # 5 + 2.5
    assert summary["by_service"] == {"(not named)": "7.5"}
    assert summary["by_day"] == {"2026-11-01": "7.5"}
    assert summary["by_type"] == {"Usage": "7.5"}


GOOD = f"a,{DAY_1},2026-11-01,1,USD,AmazonS3,Usage\n"


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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "line 1, column 2: is not JSON"),
        ("", "is empty"),
        ("{}", "answer 1: ResultsByTime is missing"),
        ("[1]", "answer 1: ResultsByTime is missing"),
        ("[" * 100_000, "is not JSON"),
        (json.dumps(answer(("S3", "NaN"))), "Groups[0].Metrics.UnblendedCost 'NaN' is not"),
        (json.dumps(answer(("S3", "1"))).replace('"1"', "true"), "'True' is not an amount"),
        (json.dumps(answer(("S3", "1"))).replace('"1"', "NaN"), "'NaN' is not an amount"),
        (json.dumps(answer(("S3", "1"), unit="N/A")), "'N/A' is not a currency"),
        (json.dumps(answer(("S3", "1"))).replace("2026-11-02", "2026-12-01"), "than a day"),
        (json.dumps(answer(("S3", "1"))).replace('["S3"]', '["S3", "x"]'), "Groups[0].Keys"),
        (json.dumps(answer(("S3", "1"))).replace("UnblendedCost", "X"), "UnblendedCost is missi"),
        (json.dumps(answer(("S3", "1"))).replace('"2026-11-01"', '"soon"'), "TimePeriod.Start"),
        (b"\xff\xfe{", "is not UTF-8"),
        (
            json.dumps(answer(("S3", "1"))).replace(
                '"Amount": "1"', '"Amount":"1","Amount":"900"'
            ),
            "Groups[0].Metrics.UnblendedCost has the key 'Amount' twice",
        ),
        (
            json.dumps(answer(("S3", "1")))[:-1] + ', "ResultsByTime": []}',
            "answer 1: it has the key 'ResultsByTime' twice",
        ),
        (
            json.dumps(answer(("S3", "1"))).replace('"Key"', '"Key": "SERVICE", "Key"'),
            "GroupDefinitions[0] has the key 'Key' twice",
        ),
        (json.dumps(answer() | {"GroupDefinitions": 5}), "GroupDefinitions is missing or of an"),
    ],
    ids=range(18),
)
def test_what_is_no_answer_of_cost_explorer_is_refused(
    tmp_path: Path, refused: Any, text: str | bytes, said: str
) -> None:
    assert said in refused("--format", "ce", written(tmp_path, text, "answer.json"))


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


@pytest.fixture
def answers() -> dict[str, Any]:
    if not ANSWERS.exists():
        pytest.skip("the shared bills are not beside this repository")
    read: dict[str, Any] = json.loads(ANSWERS.read_bytes())
    return read


def exact(amounts: dict[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(amount) for name, amount in amounts.items()}


def test_a_real_report_comes_to_the_right_answers(answers: Any, told: Any) -> None:
    right, summary = answers["cur"], told("--format", "cur", BILLS / CUR)
    assert summary["rows"] == right["rows"]
    assert summary["duplicates"] == right["repeated_LineItemId+TimeInterval"]
    assert Decimal(summary["total_usd"]) == Decimal(right["total"])
    assert exact(summary["by_day"]) == exact(right["by_day"])
    assert exact(summary["by_type"]) == exact(right["by_type"])
    nonzero = {name: usd for name, usd in exact(summary["by_service"]).items() if usd}
    assert nonzero == exact(right["by_product_nonzero"])


def test_real_answers_of_cost_explorer_come_to_the_right_answers(answers: Any, told: Any) -> None:
    right, summary = answers["ce_daily"], told("--format", "ce", BILLS / CE)
    assert Decimal(summary["total_usd"]) == Decimal(right["total_usd"])
    assert exact(summary["by_day"]) == exact(right["by_day"])
    services = exact(summary["by_service"])
    assert (len(services), len(summary["by_day"])) == (right["services"], right["days"])
    top = sorted(services.items(), key=lambda item: -item[1])[:5]
    assert top == list(exact(dict(right["top5_services"])).items())


def test_a_real_focus_file_comes_to_the_right_answers(answers: Any, told: Any) -> None:
    right, summary = answers["focus"], told("--format", "focus", BILLS / FOCUS)
    assert summary["rows"] == right["rows"]
    assert exact(summary["by_provider"]) == exact(right["by_provider"])
    aws = told("--format", "focus", BILLS / FOCUS, "--provider", "AWS")
    assert aws["rows"] == right["aws_rows"] == summary["rows_by_provider"]["AWS"]
    assert Decimal(aws["total_usd"]) == Decimal(right["aws_billed"])
    top = sorted(exact(aws["by_service"]).items(), key=lambda item: -item[1])[:5]
    assert top == list(exact(dict(right["aws_top_services"])).items())


@pytest.mark.parametrize(("name", "format"), [(CUR, "cur"), (FOCUS, "focus")])
def test_a_real_bill_as_plain_text_parquet_and_snake_case_is_the_same_bill(
    answers: Any, told: Any, tmp_path: Path, name: str, format: str
) -> None:
    plain = written(tmp_path, gzip.decompress((BILLS / name).read_bytes()))
    parquet = tmp_path / "bill.parquet"
    duckdb.execute(f"COPY (FROM '{plain}') TO '{parquet}'")  # doubles where it guesses them
    with plain.open(newline="") as file:
        header, *lines = csv.reader(file)
    renamed = tmp_path / "snake.csv"
    with renamed.open("w", newline="") as file:
        csv.writer(file).writerows([[snake(column) for column in header], *lines])
    first = told("--format", format, BILLS / name)
    for other in (plain, parquet, renamed):
        assert told("--format", format, other) == first
    if first["duplicates"] is not None:  # rows with a key are one row in all of them
        again = told("--format", format, plain, parquet, renamed)
        assert again == first | {"duplicates": 2 * first["rows"]}


def snake(column: str) -> str:
    text = "".join(f"_{c.lower()}" if c.isupper() else c for c in column.replace("/", "_"))
    return text.strip("_").replace("__", "_")
