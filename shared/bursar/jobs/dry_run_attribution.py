"""What a policy of attribution would make of hours that are stated already."""

from __future__ import annotations

from dataclasses import replace

from bursar.domain.attribution.dry_run import DryRun, compare
from bursar.domain.ledger.adjustments import with_adjustments
from bursar.domain.periods import Window, hours
from bursar.jobs.attribute_costs import Sources, state_hour
from bursar.ports import StatementStore


def dry_run_attribution(
    window: Window, *, sources: Sources, statements: StatementStore, as_of: int
) -> DryRun:
    """Set the stored statements beside those that `sources.policy` would make. Writes nothing."""
    adjustments = statements.adjustments(window)
    proposed = []
    for hour in hours(window):
        made = state_hour(hour, sources, as_of=as_of)
        proposed.append(replace(made, statement=with_adjustments(made.statement, adjustments)))
    return compare(
        statements.hours(window),
        proposed,
        [costs for name in sources.clusters for costs in sources.history.hours(name, window)],
        sources.policy,
    )
