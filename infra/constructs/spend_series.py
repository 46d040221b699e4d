"""What the books' series come to, and what of them is unusual: the functions with numpy."""

from __future__ import annotations

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from bursar.config import Config
from bursar.settings import DetectAnomaliesSettings, ForecastSpendSettings
from infra.constructs.function import Function, Shared
from infra.constructs.schedules import Schedules


class SpendSeries(Construct):
    """Two functions that read the books of months, on a layer of their own beside the shared."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: Config,
        shared: Shared,
        numeric: lambda_.Code,
        table_name: str,
    ) -> None:
        super().__init__(scope, id_)
        self._config = config
        layer = lambda_.LayerVersion(
            self,
            "Numeric",
            code=numeric,
            compatible_architectures=[lambda_.Architecture.ARM_64],
            compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
        )
        self._forecast, self._detect = (
            Function(
                self,
                name,
                settings(table_name=table_name),
                shared=shared,
                timeout_seconds=600,
                memory_mib=2048,
                more_layers=[layer],
            )
            for name, settings in (
                ("forecast_spend", ForecastSpendSettings),
                ("detect_anomalies", DetectAnomaliesSettings),
            )
        )
        self.functions = [self._forecast, self._detect]

    def schedule(self, when: Schedules) -> None:
        """The ledger's day once its last hours are stated, the bill's once it was read, and the
        hours of token usage four times a day: a run reads weeks, and judges the last 24."""
        when.run(self._detect, twin="Hour", cron="29 0/6", book="ledger", grain="hour")
        when.run(self._forecast, twin="Ledger", cron="35 1", book="ledger")
        when.run(self._detect, twin="Ledger", cron="40 1", book="ledger")
        if self._config.spend.enabled:
            when.run(self._forecast, twin="Billed", cron="45 9", book="billed")
            when.run(self._detect, twin="Billed", cron="50 9", book="billed")
