"""A month's chargeback as it is printed: cents that add up in every direction."""

from __future__ import annotations

import io
import re
from decimal import Decimal

from hypothesis import strategies as some

from bursar.cli.chargeback_tables import write_tables
from bursar.domain.attribution.rules import Owner
from bursar.domain.chargeback import Chargeback, add_balances, charge
from bursar.domain.ledger.lines import CostCategory, Line, LineKey
from bursar.domain.money import Money
from tests.unit.domain.sample_statements import november
from tests.unit.for_all import for_all

GPU, CPU = CostCategory.GPU_COMPUTE, CostCategory.CPU_COMPUTE
Printed = dict[str, dict[str, Decimal]]

_ROW = re.compile(r"^ +(?P<name>\S.*?) +(?P<usd>-?\$[\d,.]+|USD) *$")


def printed(shown: Chargeback) -> Printed:
    """Each statement's rows, in dollars: those above `closing` by their names."""
    file = io.StringIO()
    write_tables(shown, file)
    tables: Printed = {}
    for line in file.getvalue().splitlines():
        if found := _ROW.match(line):
            name, usd = found["name"], found["usd"]
            if usd == "USD":
                rows = tables.setdefault(name, {})
            else:
                rows[name] = Decimal(usd.replace("$", "").replace(",", ""))
    return tables


def parts_of(rows: dict[str, Decimal]) -> tuple[Decimal, Decimal]:
    """The month's lines, and those of its tenants."""
    tenants = sum(
        (usd for name, usd in rows.items() if name.startswith("of the month")), Decimal()
    )
    named = ("opening", "closing", "rounding")
    lines = (n for n in rows if n not in named and not n.startswith("of the month"))
    return sum((rows[name] for name in lines), Decimal()), tenants


def test_a_statement_is_the_sum_of_its_rows_and_the_whole_is_the_sum_of_the_teams() -> None:
    """Rounded each by itself, 965.334 + 4,127.314 would be 965.33 + 4,127.31 = 5,092.65."""
    usd = {"pretrain": ("965.334", "4127.314"), "kueue": ("25.745", "96.668")}
    lines = {
        LineKey("acme", category, team): Line(Money.of(part).units)
        for team, parts in usd.items()
        for category, part in zip((CPU, GPU), parts, strict=True)
    }
    tables = printed(charge("2026-11", november(lines), {}))
    for rows in tables.values():
        assert rows["opening"] + rows["cpu_compute"] + rows["gpu_compute"] == rows["closing"]
    assert tables["pretrain"]["closing"] == Decimal("5092.65")
    assert tables["kueue"]["closing"] == Decimal("122.41")
    assert tables["all"]["closing"] == Decimal("5215.06")  # 5,215.061
    for row in ("opening", "cpu_compute", "gpu_compute", "closing"):
        assert tables["all"][row] == tables["pretrain"][row] + tables["kueue"][row]


amounts = some.integers(-(10**13), 10**14)  # up to 100 dollars, to the last digit
months = some.dictionaries(
    some.builds(
        LineKey,
        tenant=some.sampled_from(("acme", "bolt")),
        category=some.sampled_from((CPU, GPU)),
        team=some.sampled_from(("", "ads", "ops", "web")),
        adjusts=some.sampled_from(("", "2026-09")),
    ),
    some.builds(Line, amounts),
    max_size=9,
)
openings = some.dictionaries(
    some.builds(Owner, some.just("acme"), some.sampled_from(("ads", "idle", "web"))), amounts
)


@for_all(lines=months, opening=openings)
def test_what_is_printed_adds_up_and_months_open_as_they_closed(lines, opening) -> None:
    month = november(lines)
    shown = charge("2026-11", month, opening)
    tables = printed(shown)
    whole = tables.pop("all")
    for rows in (*tables.values(), whole):
        own, tenants = parts_of(rows)
        assert rows["opening"] + own + rows.get("rounding", 0) == rows["closing"]
        assert tenants == (own if rows is not whole else 0)
        assert abs(rows.get("rounding", 0)) <= Decimal("0.02" if rows is not whole else "0.01")
    for row in ("opening", "closing"):
        assert whole[row] == sum(rows[row] for rows in tables.values())
    assert (whole["opening"], whole["closing"]) == (shown.opening.cents(), shown.closing.cents())
    assert parts_of(whole)[0] == month.total.cents()
    after = printed(charge("2026-12", november(month="2026-12"), add_balances(opening, [month])))
    for team, rows in after.items():
        assert rows["opening"] == ({**tables, "all": whole})[team]["closing"]
