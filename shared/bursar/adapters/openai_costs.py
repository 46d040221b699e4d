"""OpenAI's bill: GET /v1/organization/costs, with an admin key.

By platform.openai.com/docs/api-reference/usage/costs: buckets of a UTC day, `amount.value` in
dollars. A line item is a model and what of it (`gpt-4o-2024-08-06, input`), or something else
that is sold (`web search tool calls`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bursar.adapters.provider_costs import CostPages
from bursar.domain.money import Money
from bursar.domain.periods import midnight
from bursar.domain.reconciliation.provider_bill import ProviderFact

PROVIDER = "openai"
_URL = "https://api.openai.com"
_DAYS_A_PAGE = "31"


class OpenAiBill:
    """`key` gives an admin key of the organization, whenever it is asked."""

    def __init__(self, key: Callable[[], str], url: str = _URL) -> None:
        self._pages = CostPages(
            PROVIDER,
            f"{url}/v1/organization/costs",
            lambda: {"Authorization": f"Bearer {key()}"},
        )

    def facts(self, first: date, last: date) -> Sequence[ProviderFact]:
        """By day and line item; `last` is included.

        Raises:
            ProviderBillUnavailableError: OpenAI refused, or answered what is no bill in dollars.
        """
        query = [
            ("start_time", str(int(midnight(first).timestamp()))),
            ("end_time", str(int(midnight(last + timedelta(days=1)).timestamp()))),
            ("bucket_width", "1d"),
            ("group_by", "line_item"),
            ("limit", _DAYS_A_PAGE),
        ]
        try:
            return [fact for bucket in self._pages.buckets(query) for fact in _facts(bucket)]
        except (LookupError, TypeError, ValueError, ArithmeticError) as error:
            raise self._pages.unavailable(f"not a bill: {type(error).__name__}") from error


def _facts(bucket: Mapping[str, Any]) -> Iterator[ProviderFact]:
    day = datetime.fromtimestamp(int(bucket["start_time"]), UTC).date()
    for result in bucket["results"]:
        amount = result["amount"]
        if str(amount["currency"]).upper() != "USD":
            raise ValueError("not in dollars")
        item = result["line_item"] or "not itemised"
        yield ProviderFact(PROVIDER, day, _model(item), item, Money.of(amount["value"]))


def _model(item: str) -> str:
    """The model of a line item: what stands before the comma, or the whole of one word."""
    name = item.partition(",")[0].strip()
    return "" if " " in name else name
