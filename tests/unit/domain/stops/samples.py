"""A budget of $100 a month, and stops of its November."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bursar.domain.budgets import Budget
from bursar.domain.governance.consumption import Allowance
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.scopes import Scope
from bursar.domain.stops.endings import Standing
from bursar.domain.stops.records import Stop, opened
from bursar.domain.stops.rules import Action, Mode, Rule
from tests.unit.governance import world

AT = datetime(2026, 11, 20, 13, 10, tzinfo=UTC)
NOVEMBER = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
HOUR = timedelta(hours=1)
BUDGET = Budget(
    id="search",
    scope=Scope.parse("tenant=search"),
    limit=Money.of(100),
    owner="platform",
    enforced=True,
)
ENFORCE = Rule(mode=Mode.ENFORCE)


def a_stop(
    id_: str = "search-20261101-automatic-1",
    *,
    actions: tuple[Action, ...] = (Action.REFUSE_RESERVATIONS,),
    rule: Rule = ENFORCE,
    spent: str | None = "105",
    budget: Budget = BUDGET,
    clusters: tuple[str, ...] = ("prod",),
    at: datetime = AT,
    **more: Any,
) -> Stop:
    told: dict[str, Any] = {"reason": "100% of it is spent", **more}
    return opened(
        id_,
        budget,
        rule,
        NOVEMBER,
        actions,
        at,
        limit=budget.limit,
        spent=None if spent is None else Money.of(spent),
        data_as_of=at,
        clusters=clusters,
        **told,
    )


def standing(spent: str, limit: str = "100", more: str = "0") -> Standing:
    """`more` is what exceptions raise the limit by."""
    base = Money.of(limit)
    return Standing(base, base + Money.of(more), Money.of(spent), AT)


def approved(amount: str = "6", at: datetime = world.NOON) -> Allowance:
    """What an exception is worth that was approved then, until the month ends."""
    return Allowance.of("E1", world.request(amount, until=NOVEMBER.end), at)
