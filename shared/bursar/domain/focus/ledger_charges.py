"""The ledger's lines as FOCUS charges: one for each statement and line that has an amount.

A line is a sum of many prices: of token classes and tiers, of nodes that others share. So what it
is priced by is the US dollar that was metered, and each SKU has one price: 1 USD. What was used is
told in tokens, or else in those dollars: a share of a cluster has no other measure. Amounts below
zero, and those that come with no usage, are adjustments; a line that corrects a closed month is
charged to that month and billed in this one. The four costs are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from bursar.domain.focus.charge_lines import ChargeLine, Sku, SubAccount
from bursar.domain.focus.charges import ChargeCategory, ServiceCategory
from bursar.domain.ledger.lines import CostCategory, Line, LineKey, Statement
from bursar.domain.periods import Window, month_of, month_window

AWS = "AWS"
_USD = "USD"

# as they call themselves; others are written as the ledger calls them
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
# a service has one category; volumes are of EBS, EFS and FSx, and a cluster's row tells no more
_Service = tuple[str, ServiceCategory, str]
KUBERNETES: _Service = (
    "Amazon Elastic Kubernetes Service",
    ServiceCategory.COMPUTE,
    "Containers",
)
_KUBERNETES_SERVICES: Mapping[CostCategory, _Service] = {
    CostCategory.STORAGE: ("Amazon EKS Storage", ServiceCategory.STORAGE, "Other (Storage)"),
    CostCategory.NETWORK: (
        "Amazon EKS Networking",
        ServiceCategory.NETWORKING,
        "Network Infrastructure",
    ),
}


def ledger_charges(statement: Statement, month: str) -> Iterator[ChargeLine]:
    """The charges of a statement of `month`, by line; lines without an amount are left out."""
    for key, line in sorted(statement.lines.items()):
        if line.units:
            yield _charge(statement.window, month, key, line)


def _charge(window: Window, month: str, key: LineKey, line: Line) -> ChargeLine:
    corrects = bool(key.adjusts) and key.adjusts != month
    named = PROVIDERS.get(key.seller, key.seller) or "unknown"
    provider = AWS if key.cluster else named
    return ChargeLine(
        charge_period=month_window(key.adjusts) if corrects else window,
        billed_in=month_of(window.start) if corrects else None,
        provider=provider,
        publisher=provider,
        invoice_issuer=provider,
        charge_description=_description(key, corrects),
        billed_cost=line.usd,
        effective_cost=line.usd,
        list_cost=line.usd,
        contracted_cost=line.usd,
        sub_account=SubAccount(key.cluster, key.cluster, "Cluster") if key.cluster else None,
        tags=_tags(key),
        **_service(key, provider),
        **_quantities(key, line, corrects=corrects),
    )


def _service(key: LineKey, provider: str) -> dict[str, Any]:
    if key.cluster:
        name, category, subcategory = _KUBERNETES_SERVICES.get(key.category, KUBERNETES)
    elif key.category is CostCategory.EXTERNAL_API:
        name = _SERVICES.get(key.seller, f"{provider} API")
        category, subcategory = ServiceCategory.AI, "Generative AI"
    else:
        name = str(key.category)
        category, subcategory = ServiceCategory.OTHER, "Other (Other)"
    return {
        "service_name": name,
        "service_category": category,
        "service_subcategory": subcategory,
    }


def _quantities(key: LineKey, line: Line, *, corrects: bool) -> dict[str, Any]:
    tokens = Decimal(line.tokens.total)
    if corrects or line.units < 0 or not (tokens or key.cluster):
        usage = corrects and line.units >= 0
        return {"charge_category": ChargeCategory.USAGE if usage else ChargeCategory.ADJUSTMENT}
    metered = line.usd.amount
    return {
        "charge_category": ChargeCategory.USAGE,
        "sku": _sku(key),
        "pricing_quantity": metered,
        "pricing_unit": _USD,
        "consumed_quantity": tokens or metered,
        "consumed_unit": "Tokens" if tokens else _USD,
    }


def _sku(key: LineKey) -> Sku:
    """Of one service, whoever uses it."""
    if key.cluster:
        named = (key.cluster, str(key.category), key.model)
        return Sku("/".join(filter(None, named)), "Cluster Cost")
    return Sku("/".join(filter(None, (key.seller, key.model))), "Tokens")


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
