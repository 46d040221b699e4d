"""A month's chargeback as CSV, JSON and tables."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import Any

from bursar.cli.chargeback_tables import notes, write_tables
from bursar.cli.chargeback_views import COLUMNS, to_json, write_csv, write_json
from bursar.domain.attribution.rules import Owner
from bursar.domain.chargeback import Chargeback, charge
from bursar.domain.ledger.lines import CostCategory, Line, LineKey, Statement
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, Window, month_window
from bursar.domain.quality import Quality
from bursar.domain.usage.records import TokenCounts
from tests.unit.domain.sample_statements import GPU, LINE_MAPS, OPENINGS, bought, november, pods
from tests.unit.for_all import for_all


@for_all(lines=LINE_MAPS, opening=OPENINGS)
def test_the_csv_read_again_gives_the_same_numbers_and_hides_no_formula(lines, opening) -> None:
    shown = charge("2026-11", november(lines), opening)
    file = io.StringIO(newline="")
    write_csv(shown, file)
    rows = list(csv.DictReader(io.StringIO(file.getvalue(), newline="")))
    sums = {"opening": Decimal(0), "charge": Decimal(0), "adjustment": Decimal(0)}
    closing = Decimal(0)
    for row in rows:
        for name in ("team", "tenant"):
            assert not row[name].startswith(("=", "+", "-", "@", "\t", "\r"))
        if row["line"] == "closing":
            closing += Decimal(row["usd"])
        else:
            sums[row["line"]] += Decimal(row["usd"])
    assert sums["charge"] + sums["adjustment"] == shown.statement.total.amount
    assert sums["opening"] == shown.opening.amount
    assert closing == shown.closing.amount
    assert sum(int(row["requests"] or 0) for row in rows) == sum(
        line.requests for line in lines.values()
    )


def test_a_csv_has_one_row_for_each_thing_of_an_account() -> None:
    shown = charge(
        "2026-11",
        november(bought("=acme", "1.5", "search", (900, 100), 3)),
        {Owner("=acme", "search"): Money.of("-0.25").units},
    )
    file = io.StringIO(newline="")
    write_csv(shown, file)
    assert file.getvalue().splitlines() == [
        ",".join(COLUMNS),
        "2026-11,open,search,'=acme,opening,,,-0.25,,,,,",
        "2026-11,open,search,'=acme,charge,external_api,,1.5,3,900,100,0,0",
        "2026-11,open,search,'=acme,closing,,,1.25,,,,,",
    ]


@for_all(lines=LINE_MAPS)
def test_json_tells_every_amount_as_text_and_teams_sum_to_the_month(lines) -> None:
    shown = charge("2026-11", november(lines), {})
    file = io.StringIO()
    write_json(shown, file)
    told = json.loads(file.getvalue())
    assert told == to_json(shown)
    assert sum((Decimal(each["closing_usd"]) for each in told["teams"]), Decimal(0)) == Decimal(
        told["closing_usd"]
    )
    accounts = [each for team in told["teams"] for each in team["accounts"]]
    assert sum((Decimal(each["charges_usd"]) for each in accounts), Decimal(0)) == Decimal(
        told["charges_usd"]
    )


def test_tokens_without_a_price_and_tokens_charged_before_are_told_apart() -> None:
    late = LineKey("acme", GPU, model="llama", adjusts="2026-10")
    lines = {
        LineKey("acme", CostCategory.EXTERNAL_API, model="mystery"): Line(
            requests=1, unpriced=TokenCounts(input=1200, output=34), unpriced_requests=1
        ),
        late: Line(requests=2, charged_before=TokenCounts(input=9000), charged_before_requests=2),
    }
    shown = charge("2026-11", november(lines), {})
    assert notes(shown) == [
        "1,234 tokens have no price: their cost is missing.",
        "9,000 tokens of self-hosted models came after their month was closed: their pods' cost"
        " was charged there.",
    ]
    file = io.StringIO(newline="")
    write_csv(shown, file)
    rows = list(csv.DictReader(io.StringIO(file.getvalue(), newline="")))
    told = [
        (row["line"], row["usd"], row["unpriced_tokens"], row["charged_before_tokens"])
        for row in rows
    ]
    assert told == [
        ("opening", "0", "", ""),
        ("charge", "", "1234", "0"),  # unknown, and not 0
        ("adjustment", "0", "0", "9000"),  # nothing is missing
        ("closing", "", "", ""),
    ]


MYSTERY = {
    LineKey("newco", CostCategory.EXTERNAL_API, "ads", model="mystery"): Line(
        requests=1, unpriced=TokenCounts(input=1200), unpriced_requests=1
    )
}


def sums_of(told: dict[str, Any]) -> list[str | None]:
    return [told[f"{name}_usd"] for name in ("opening", "charges", "adjustments", "closing")]


def table_of(shown: Chargeback) -> list[list[str]]:
    file = io.StringIO()
    write_tables(shown, file)
    return [line.split() for line in file.getvalue().splitlines()]


def test_an_account_of_which_nothing_has_a_price_has_no_charge_and_what_is_known_closes() -> None:
    shown = charge("2026-11", november(MYSTERY), {})
    told = to_json(shown)
    account = told["teams"][0]["accounts"][0]
    assert sums_of(told) == sums_of(account) == ["0", None, "0", None]
    assert (told["total_usd"], account["charges"][0]["usd"]) == (None, None)
    rows = table_of(shown)
    assert rows.count(["external_api", "unpriced"]) == rows.count(["closing", "unpriced"]) == 2
    # 5 were carried over: they are known, and what the month adds to them is not
    carried = charge("2026-11", november(MYSTERY), {Owner("newco", "ads"): Money.of(5).units})
    assert sums_of(to_json(carried)) == ["5", None, "0", "5"]
    # and beside 2 of another tenant the month's total is what is known
    beside = charge("2026-11", november(MYSTERY, pods("acme", "2", "ads")), {})
    assert sums_of(to_json(beside)) == ["0", "2", "0", "2"]


def test_a_month_of_which_nothing_was_stated_comes_to_an_unknown_amount_and_not_to_0() -> None:
    never = Statement(month_window("2026-05"), {}, Quality.UNKNOWN, 0)
    shown = charge("2026-05", never, {Owner("acme", "ads"): Money.of(5).units})
    told = to_json(shown)
    assert (told["total_usd"], told["quality"]) == (None, "unknown")
    assert sums_of(told) == sums_of(told["teams"][0]) == ["5", None, None, None]
    rows = table_of(shown)
    assert rows.count(["opening", "$5.00"]) == rows.count(["closing", "unknown"]) == 2
    file = io.StringIO(newline="")
    write_csv(shown, file)
    _, opening, closing = csv.reader(io.StringIO(file.getvalue(), newline=""))
    column = COLUMNS.index("usd")
    assert (opening[column], closing[column]) == ("5", "")


def test_the_table_names_teams_as_they_are_and_says_what_is_unknown() -> None:
    line = {
        LineKey("a[bold]b", GPU, team="[red]x", cluster="prod"): pods("", "12.345").popitem()[1]
    }
    told = november(line)
    shown = charge(
        "2026-11",
        Statement(told.window, told.lines, Quality.ESTIMATED, 0, ("prod",)),
        {},
        unstated=(Window(told.window.start, told.window.start + 5 * HOUR),),
    )
    file = io.StringIO()
    write_tables(shown, file)
    text = file.getvalue()
    for expected in (
        "[red]x",
        "a[bold]b",
        "$12.34",
        "5 hours were not stated",
        "2026-11-01 05:00",
        "unknown of prod",
    ):
        assert expected in text
