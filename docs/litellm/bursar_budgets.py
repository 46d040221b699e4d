"""Budgets in front of LiteLLM's proxy: copy this file beside its configuration.

`reservations.py` of `bursar.clients` goes there, too.

    litellm_settings:
      callbacks: own_hooks.budgets    # budgets = BursarBudgets(Bursar(...))

Each request is admitted out of a lease of its team's budgets, at what it may cost at most; the
part that it did not spend goes back when it succeeds. A request that no budget has room for
is answered with 402. Where LiteLLM has no price for a model, the request is refused, too.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from decimal import Decimal
from threading import Lock
from typing import Any

import litellm
from fastapi import HTTPException
from litellm.integrations.custom_logger import CustomLogger
from reservations import BudgetExhaustedError, BursarError, Purse, Slice

_PAYMENT_REQUIRED, _UNPROCESSABLE = 402, 422
_MOST_PENDING = 100_000
Scope = tuple[tuple[str, str], ...]


def tenant_of_team(key: Any, data: Mapping[str, Any]) -> Mapping[str, str]:
    """The scope of a request: its LiteLLM team is the tenant, as in the usage that it tells."""
    team = key.team_alias or key.team_id
    return {"model": data["model"], **({"tenant": team} if team else {})}


class BursarBudgets(CustomLogger):
    """A pre-call hook of the proxy.

    Args:
        bursar: `reservations.Bursar`, or what draws leases like it.
        least_usd: the dearest single request that is expected.
        longest_answer_tokens: of requests that set no `max_tokens`.
        scope_of: the dimensions of a request.
    """

    def __init__(
        self,
        bursar: Any,
        *,
        least_usd: Decimal = Decimal("0.10"),
        longest_answer_tokens: int = 4096,
        scope_of: Callable[[Any, Mapping[str, Any]], Mapping[str, str]] = tenant_of_team,
    ) -> None:
        super().__init__()
        self._bursar, self._least, self._scope_of = bursar, least_usd, scope_of
        self._longest_answer_tokens = longest_answer_tokens
        self._purses: dict[Scope, Purse] = {}
        self._pending: OrderedDict[str, tuple[Purse, Slice, Decimal]] = OrderedDict()
        self._lock = Lock()

    async def async_pre_call_hook(
        self,
        user_api_key_dict: Any,
        cache: Any,  # noqa: ARG002 - LiteLLM's hooks are called by these names
        data: dict[str, Any],
        call_type: str,  # noqa: ARG002
    ) -> dict[str, Any]:
        amount = self._worst_case(data)
        purse = self._purse(self._scope_of(user_api_key_dict, data))
        try:
            taken = await asyncio.to_thread(purse.take, amount)
        except BudgetExhaustedError as error:
            raise HTTPException(_PAYMENT_REQUIRED, str(error)) from None
        except BursarError as error:
            raise HTTPException(_UNPROCESSABLE, str(error)) from None
        if call_id := data.get("litellm_call_id"):
            with self._lock:
                self._pending[call_id] = purse, taken, amount
                while len(self._pending) > _MOST_PENDING:  # of calls that never ended
                    self._pending.popitem(last=False)
        return data

    async def async_log_success_event(
        self,
        kwargs: Mapping[str, Any],
        response_obj: Any,  # noqa: ARG002
        start_time: Any,  # noqa: ARG002
        end_time: Any,  # noqa: ARG002
    ) -> None:
        with self._lock:
            pending = self._pending.pop(kwargs.get("litellm_call_id", ""), None)
        cost = kwargs.get("response_cost")
        if pending and cost is not None:
            purse, taken, amount = pending
            purse.give_back(taken, max(amount - Decimal(str(cost)), Decimal(0)))

    def _purse(self, scope: Mapping[str, str]) -> Purse:
        with self._lock:
            name = tuple(sorted(scope.items()))
            if name not in self._purses:
                self._purses[name] = Purse(self._bursar, scope, least_usd=self._least)
            return self._purses[name]

    def _worst_case(self, data: Mapping[str, Any]) -> Decimal:
        """By LiteLLM's own prices, in which floats are."""
        model = data["model"]
        answer = data.get("max_completion_tokens") or data.get("max_tokens")
        prompt = litellm.token_counter(model=model, messages=data.get("messages") or [])
        try:
            costs = litellm.cost_per_token(
                model=model,
                prompt_tokens=prompt,
                completion_tokens=(answer or self._longest_answer_tokens) * (data.get("n") or 1),
            )
        except Exception:  # noqa: BLE001 - LiteLLM raises a bare one for a model without a price
            raise HTTPException(_UNPROCESSABLE, f"nobody has a price for {model}") from None
        return sum((Decimal(str(cost)) for cost in costs), Decimal(0))
