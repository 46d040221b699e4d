"""`bursar import bill` on answers of Cost Explorer: they go together, or are refused."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.contract.bills.written_bills import (
    Run,
    written,
)


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
