"""The bills of model providers, each behind an admin key in Secrets Manager."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bursar.adapters.anthropic_costs import AnthropicBill
from bursar.adapters.openai_costs import OpenAiBill
from bursar.ports import ProviderBill


def provider_bills(
    openai_secret: str | None, anthropic_secret: str | None, client: Callable[[], Any]
) -> dict[str, ProviderBill]:
    """By provider, those whose secret is named; a key is read when its bill is asked for.

    Args:
        client: gives a client of Secrets Manager.
    """

    def key(secret: str) -> Callable[[], str]:
        return lambda: str(client().get_secret_value(SecretId=secret)["SecretString"])

    bills: dict[str, ProviderBill] = {}
    if openai_secret:
        bills["openai"] = OpenAiBill(key(openai_secret))
    if anthropic_secret:
        bills["anthropic"] = AnthropicBill(key(anthropic_secret))
    return bills
