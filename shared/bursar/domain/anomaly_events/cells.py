"""The cells of the books: what an event's drivers are found in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bursar.domain.anomaly_events.lines import Cell
from bursar.domain.cluster.hours import HourCosts
from bursar.domain.ledger.budget_figures import dimensions
from bursar.domain.ledger.lines import Statement
from bursar.domain.periods import midnight
from bursar.domain.scopes import Dimension
from bursar.domain.spend import TOTAL_GROUP, SpendFact

WORKLOAD, NODE_GROUP, SERVICE, ACCOUNT = "workload", "node group", "service", "account"
LEDGER_DIMENSIONS = (
    *(Dimension.NAMESPACE, Dimension.TEAM, Dimension.MODEL, Dimension.TENANT),
    *(Dimension.FEATURE, Dimension.CATEGORY, Dimension.CLUSTER),
)
CLUSTER_DIMENSIONS = (WORKLOAD, NODE_GROUP)
BILLED_DIMENSIONS = (SERVICE, ACCOUNT)


def ledger_cells(statements: Iterable[Statement], organisation: str) -> Iterator[Cell]:
    """A cell a line; corrections of closed months are left out."""
    for statement in statements:
        for key, line in statement.lines.items():
            if not key.adjusts:
                told = {str(name): value for name, value in dimensions(key).items() if value}
                told[Dimension.ORG] = organisation
                tokens = line.tokens.total
                yield Cell(statement.window.start, told, line.units, tokens)


def cluster_cells(costs: Iterable[HourCosts], organisation: str) -> Iterator[Cell]:
    """A cell a row of a cluster's closed days: whose workload, on which node group."""
    for each in costs:
        for key, amounts in each.rows.items():
            told = {
                Dimension.ORG: organisation,
                Dimension.CLUSTER: each.cluster,
                Dimension.NAMESPACE: key.namespace,
                WORKLOAD: f"{key.namespace}/{key.workload}" if key.workload else key.namespace,
            }
            told |= {Dimension.MODEL: key.model} if key.model else {}
            told |= {NODE_GROUP: key.node_group} if key.node_group else {}
            units = sum(amount.units for amount in amounts.values())
            yield Cell(each.window.start, told, units)


def billed_cells(facts: Iterable[SpendFact], organisation: str) -> Iterator[Cell]:
    """A cell a group: a bill does not say which service a tag's money is for, so of several
    dimensions each holds all of it."""
    for fact in facts:
        name, _, value = fact.group.partition("=")
        if fact.group != TOTAL_GROUP and not name.startswith("type:"):
            told = {name: value, Dimension.ORG: organisation}
            yield Cell(midnight(fact.day), told, fact.amount.units)
