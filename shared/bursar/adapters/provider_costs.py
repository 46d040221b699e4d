"""What cost APIs of model providers have in common: pages of daily buckets, asked with a key.

The key comes from a callable at each question, and stands in no message, log or setting.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError

from bursar.domain.reconciliation.provider_bill import ProviderBillUnavailableError

Headers = Callable[[], Mapping[str, str]]
Query = list[tuple[str, str]]
_REASON_LENGTH = 200
_MOST_PAGES = 100


class CostPages:
    """The pages of one provider's answer. Numbers are read as the decimals that they are."""

    def __init__(self, provider: str, url: str, headers: Headers) -> None:
        self._provider, self._url, self._headers = provider, url, headers
        self._pool = urllib3.PoolManager(
            num_pools=1,
            timeout=urllib3.Timeout(connect=5.0, read=60.0),
            retries=urllib3.Retry(
                total=4, backoff_factor=0.5, status_forcelist=(429, 502, 503, 504, 529), redirect=0
            ),
        )

    def buckets(self, query: Query) -> Iterator[Mapping[str, Any]]:
        """Every bucket of every page.

        Raises:
            ProviderBillUnavailableError: it refused, or its pages are none or have no end.
        """
        page: str | None = None
        for _ in range(_MOST_PAGES):
            answer = self._ask([*query, ("page", page)] if page else query)
            try:
                yield from answer["data"]
                if not answer["has_more"]:
                    return
                page = str(answer["next_page"] or "")
            except (LookupError, TypeError) as error:
                raise self.unavailable(f"not a page of costs: {error!r}") from error
            if not page:
                raise self.unavailable("there is more, but not where")
        raise self.unavailable(f"more than {_MOST_PAGES} pages")

    def unavailable(self, why: str) -> ProviderBillUnavailableError:
        return ProviderBillUnavailableError(f"{self._provider}: {why}")

    def _ask(self, query: Query) -> Any:
        try:
            url = f"{self._url}?{urlencode(query)}"
            response = self._pool.request("GET", url, headers=dict(self._headers()))
        except HTTPError as error:
            raise self.unavailable(f"cannot be asked: {type(error).__name__}") from error
        if response.status != 200:
            said = response.data[:_REASON_LENGTH].decode("utf-8", "replace")
            raise self.unavailable(f"answered {response.status}: {said}")
        try:
            return json.loads(response.data, parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            raise self.unavailable("answered no JSON") from error
