"""What AWS answers about prices, the bill and EC2, computed from the scenario."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from typing import Any

import boto3

from bursar.adapters.cost_explorer import CostExplorerBill
from bursar.adapters.memory.spend import MemoryCounter
from bursar.adapters.pricing_api import PricingApiPriceList
from bursar.config import Config
from bursar.local.cost_explorer_service import cost_explorer
from bursar.local.ec2_service import Ec2Service
from bursar.local.embedded.clock import Clock
from bursar.local.embedded.http_api import JsonRpcServer, Operation
from bursar.local.price_list_service import price_list
from bursar.local.scenario import Scenario, ScenarioSpend
from bursar.ports import Bill

_DUMMY = {"aws_access_key_id": "embedded", "aws_secret_access_key": "embedded"}


class Services:
    """What AWS answers about prices, the bill and EC2, computed from the scenario."""

    def __init__(self, scenario: Scenario, config: Config, clock: Clock) -> None:
        self._config, self._clock = config, clock
        self._stack = ExitStack()
        costs = ScenarioSpend(scenario).daily_costs
        bill = cost_explorer(costs, lambda: clock.now, tag=config.spend.tag, rows_per_page=2000)
        enter = self._stack.enter_context
        self.price_list = enter(JsonRpcServer(_price_list(scenario, clock)))
        self.cost_explorer = enter(JsonRpcServer(bill))
        self.ec2 = enter(Ec2Service(scenario.spot_points, scenario.volumes))

    @property
    def endpoints(self) -> dict[str, str]:
        return {
            "PRICING": self.price_list.url,
            "COST_EXPLORER": self.cost_explorer.url,
            "EC2": self.ec2.url,
        }

    def read_price_list(self) -> PricingApiPriceList:
        return PricingApiPriceList(self._client("pricing", self.price_list.url))

    def bill(self, at: datetime) -> Bill:
        """The bill as it is told at that time."""
        self._clock.set(at)
        return CostExplorerBill(
            self._client("ce", self.cost_explorer.url),
            MemoryCounter(),
            account=self._config.account,
            tag=self._config.spend.tag,
            pages_per_day=self._config.spend.pages_per_day,
        )

    def close(self) -> None:
        self._stack.close()

    def _client(self, service: str, url: str) -> Any:
        return boto3.client(service, region_name="us-east-1", endpoint_url=url, **_DUMMY)


def _price_list(scenario: Scenario, clock: Clock) -> dict[str, Operation]:
    """GetProducts as of the clock; the list is built anew only when its prices have changed."""
    before = price_list(scenario.price_list_items(scenario.start))["GetProducts"]
    after = price_list(scenario.price_list_items(scenario.price_change_at))["GetProducts"]

    def get_products(request: dict[str, Any]) -> dict[str, Any]:
        return (before if clock.now < scenario.price_change_at else after)(request)

    return {"GetProducts": get_products}
