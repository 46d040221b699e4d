"""What a policy of attribution would make of hours that are stated already."""

from __future__ import annotations

from dataclasses import replace

from bursar.domain.attribution.dry_run import DryRun, compare
from bursar.domain.ledger.adjustments import with_adjustments
from bursar.domain.periods import Window, hours, spans_of
from bursar.jobs.attribute_costs import Sources, has_forgotten, state_hour
from bursar.ports import StatementStore


def dry_run_attribution(
    window: Window, *, sources: Sources, statements: StatementStore, as_of: int
) -> DryRun:
    """Set the stored statements beside those that `sources.policy` would make. Writes nothing.

    Hours that cannot be made anew are left out of both, and told.
    """
    adjustments = statements.adjustments(window)
    stated = {each.window: each for each in statements.hours(window)}
    proposed, unstated, forgotten = [], [], []
    for hour in hours(window):
        made = state_hour(hour, sources, as_of=as_of)
        if (now := stated.get(hour)) is None:
            unstated.append(hour.start)
        elif has_forgotten(now, made.statement):
            forgotten.append(hour.start)
        else:
            proposed.append(replace(made, statement=with_adjustments(made.statement, adjustments)))
    compared = {each.statement.window for each in proposed}
    found = compare(
        [each for hour, each in stated.items() if hour in compared],
        proposed,
        [
            costs
            for name in sources.clusters
            for costs in sources.history.hours(name, window)
            if costs.window in compared
        ],
        sources.policy,
    )
    return replace(found, unstated=spans_of(unstated), forgotten=spans_of(forgotten))
