"""Amounts as they stand on a statement: in cents that add up in every direction."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bursar.domain.cost_report.parts import Frozen, Part, Parts
from bursar.domain.money import Money

_CENTS = 2  # places


class Statement(Frozen):
    """Parts by cluster, in cents. Rows and columns sum to `total` without a cent of difference."""

    clusters: tuple[str, ...]
    cells: dict[Part, tuple[Decimal, ...]]  # one amount per cluster
    cluster_totals: tuple[Decimal, ...]
    total: Decimal

    def of(self, part: Part) -> Decimal:
        return sum(self.cells[part], Decimal(0))

    @property
    def shown(self) -> tuple[Part, ...]:
        """Those that cost anything, in order; never a line of reservations for who has none."""
        return tuple(part for part in Part if any(self.cells[part]))


def settle(clusters: Sequence[tuple[str, Parts]]) -> Statement:
    """Round the grand total once, then hand its cents down by largest remainder."""
    total = Money.sum(parts.total for _, parts in clusters).cents()
    columns = apportion([parts.total for _, parts in clusters], total)
    cells = [
        apportion([parts[part] for part in Part], column)
        for (_, parts), column in zip(clusters, columns, strict=True)
    ]
    return Statement(
        clusters=tuple(name for name, _ in clusters),
        cells={part: tuple(cell[i] for cell in cells) for i, part in enumerate(Part)},
        cluster_totals=tuple(columns),
        total=total,
    )


def apportion(
    amounts: Sequence[Money], whole: Decimal | None = None, *, places: int = _CENTS
) -> list[Decimal]:
    """Round amounts to cents (or other places) that sum to `whole`, or to their own rounded sum.

    1.005 + 1.005 is 2.01: shown as 1.01 and 1.00, not as twice 1.00.
    """
    if whole is None:
        whole = Money.sum(amounts).rounded(places)
    exact = [amount.amount.scaleb(places) for amount in amounts]
    floors = [int(each // 1) if each >= 0 else -int(-each // 1) for each in exact]
    left = int(whole.scaleb(places)) - sum(floors)
    step = 1 if left >= 0 else -1
    by_remainder = sorted(range(len(exact)), key=lambda i: step * (floors[i] - exact[i]))
    for i in by_remainder[: abs(left)]:
        floors[i] += step
    return [Decimal(units).scaleb(-places) for units in floors]
