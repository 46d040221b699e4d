"""Ask Bursar before spending. One file, standard library only: copy it beside your code.

    bursar = Bursar("https://api.example.com", authorize=bearer(token))
    held = bursar.reserve("request-17", {"tenant": "search"}, Decimal("0.25"))
    ...
    bursar.settle(held["id"], Decimal("0.11"))

Under many requests a second, draw leases instead: `Purse` asks Bursar every few seconds and
admits requests by itself in between. Tell the usage of those requests as always.
"""

from __future__ import annotations

import json
import random
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from threading import Lock
from typing import Any

Authorize = Callable[[str, str, bytes], Mapping[str, str]]  # method, URL, body -> headers
_PAYMENT_REQUIRED, _SERVER_ERROR = 402, 500


class BursarError(Exception):
    """Bursar refused the request for a reason that asking again does not change."""


class BudgetExhaustedError(BursarError):
    """A budget has too little available: do not spend."""

    def __init__(self, budget: str, available_usd: Decimal) -> None:
        super().__init__(f"{budget} has {available_usd} USD available")
        self.budget = budget
        self.available_usd = available_usd


class BursarUnavailableError(Exception):
    """Bursar was busy or out of reach for all tries. Whether to spend is the caller's policy."""


def bearer(token: str) -> Authorize:
    return lambda _method, _url, _body: {"Authorization": f"Bearer {token}"}


def signed(session: Any, region: str) -> Authorize:
    """SigV4 by a botocore session, as routes behind IAM need it."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    def authorize(method: str, url: str, body: bytes) -> Mapping[str, str]:
        request = AWSRequest(method, url, data=body)
        SigV4Auth(session.get_credentials(), "execute-api", region).add_auth(request)
        return dict(request.headers)

    return authorize


class Bursar:
    """The HTTP API. Every call may be repeated: keys make it count once."""

    def __init__(
        self,
        url: str,
        authorize: Authorize,
        *,
        timeout_seconds: float = 5,
        tries: int = 4,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url, self._authorize = url.rstrip("/"), authorize
        self._timeout_seconds, self._tries, self._sleep = timeout_seconds, tries, sleep

    def reserve(
        self,
        key: str,
        scope: Mapping[str, str],
        amount_usd: Decimal,
        *,
        usage_event_id: str | None = None,
        expires_in_seconds: int = 300,
    ) -> dict[str, Any]:
        """Hold what a request may cost at most.

        Raises:
            BudgetExhaustedError, BursarError, BursarUnavailableError: see there.
        """
        event = {"usage_event_id": usage_event_id} if usage_event_id else {}
        body = {"idempotency_key": key, "scope": scope, "amount_usd": str(amount_usd), **event}
        return self._call("/v1/reservations", {**body, "expires_in_seconds": expires_in_seconds})

    def settle(self, reservation_id: str, amount_usd: Decimal) -> dict[str, Any]:
        body = {"amount_usd": str(amount_usd)}
        return self._call(f"/v1/reservations/{reservation_id}/settle", body)

    def release(self, reservation_id: str) -> dict[str, Any]:
        return self._call(f"/v1/reservations/{reservation_id}/release", {})

    def draw_lease(
        self,
        key: str,
        scope: Mapping[str, str],
        amount_usd: Decimal,
        least_usd: Decimal,
        usable_seconds: int,
    ) -> dict[str, Any]:
        body = {"idempotency_key": key, "scope": scope, "usable_seconds": usable_seconds}
        amounts = {"amount_usd": str(amount_usd), "least_usd": str(least_usd)}
        return self._call("/v1/leases", {**body, **amounts})

    def _call(self, path: str, told: Mapping[str, Any]) -> dict[str, Any]:
        body = json.dumps(told).encode()
        url = self._url + path
        for attempt in range(self._tries):
            headers = {"Content-Type": "application/json", **self._authorize("POST", url, body)}
            request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310
            try:
                with urllib.request.urlopen(  # noqa: S310 - the URL is the caller's own
                    request, timeout=self._timeout_seconds
                ) as answer:
                    found: dict[str, Any] = json.load(answer)
                    return found
            except urllib.error.HTTPError as error:
                with error:
                    if error.code < _SERVER_ERROR:
                        raise _refusal(error) from None
                    wait = float(error.headers.get("Retry-After") or 0.1 * 2**attempt)
            except OSError:  # no connection, or no answer in time
                wait = 0.1 * 2**attempt
            if attempt < self._tries - 1:
                self._sleep(wait)
        raise BursarUnavailableError(f"{self._tries} tries on {url}")


def _refusal(error: urllib.error.HTTPError) -> BursarError:
    problem = json.loads(error.read() or b"{}")
    if error.code == _PAYMENT_REQUIRED:
        return BudgetExhaustedError(problem["budget"], Decimal(problem["available_usd"]))
    return BursarError(f"{error.code}: {problem.get('detail', '')}")


@dataclass(frozen=True)
class Slice:
    """A drawn lease: what it is worth, and for how long by the purse's clock."""

    amount_usd: Decimal
    drawn_at: float
    usable_until: float


class Purse:
    """The leases of one scope. `take` is called before each request, from any thread.

    Args:
        least_usd: the dearest single request.
        seconds: how long a lease should last; slices grow and shrink with the spending.
        spread: what each slice is multiplied by, so that gateways do not draw all at once.
    """

    def __init__(
        self,
        bursar: Any,
        scope: Mapping[str, str],
        *,
        least_usd: Decimal,
        seconds: int = 20,
        usable_seconds: int = 45,
        clock: Callable[[], float] = time.monotonic,
        new_key: Callable[[], str] = lambda: uuid.uuid4().hex,
        spread: Callable[[], float] = lambda: random.uniform(0.5, 1.5),
    ) -> None:
        self._bursar, self._scope, self._least = bursar, scope, least_usd
        self._seconds, self._usable_seconds = seconds, usable_seconds
        self._clock, self._new_key, self._spread = clock, new_key, spread
        self._lock = Lock()
        self._slice = Slice(Decimal(0), clock(), 0.0)
        self._left = Decimal(0)
        self._wanted = least_usd * seconds

    def take(self, amount_usd: Decimal) -> Slice:
        """Admit a request of at most that much; the slice that it came out of.

        Raises:
            BudgetExhaustedError, BursarError, BursarUnavailableError: it is not admitted.
        """
        with self._lock:
            if self._left < amount_usd or self._clock() >= self._slice.usable_until:
                self._draw(amount_usd)
            self._left -= amount_usd
            return self._slice

    def give_back(self, slice_: Slice, amount_usd: Decimal) -> None:
        """What a request did not spend of what it took, as long as its slice is in use."""
        with self._lock:
            if slice_ is self._slice:
                self._left += amount_usd

    def _draw(self, amount_usd: Decimal) -> None:
        now = self._clock()
        if spent := self._slice.amount_usd - self._left:
            lasted = Decimal(max(now - self._slice.drawn_at, 0.1))
            self._wanted = spent / lasted * self._seconds
        least = max(self._least, amount_usd)
        wanted = max(round(self._wanted * Decimal(self._spread()), 12), least)
        drawn = self._bursar.draw_lease(
            self._new_key(), self._scope, wanted, least, self._usable_seconds
        )
        # measured from before the request was sent: an answer that is late ends no later
        self._left = Decimal(drawn["amount_usd"])
        self._slice = Slice(self._left, now, now + self._usable_seconds)
