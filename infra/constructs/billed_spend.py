"""What is billed: read once a day, and compared with what was metered."""

from __future__ import annotations

from constructs import Construct

from bursar.config.spend import Spend
from bursar.settings import CollectSpendSettings, ReconcileSpendSettings
from infra.constructs.function import Function, Shared
from infra.constructs.schedules import Schedules


class BilledSpend(Construct):
    """Nothing at all where `spend` is not enabled."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        spend: Spend,
        shared: Shared,
        table_name: str,
        then: Function,
    ) -> None:
        """`then` is invoked with every bill that was read."""
        super().__init__(scope, id_)
        self.functions: list[Function] = []
        if not spend.enabled:
            return
        collect = Function(
            self,
            "collect_spend",
            CollectSpendSettings(table_name=table_name),
            shared=shared,
            timeout_seconds=120,
            then=then,
        )
        collect.may("ce:GetCostAndUsage")
        reconcile = Function(
            self,
            "reconcile_spend",
            ReconcileSpendSettings(table_name=table_name),
            shared=shared,
            timeout_seconds=300,
            memory_mib=512,
        )
        reconcile.may_read_secrets(spend.providers.secrets)
        self.functions = [collect, reconcile]

    def schedule(self, when: Schedules) -> None:
        """The bill first; it is compared once it is surely kept."""
        for function, cron in zip(self.functions, ("30 9", "5 10"), strict=False):
            when.run(function, cron=cron)
