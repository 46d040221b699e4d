"""Tables of amounts for people: in cents, of which rows and columns are the sums they show."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from bursar.cli.dry_run_views import print_dry_run
from bursar.cli.network import _print_table as print_network
from bursar.cli.reconcile import print_tables as print_reconciliation
from bursar.cli.reconcile import to_json
from bursar.cli.snapshot_views import print_table
from bursar.cli.system import system
from bursar.cli.usage_deployed_views import print_summary
from bursar.domain.attribution.dry_run import Change, DryRun
from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.hours import Category
from bursar.domain.cluster.rates import ClusterRate, WorkloadRate
from bursar.domain.ledger.gaps import NO_GAPS
from bursar.domain.ledger.reports import By
from bursar.domain.money import Money
from bursar.domain.network_costs import NetworkCost
from bursar.domain.network_kinds import NetworkKind
from bursar.domain.periods import month_window
from bursar.domain.quality import Quality
from bursar.domain.reconciliation.aws_bill import reconcile
from bursar.domain.reconciliation.books import billed_days, metered_days
from bursar.domain.reconciliation.corrections import corrections
from bursar.domain.reconciliation.provider_bill import (
    ModelDay,
    ProviderFact,
    ProviderReconciliation,
    reconcile_provider,
)
from bursar.jobs.reconcile import ReconciledMonth
from tests.unit.domain.reconciliation.sample_bills import DAY, EC2, services
from tests.unit.domain.sample_statements import (
    NOVEMBER,
    bought,
    hour_at,
    hours_from,
    november,
    pods,
)

_USD = re.compile(r"-?\$?[\d,]+\.\d\d(?!\S)")
THIRDS = [Money.of("0.335")] * 3  # each 0.34 by itself, together 1.005: 1.00


@pytest.fixture
def rows(capsys: pytest.CaptureFixture[str]):
    """The amounts of each line that was printed with some."""

    def read(text: str | None = None) -> list[list[Decimal]]:
        lines = (capsys.readouterr().out if text is None else text).splitlines()
        found = [_USD.findall(line) for line in lines]
        return [[Decimal(re.sub("[$,]", "", usd)) for usd in line] for line in found if line]

    return read


def test_each_day_of_a_reconciliation_is_billed_less_metered_and_parts_sum_to_them(rows) -> None:
    """A day: 1,453.149 - 1,324.8744 = 128.2746, and no 128.27 beside 1,453.15 - 1,324.87."""
    days = range(3)
    facts = [
        fact
        for n in days
        for fact in services(
            "1453.149", {f"service={EC2}": "1453.145"}, day=DAY + n * timedelta(days=1)
        )
    ]
    metered = metered_days(hours_from(NOVEMBER, 24 * len(days), pods("acme", "55.2031")))
    aws = reconcile(billed_days(facts), metered)
    models = [("a", "0.335", "0.001"), ("b", "0.335", "0.004")]
    provider = ProviderReconciliation(
        "openai", tuple(ModelDay(DAY, m, Money.of(b), Money.of(u), "") for m, b, u in models)
    )
    print_reconciliation(ReconciledMonth("2026-11", aws, (provider,), told=False))
    [residual], rounding, compute, *books = rows()
    by_day, by_model, whole = books[: len(days)], books[len(days) : -1], books[-1]
    for billed, of_meter, difference, *_ in (*by_day, *by_model, whole):
        assert billed - of_meter == difference
    assert sum(book[0] for book in by_day) == Decimal("4359.45")  # 3 x 1,453.149
    assert sum(book[1] for book in by_day) == Decimal("3974.62")  # 72 x 55.2031
    assert sum(rounding + compute) == sum(book[2] for book in by_day) == Decimal("384.83")
    assert residual == sum(book[3] for book in by_day) == aws.residual.cents()
    assert sum(book[0] for book in by_model) == whole[0] == Decimal("0.67")


def test_residuals_of_days_and_what_was_booked_later_sum_to_the_months(capsys) -> None:
    """Two days bill 16.475 more of compute than was metered, and 16.475 were told after the
    month's close; of gpt all of the bill, 16.47, was."""
    facts = [
        fact
        for n in range(2)
        for fact in services("40.475", {f"service={EC2}": "40.475"}, day=DAY + timedelta(days=n))
    ]
    metered = metered_days(hours_from(NOVEMBER, 48, pods("acme", "1")))
    after = NOVEMBER + timedelta(days=40)
    late = {
        **pods("acme", "16.475", adjusts="2026-11"),
        **bought("acme", "16.47", model="gpt", provider="openai", adjusts="2026-11"),
    }
    corrected = corrections([hour_at(after, late)], "2026-11")
    aws = reconcile(billed_days(facts), metered, corrected)
    provider_facts = [ProviderFact("openai", DAY, "gpt", "tokens", Money.of("16.47"))]
    provider = reconcile_provider("openai", provider_facts, (), corrected)
    found = ReconciledMonth("2026-11", aws, (provider,), told=False)
    print_reconciliation(found)
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert shown[0][-1] == "$16.48"  # 2 x 16.475 - 16.475
    days = [line[-1] for line in shown if line and line[0].startswith("2026-11-0")][:2]
    [of_aws, *of_provider] = [line for line in shown if line[:2] == ["booked", "later"]]
    residuals = [Decimal(usd.replace("$", "")) for usd in (*days, of_aws[-1])]
    assert sorted(residuals) == [Decimal("-16.47"), Decimal("16.47"), Decimal("16.48")]
    assert [line[2:] for line in of_provider] == [
        ["$16.47", "booked", "later"],
        ["-$16.47", "not", "metered"],
    ]
    told = to_json(found)
    for part, usd in told["parts_usd"].items():
        parts = [*(day["parts_usd"] for day in told["days"]), told["booked_later"]["parts_usd"]]
        assert Money.sum(Money.of(each[part]) for each in parts if part in each) == Money.of(usd)
    exact = [each["residual_usd"] for each in (*told["days"], told["booked_later"])]
    assert Money.sum(map(Money.of, exact)) == Money.of(told["residual_usd"])


def test_a_model_without_a_price_was_metered_as_unpriced_and_not_as_zero(capsys) -> None:
    row = ModelDay(DAY, "gpt-new", Money.of("10"), None, "unpriced")
    provider = ProviderReconciliation("openai", (row,))
    found = ReconciledMonth("2026-11", reconcile({}, {}), (provider,), told=False)
    print_reconciliation(found)
    *_, shown, total = filter(None, map(str.split, capsys.readouterr().out.splitlines()))
    assert shown == ["2026-11-01", "gpt-new", "$10.00", "unpriced", "$10.00", "unpriced"]
    assert total == ["total", "$10.00", "unpriced", "$10.00"]
    [of_provider] = to_json(found)["providers"]
    [told] = of_provider["rows"]
    assert (told["metered_usd"], told["difference_usd"]) == (None, "10")
    assert (of_provider["billed_usd"], of_provider["metered_usd"]) == ("10", None)


def test_items_and_categories_of_a_system_both_sum_to_it(rows, tmp_path: Path) -> None:
    categories = ("storage", "storage", "annotation")
    items = "".join(
        f"    - {{name: item, category: {name}, unit: GiB, usd_per_unit: '0.335', volume: 1}}\n"
        for name in categories
    )
    (file := tmp_path / "system.yaml").write_text(f"system:\n  name: assistant\n  items:\n{items}")
    system(file)
    *found, total, first, second = (line[-1] for line in rows())
    assert sum(found) == total == first + second == Decimal("1.00")


def test_the_networks_rows_sum_to_their_total(rows) -> None:
    names = ("rag", "search", "web")
    print_network(
        "2026-11",
        [
            NetworkCost(NetworkKind.NAT, "prod", name, usd, measured=True)
            for name, usd in zip(names, THIRDS, strict=True)
        ],
    )
    *found, total = (line[-1] for line in rows())
    assert sum(found) == total == Decimal("1.00")


def test_owners_of_a_dry_run_sum_to_its_totals(rows) -> None:
    changes = tuple(Change(n, usd, usd) for n, usd in zip("abc", THIRDS, strict=True))
    whole = Money.sum(THIRDS)
    found = DryRun(whole, whole, (), changes, changes, Change("nobody", whole, whole), None)
    out = io.StringIO()
    print_dry_run(found, month_window("2026-11"), Console(file=out, width=80))
    totals, _, *owners = rows(out.getvalue())
    for dimension in (owners[:3], owners[3:]):
        assert [sum(column) for column in zip(*dimension, strict=True)] == totals


def test_rows_of_a_usage_summary_sum_to_its_total(rows) -> None:
    lines = (bought(name, "0.335", tokens=(0, 0), requests=0) for name in ("a", "b", "c"))
    print_summary([november(*lines)], (By.TENANT,), month_window("2026-11"), NO_GAPS)
    *found, total = (line[0] for line in rows())
    assert sum(found) == total == Decimal("1.00")


def test_parts_of_a_snapshot_and_components_of_a_workload_sum_to_their_totals(capsys) -> None:
    """In hundredths of a cent: 0.10005 is 0.1000 by itself, and three of it 0.3002."""
    part = Money.of("0.10005")
    paid = (Category.GPU, Category.CPU, Category.STORAGE)
    rate = ClusterRate(
        at=NOVEMBER,
        basis=Basis.RESIDUAL,
        quality=Quality.FINAL,
        by_category=dict.fromkeys((*paid, Category.CONTROL_PLANE), part),
        nodes=(),
        workloads=(WorkloadRate("web", "api", "llama", 1, dict.fromkeys(paid, part)),),
        idle=part,
        shared=Money.zero(),
        shared_storage=Money.zero(),
        unpriced=(),
    )
    print_table("prod", rate)
    rows = [re.findall(r"\d+\.\d{4}", line) for line in capsys.readouterr().out.splitlines()[1:]]
    *parts, [total], components = ([Decimal(usd) for usd in row] for row in rows if row)
    assert sum(usd for row in parts for usd in row) == total == Decimal("0.4002")
    assert sum(components[:-1]) == components[-1] == Decimal("0.3002")
