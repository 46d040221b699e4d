"""Anthropic's bill: GET /v1/organizations/cost_report, with an admin key.

By platform.claude.com/docs/en/api/admin/cost_report: buckets of a UTC day; `amount` is a decimal
string in the lowest unit, so "123.45" in USD is $1.2345. Priority Tier is not in it. Costs
that are not for tokens (web search, code execution) have no model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bursar.adapters.provider_costs import CostPages
from bursar.domain.money import Money
from bursar.domain.reconciliation.provider_bill import ProviderFact

PROVIDER = "anthropic"
_URL = "https://api.anthropic.com"
_VERSION = "2023-06-01"
_DAYS_A_PAGE = "31"
_CENTS = -2


class AnthropicBill:
    """`key` gives an admin key of the organization, whenever it is asked."""

    def __init__(self, key: Callable[[], str], url: str = _URL) -> None:
        self._pages = CostPages(
            PROVIDER,
            f"{url}/v1/organizations/cost_report",
            lambda: {"x-api-key": key(), "anthropic-version": _VERSION},
        )

    def facts(self, first: date, last: date) -> Sequence[ProviderFact]:
        """By day, model and description; `last` is included.

        Raises:
            ProviderBillUnavailableError: Anthropic refused, or answered what is no bill in
                dollars.
        """
        query = [
            ("starting_at", f"{first}T00:00:00Z"),
            ("ending_at", f"{last + timedelta(days=1)}T00:00:00Z"),
            ("bucket_width", "1d"),
            ("group_by[]", "description"),
            ("limit", _DAYS_A_PAGE),
        ]
        try:
            return [fact for bucket in self._pages.buckets(query) for fact in _facts(bucket)]
        except (LookupError, TypeError, ValueError, ArithmeticError) as error:
            raise self._pages.unavailable(f"not a bill: {type(error).__name__}") from error


def _facts(bucket: Mapping[str, Any]) -> Iterator[ProviderFact]:
    day = datetime.fromisoformat(bucket["starting_at"]).date()
    for result in bucket["results"]:
        if result["currency"] != "USD":
            raise ValueError("not in dollars")
        if not isinstance(result["amount"], str):
            raise TypeError("an amount that is no text")
        item = result.get("description") or result.get("cost_type") or "not itemised"
        amount = Money.of(Decimal(result["amount"]).scaleb(_CENTS))
        yield ProviderFact(PROVIDER, day, result.get("model") or "", item, amount)
