"""The ledger's lines as FOCUS charges: one for each statement and line that has an amount.

What was bought by the token is measured in tokens. A share of a cluster is measured in the hours
of its charge period: its unit price is what the share cost an hour. Amounts below zero, and those
that come with no usage, are adjustments; a line that corrects a closed month is charged to that
month and billed in this one. We know one price, so the four costs are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from bursar.domain.focus.charge_lines import ChargeLine, Sku, SubAccount
from bursar.domain.focus.charges import ChargeCategory, ServiceCategory
from bursar.domain.ledger.lines import CostCategory, Line, LineKey, Statement
from bursar.domain.periods import HOUR, Window, month_of, month_window

AWS = "AWS"
KUBERNETES = "Amazon Elastic Kubernetes Service"
_MILLION = Decimal(10**6)

# as they call themselves; others are written as the usage calls them
PROVIDERS: Mapping[str, str] = {
    "anthropic": "Anthropic",
    "aws": AWS,
    "azure": "Microsoft",
    "cohere": "Cohere",
    "deepseek": "DeepSeek",
    "google": "Google",
    "groq": "Groq",
    "mistral": "Mistral AI",
    "openai": "OpenAI",
    "x-ai": "xAI",
}
_SERVICES: Mapping[str, str] = {"aws": "Amazon Bedrock", "azure": "Azure OpenAI Service"}
_KUBERNETES_SERVICES: Mapping[CostCategory, tuple[ServiceCategory, str]] = {
    CostCategory.STORAGE: (ServiceCategory.STORAGE, "Block Storage"),
    CostCategory.NETWORK: (ServiceCategory.NETWORKING, "Network Infrastructure"),
}


def ledger_charges(statement: Statement, month: str) -> Iterator[ChargeLine]:
    """The charges of a statement of `month`, by line; lines without an amount are left out."""
    for key, line in sorted(statement.lines.items()):
        if line.units:
            yield _charge(statement.window, month, key, line)


def _charge(window: Window, month: str, key: LineKey, line: Line) -> ChargeLine:
    corrects = bool(key.adjusts) and key.adjusts != month
    provider = AWS if key.cluster else PROVIDERS.get(key.provider, key.provider.strip())
    return ChargeLine(
        charge_period=month_window(key.adjusts) if corrects else window,
        billed_in=month_of(window.start) if corrects else None,
        provider=provider or "unknown",
        publisher=provider or "unknown",
        invoice_issuer=provider or "unknown",
        charge_description=_description(key, corrects),
        billed_cost=line.usd,
        effective_cost=line.usd,
        list_cost=line.usd,
        contracted_cost=line.usd,
        sub_account=SubAccount(key.cluster, key.cluster, "Cluster") if key.cluster else None,
        tags=_tags(key),
        **_service(key, provider),
        **_quantities(window, key, line, corrects=corrects),
    )


def _service(key: LineKey, provider: str) -> dict[str, Any]:
    if key.cluster:
        category, subcategory = _KUBERNETES_SERVICES.get(
            key.category, (ServiceCategory.COMPUTE, "Containers")
        )
        name = KUBERNETES
    elif key.category is CostCategory.EXTERNAL_API:
        category, subcategory = ServiceCategory.AI, "Generative AI"
        name = _SERVICES.get(key.provider, f"{provider} API".strip())
    else:
        category, subcategory = ServiceCategory.OTHER, "Other (Other)"
        name = str(key.category)
    return {
        "service_name": name,
        "service_category": category,
        "service_subcategory": subcategory,
    }


def _quantities(window: Window, key: LineKey, line: Line, *, corrects: bool) -> dict[str, Any]:
    tokens = Decimal(line.tokens.total)
    if corrects or line.units < 0 or not (tokens or key.cluster):
        usage = corrects and line.units >= 0
        return {"charge_category": ChargeCategory.USAGE if usage else ChargeCategory.ADJUSTMENT}
    if tokens:
        sku = Sku(f"{key.provider or key.cluster}/{key.model}", "Tokens")
        measured = (tokens / _MILLION, "1000000 Tokens", tokens, "Tokens")
    else:
        sku = Sku(f"{key.cluster}/{key.category}", "Hours of a share")
        hours = Decimal(window.length // HOUR)
        measured = (hours, "Hours", hours, "Hours")
    names = ("pricing_quantity", "pricing_unit", "consumed_quantity", "consumed_unit")
    return {
        "charge_category": ChargeCategory.USAGE,
        "sku": sku,
        **dict(zip(names, measured, strict=True)),
    }


def _description(key: LineKey, corrects: bool) -> str:
    whose = key.tenant or key.team
    what = f"{key.category}, {key.model}" if key.model else str(key.category)
    correction = f", corrects {key.adjusts}" if corrects else ""
    return f"{what} for {whose}{correction}"


def _tags(key: LineKey) -> dict[str, str]:
    told = {
        "tenant": key.tenant,
        "team": key.team,
        "model": key.model,
        "feature": key.feature,
        "category": str(key.category),
        "cluster": key.cluster,
        "namespace": key.namespace,
        "key": key.key,
        "kind": str(key.kind),
    }
    return {name: value for name, value in told.items() if value}
