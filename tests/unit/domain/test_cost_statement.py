"""A statement in cents: rows and columns both add up."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bursar.domain.cost_report import Part, Parts, apportion, settle
from bursar.domain.money import Money

amounts = st.decimals("0", "99999", places=12)


@given(st.lists(st.lists(amounts, min_size=8, max_size=8), min_size=1, max_size=4))
def test_a_statement_adds_up_to_the_cent_in_both_directions(columns) -> None:
    clusters = [
        (f"c{i}", Parts(**dict(zip(Part, map(Money.of, column), strict=True))))
        for i, column in enumerate(columns)
    ]
    statement = settle(clusters)
    assert statement.total == Money.sum(parts.total for _, parts in clusters).cents()
    assert sum(statement.cluster_totals) == statement.total
    assert sum(statement.of(part) for part in Part) == statement.total
    for i, column in enumerate(statement.cluster_totals):
        assert sum(cells[i] for cells in statement.cells.values()) == column


def test_cents_go_to_the_largest_remainders() -> None:
    third = Money.of("0.333333333333")
    assert apportion([third] * 3) == [Decimal("0.34"), Decimal("0.33"), Decimal("0.33")]
    # each half-even alone would be 1.00 and 1.00, and their sum is 2.01
    assert sum(apportion([Money.of("1.005"), Money.of("1.005")])) == Decimal("2.01")
