"""The worked hour of docs/attribution.md comes out as it says, to the cent."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest
import yaml

from bursar.domain.attribution.rules import Attribution
from bursar.domain.cluster.hours import Category, RowKey
from bursar.domain.cluster.unowned import CONTROL_PLANE, IDLE
from bursar.domain.ledger.lines import Statement
from bursar.domain.ledger.model_costs import model_table
from bursar.domain.money import Money
from tests.unit.domain.attribution.sample_hour import attributed, bought, costs, gpu, served, sums

PAGE = Path(__file__).resolve().parents[4] / "docs" / "attribution.md"


@pytest.fixture(scope="module")
def hour() -> Statement:
    [section] = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    rules = Attribution.model_validate(yaml.safe_load(section)["attribution"])
    rows = {
        **gpu("serving", "7.60", "llama", node_group="gpu"),
        **gpu("lab", "1.90", node_group="gpu", labels=(("team", "research"),)),
        RowKey(IDLE, node_group="gpu"): {Category.GPU: "3.00"},
        RowKey(CONTROL_PLANE): {Category.CONTROL_PLANE: "0.10"},
    }
    leaves = (
        served("acme", (600_000, 150_000))
        | served("bolt", (200_000, 50_000))
        | bought("acme", "1.25")
    )
    return attributed(leaves, costs(rows), by=rules).statement


def test_each_line_costs_what_the_page_says(hour: Statement) -> None:
    assert sums(hour, "tenant", "team", "model", "kind") == {
        ("acme", "", "llama", "allocated"): "5.7",
        ("bolt", "", "llama", "allocated"): "1.9",
        ("acme", "", "llama", "idle"): "1.8",
        ("bolt", "", "llama", "idle"): "0.6",
        ("acme", "", "gpt", "allocated"): "1.25",
        ("", "research", "", "allocated"): "1.9",
        ("", "platform", "", "shared"): "0.1",
        ("__idle__", "", "", "idle"): "0.6",
    }
    assert hour.total == Money.of("13.85")


def test_the_model_costs_per_million_what_the_page_says(hour: Statement) -> None:
    [llama] = [each for each in model_table([hour]).models if each.model == "llama"]
    assert llama.per_million(with_idle=False) == Money.of("7.60")
    assert llama.per_million(with_idle=True) == Money.of(10)
    assert llama.utilisation == Fraction(76, 100)


def test_the_amounts_of_the_pages_table_sum_to_its_total() -> None:
    page = PAGE.read_text(encoding="utf-8")
    table = page[page.index("| | arithmetic") : page.index("`llama` costs $7.60")]
    *parts, total = re.findall(r"\| \**(\d+\.\d\d)\** \|$", table, re.MULTILINE)
    assert len(parts) == 8
    assert Money.sum(map(Money.of, parts)) == Money.of(total)
