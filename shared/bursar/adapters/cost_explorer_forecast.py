"""Cost Explorer's own forecast (GetCostForecast), to stand beside ours. A question costs $0.01."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from bursar.adapters.cost_explorer import take_page
from bursar.domain.money import AmountOutOfRangeError, Money
from bursar.domain.periods import Window
from bursar.domain.spend import UNALLOCATED, BillUnavailableError
from bursar.domain.spend_forecast.records import BilledForecast
from bursar.ports import Counter

_DIMENSIONS = {"account": "LINKED_ACCOUNT", "service": "SERVICE"}


class CostExplorerForecaster:
    def __init__(self, client: Any, counter: Counter, pages_per_day: int) -> None:
        self._client = client
        self._counter = counter
        self._pages_per_day = pages_per_day

    def forecast(self, scope: str, window: Window, as_of: datetime) -> BilledForecast:
        request: dict[str, Any] = {
            "TimePeriod": {
                "Start": window.start.date().isoformat(),
                "End": window.end.date().isoformat(),
            },
            "Metric": "UNBLENDED_COST",
            "Granularity": "MONTHLY",
            "PredictionIntervalLevel": 80,
        }
        if only := _filter(scope):
            request["Filter"] = only
        take_page(self._counter, self._pages_per_day, as_of)
        try:
            answer = self._client.get_cost_forecast(**request)
            months = answer["ForecastResultsByTime"]
            if answer["Total"]["Unit"] != "USD":
                raise BillUnavailableError(f"Cost Explorer foresees {answer['Total']['Unit']}")
            return BilledForecast(
                expected=_usd(answer["Total"]["Amount"]),
                low80=Money.sum(_usd(each["PredictionIntervalLowerBound"]) for each in months),
                high80=Money.sum(_usd(each["PredictionIntervalUpperBound"]) for each in months),
            )
        except (BotoCoreError, ClientError) as error:
            raise BillUnavailableError(f"Cost Explorer: {error}") from error
        except (LookupError, TypeError, ArithmeticError, AmountOutOfRangeError) as error:
            told = f"Cost Explorer's answer is no forecast: {error}"
            raise BillUnavailableError(told) from error


def _filter(scope: str) -> dict[str, Any] | None:
    """What it is asked about; None for everything that the account sees.

    Raises:
        BillUnavailableError: the scope is of things that no bill knows.
    """
    name, _, value = scope.partition("=")
    if name == "org":
        return None
    if name in _DIMENSIONS:
        return {"Dimensions": {"Key": _DIMENSIONS[name], "Values": [value]}}
    if name.startswith("tag:"):
        known = "" if value == UNALLOCATED else value
        return {"Tags": {"Key": name.removeprefix("tag:"), "Values": [known]}}
    raise BillUnavailableError(f"Cost Explorer cannot foresee {scope}: it is not in the bill")


def _usd(text: str) -> Money:
    return Money.of(Decimal(text))
