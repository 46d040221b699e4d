"""Admission: who frees what was reserved and never spent. Reserving itself is the API's."""

from __future__ import annotations

from constructs import Construct

from bursar import settings
from bursar.config import Config
from infra.constructs.function import Function, Shared
from infra.constructs.schedules import Schedules


class Admission(Construct):
    """Nothing at all where no budget is enforced.

    It has no heartbeat: a run that fails lies in FailedEvents, one that is not delivered in
    Undelivered, and whoever is refused meanwhile has what is due freed first.
    """

    def __init__(
        self, scope: Construct, id_: str, *, config: Config, shared: Shared, table_name: str
    ) -> None:
        super().__init__(scope, id_)
        self.functions: list[Function] = []
        if any(budget.enforced for budget in config.budgets):
            own = settings.ReleaseExpiredSettings(table_name=table_name)
            self.functions = [Function(self, "release_expired", own, shared=shared)]

    def schedule(self, when: Schedules) -> None:
        for function in self.functions:
            when.run(function, cron="* *")
