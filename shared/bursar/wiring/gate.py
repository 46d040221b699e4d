"""The ports of the gate for jobs: what machines hold, and the exceptions that pay."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from bursar.wiring.series import SeriesPorts

if TYPE_CHECKING:
    from bursar import ports
    from bursar.jobs.gate_job import Exceptions


class GatePorts(SeriesPorts):
    """A part of `Ports`, on top of the one of series."""

    @cached_property
    def instance_types(self) -> ports.InstanceCatalogue:
        from bursar.adapters.published_instance_types import PublishedInstanceTypes

        return PublishedInstanceTypes()

    @cached_property
    def gate_exceptions(self) -> Exceptions:
        from bursar.adapters.dynamodb.governance.exceptions import DynamoExceptions
        from bursar.adapters.dynamodb.governance.job_approvals import DynamoJobApprovals
        from bursar.jobs.gate_job import Exceptions

        store = DynamoExceptions(self._table)
        return Exceptions(store, store, DynamoJobApprovals(self._table))
