"""The bills of model providers, each behind an admin key in Secrets Manager."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bursar.adapters.anthropic_costs import AnthropicBill
from bursar.adapters.openai_costs import OpenAiBill
from bursar.domain.reconciliation.provider_bill import ProviderKeyMissingError
from bursar.ports import ProviderBill


def provider_bills(
    openai_secret: str | None, anthropic_secret: str | None, client: Callable[[], Any]
) -> dict[str, ProviderBill]:
    """By provider, those whose secret is named; a key is read when its bill is asked for.

    Args:
        client: gives a client of Secrets Manager.

    Asking one of them raises ProviderKeyMissingError where its secret is not there.
    """

    def key(secret: str) -> Callable[[], str]:
        return lambda: _admin_key(client(), secret)

    bills: dict[str, ProviderBill] = {}
    if openai_secret:
        bills["openai"] = OpenAiBill(key(openai_secret))
    if anthropic_secret:
        bills["anthropic"] = AnthropicBill(key(anthropic_secret))
    return bills


def _admin_key(secrets: Any, name: str) -> str:
    try:
        return str(secrets.get_secret_value(SecretId=name)["SecretString"]).strip()
    except secrets.exceptions.ResourceNotFoundException:
        raise ProviderKeyMissingError(f"there is no secret {name!r} here") from None
    except KeyError:
        raise ProviderKeyMissingError(f"secret {name!r} holds bytes, and no text") from None
