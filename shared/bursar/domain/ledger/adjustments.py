"""A closed month is not restated: a later hour states what changed, and names the month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bursar.domain.ledger.lines import Line, LineKey, Statement, sum_lines
from bursar.domain.periods import Window


@dataclass(frozen=True, slots=True)
class Adjustment:
    """By how much an hour of a closed month has changed, as the hour `made_in` states it.

    `lines` are keyed as in the hour that they are `of`.
    """

    made_in: Window
    of: Window
    lines: Mapping[LineKey, Line]

    @property
    def stated(self) -> dict[LineKey, Line]:
        """The lines as they stand in the statement of `made_in`."""
        month = f"{self.of.start:%Y-%m}"
        return sum_lines(
            {key if key.adjusts else key._replace(adjusts=month): line}
            for key, line in self.lines.items()
        )


def difference(old: Mapping[LineKey, Line], new: Mapping[LineKey, Line]) -> dict[LineKey, Line]:
    """The money that makes `new` out of `old`.

    Requests and tokens of a closed month do not change: late usage has lines of its own.
    """
    changed = {}
    for key in {**new, **old}:
        now, before = new.get(key, Line()), old.get(key, Line())
        if units := now.units - before.units:
            changed[key] = Line(units, by_class=now.by_class + -before.by_class)
    return changed


def adjust(
    made_in: Window,
    new: Statement,
    stated: Statement | None,
    earlier: Sequence[Adjustment],
) -> Adjustment:
    """What `made_in` has to say of an hour, beyond what was stated and adjusted before it."""
    known = [each.lines for each in earlier if each.of == new.window and each.made_in < made_in]
    before = sum_lines([stated.lines if stated else {}, *known])
    return Adjustment(made_in, new.window, difference(before, new.lines))


def with_adjustments(statement: Statement, adjustments: Sequence[Adjustment]) -> Statement:
    """The statement of an hour with the adjustments that are made in it."""
    own = [each.stated for each in adjustments if each.made_in == statement.window]
    return replace(statement, lines=sum_lines([statement.lines, *own]))
