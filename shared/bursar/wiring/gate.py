"""The ports of the gate for jobs: what machines hold, and the exceptions that pay."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from bursar.wiring.series import SeriesPorts

if TYPE_CHECKING:
    from bursar import ports
    from bursar.config import Config
    from bursar.jobs.gate_job import Exceptions
    from bursar.jobs.raised_limits import RaisedLimits


class GatePorts(SeriesPorts):
    """A part of `Ports`, which gives the configuration, on top of the one of series."""

    if TYPE_CHECKING:

        @cached_property
        def config(self) -> Config: ...

    @cached_property
    def instance_types(self) -> ports.InstanceCatalogue:
        from bursar.adapters.published_instance_types import PublishedInstanceTypes

        return PublishedInstanceTypes()

    @cached_property
    def raised_limits(self) -> RaisedLimits:
        from bursar.wiring import raises

        return raises.raised_limits(self.config, self._table)

    @cached_property
    def gate_exceptions(self) -> Exceptions:
        from bursar.adapters.dynamodb.governance.exceptions import DynamoExceptions
        from bursar.adapters.dynamodb.governance.job_approvals import DynamoJobApprovals
        from bursar.jobs.gate_job import Exceptions

        store = DynamoExceptions(self._table)
        return Exceptions(store, store, DynamoJobApprovals(self._table))
