"""The account's bill: what Cost Explorer would say of each UTC day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from bursar.domain.periods import Window, day_of, midnight
from bursar.local.scenario import model_usage, truth
from bursar.local.scenario.clusters import CLUSTERS
from bursar.local.scenario.model_usage import bought_by_team
from bursar.local.scenario.scenario import Scenario

EC2 = "Amazon Elastic Compute Cloud - Compute"
EBS = "EC2 - Other"
EKS = "Amazon Elastic Container Service for Kubernetes"
ELB = "Elastic Load Balancing"
VPC = "Amazon Virtual Private Cloud"
BEDROCK = "Amazon Bedrock"
S3 = "Amazon Simple Storage Service"
TAX = "Tax"

Line = tuple[str, str, str]  # account, service, team tag ("" is untagged)

_SERVICE_OF = {
    truth.STORAGE: EBS,
    truth.CONTROL_PLANE: EKS,
    truth.LOAD_BALANCERS: ELB,
    truth.NETWORK: VPC,
}
_S3_A_DAY = Decimal("11.40")
_TAX_SHARE = Decimal("0.04")
_PLACES = Decimal("0.0000000001")


class ScenarioSpend:
    """The bill of a scenario's account; each day is computed once."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._days: dict[date, Mapping[Line, Decimal]] = {}

    def daily_costs(self, day: date) -> Mapping[Line, Decimal]:
        """The whole UTC day by (account, service, team tag); what costs nothing is absent."""
        if day not in self._days:
            self._days[day] = self._costs(day)
        return self._days[day]

    def _costs(self, day: date) -> dict[Line, Decimal]:
        sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        window = day_of(midnight(day))
        for cluster in CLUSTERS:
            self._add_cluster(sums, cluster, window)
        for team, usd in self._usage(day).items():
            sums[BEDROCK, team] += usd
        sums[S3, ""] += self._storage(day)
        if day.day == 1:
            sums[TAX, ""] += self._tax(day)
        account = self._scenario.account
        return {
            (account, service, team): usd.quantize(_PLACES)
            for (service, team), usd in sorted(sums.items())
            if usd
        }

    def _add_cluster(
        self, sums: dict[tuple[str, str], Decimal], cluster: str, window: Window
    ) -> None:
        by_team = truth.true_compute_by_team(self._scenario, cluster, window)
        for team, usd in by_team.items():
            sums[EC2, team] += usd
        costs = truth.true_cost(self._scenario, cluster, window)
        for category, service in _SERVICE_OF.items():
            sums[service, ""] += costs[category]

    def _usage(self, day: date) -> dict[str, Decimal]:
        """What the teams bought of Bedrock, by the token: also what a gateway tells late."""
        first = midnight(day)
        sums = self._bought(first, 24)
        if told_late := self._scenario.hour_told_late(first):
            for team, usd in self._bought(told_late, 1).items():
                sums[team] += usd
        return sums

    def _bought(self, first: datetime, hours: int) -> dict[str, Decimal]:
        calendar, seed = self._scenario.calendar, self._scenario.seed
        return bought_by_team(calendar, seed, first, hours, model_usage.BEDROCK)

    def _storage(self, day: date) -> Decimal:
        """Grows by a thousandth a day."""
        first_day = self._scenario.calendar.start.date()
        return _S3_A_DAY * (1 + (day - first_day).days * Decimal("0.001"))

    def _tax(self, first_of_month: date) -> Decimal:
        """On the month before: model APIs and storage; the rest is exempt in this story."""
        day = (first_of_month - timedelta(days=1)).replace(day=1)
        taxed = Decimal(0)
        while day < first_of_month:
            taxed += sum(self._usage(day).values(), self._storage(day))
            day += timedelta(days=1)
        return taxed * _TAX_SHARE
