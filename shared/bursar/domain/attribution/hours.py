"""The statement of one hour: its usage and its clusters' costs, every dollar once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bursar.domain.attribution.applying import Attributing, Unowned, merge_alike
from bursar.domain.attribution.categories import COST_CATEGORIES, cost_category
from bursar.domain.attribution.network import network_by_bytes
from bursar.domain.attribution.rules import Attribution, Owner
from bursar.domain.attribution.selection import Facts
from bursar.domain.attribution.self_hosted import (
    ServingSeconds,
    divide_by_tokens,
    model_name,
    token_weights,
)
from bursar.domain.cluster import unowned
from bursar.domain.cluster.hours import COMPUTE, Category, HourCosts, RowKey
from bursar.domain.ledger.entries import Leaf, LeafKey, Pricing
from bursar.domain.ledger.lines import (
    IDLE,
    NO_TOKENS,
    SHARED,
    UNATTRIBUTED,
    CostCategory,
    Kind,
    Line,
    LineKey,
    Statement,
    quality_of,
)
from bursar.domain.money import split_units
from bursar.domain.periods import Window
from bursar.domain.quality import Quality

_NOBODYS = {
    unowned.IDLE: (IDLE, Kind.IDLE),
    unowned.RESERVED: (IDLE, Kind.IDLE),
    unowned.SHARED: (SHARED, Kind.SHARED),
    unowned.CONTROL_PLANE: (SHARED, Kind.SHARED),
    unowned.LOAD_BALANCERS: (SHARED, Kind.SHARED),
    unowned.NETWORK: (SHARED, Kind.SHARED),
}
_SERVING = frozenset(COST_CATEGORIES.values())
_NOT_MEASURED: Mapping[str, ServingSeconds] = {}
_NOBODY_MEASURED: Mapping[str, Mapping[str, int]] = {}

Leaves = Mapping[LeafKey, Leaf]


@dataclass(frozen=True, slots=True)
class AttributedHour:
    """A statement, and how the rules came to it, in 10^-12 USD."""

    statement: Statement
    moved: Mapping[str, Mapping[Owner, int]]
    uncovered: Mapping[str, int]


def attribute_hour(
    hour: Window,
    leaves: Leaves,
    costs: Sequence[HourCosts],
    policy: Attribution,
    *,
    as_of: int,
    missing: Sequence[str] = (),
    serving: Mapping[str, ServingSeconds] = _NOT_MEASURED,
    sent_bytes: Mapping[str, Mapping[str, int]] = _NOBODY_MEASURED,
    incomplete: Collection[str] = (),
) -> AttributedHour:
    """State an hour. Its total is the sum of the priced leaves and of the clusters' totals.

    Args:
        leaves: of this hour; those of shadow sources are left out.
        costs: the closed hour of each cluster that has one.
        missing: clusters that have none: their costs are unknown, not zero.
        serving: seconds of prefill and decode by the model of the pods, where measured.
        sent_bytes: by cluster and namespace, where measured: who has the network row.
        incomplete: models, as pods name them, of which not all that they served was counted.
    """
    costs = [network_by_bytes(each, sent_bytes.get(each.cluster, {})) for each in costs]
    kept = {key: leaf for key, leaf in leaves.items() if not key.shadow}
    users = _users(kept, policy)
    lines: dict[LineKey, Line] = {}
    unowned: list[Unowned] = []
    pods: dict[str, dict[LineKey, int]] = {}
    for facts, units in (amount for each in costs for amount in _amounts(each, policy)):
        key = facts.key
        if not _is_serving(key):
            unowned.append(Unowned(facts, units))
        elif key.model in users:
            amounts = pods.setdefault(key.model, {})
            amounts[key] = amounts.get(key, 0) + units
        else:
            unowned.append(Unowned(_idle(facts), units))
    for model, amounts in pods.items():
        weights = token_weights(policy.self_hosted.weights, serving.get(model))
        _add(lines, divide_by_tokens(amounts, users[model], weights, policy.teams))
    served = {key for model in pods for key in users[model]}
    _add(lines, _usage_lines({k: v for k, v in kept.items() if k not in served}, policy))
    alike = merge_alike(unowned, policy.rules_at(hour.start))
    work = Attributing(hour.start, policy.teams, lines, alike)
    work.apply(policy.rules)
    unknown = {each.cluster for each in costs if each.unknown_seconds} | set(missing)
    statement = Statement(
        window=hour,
        lines={key: line for key, line in work.settle().items() if line != Line()},
        quality=_quality(kept, costs, missing, lines, incomplete),
        as_of=as_of,
        missing=tuple(sorted(unknown)),
    )
    return AttributedHour(statement, work.moved, work.uncovered)


def _users(leaves: Leaves, policy: Attribution) -> dict[str, Leaves]:
    """Whose tokens each self-hosted model served in the hour, by the model as pods name it."""
    users: dict[str, dict[LeafKey, Leaf]] = {}
    for key, leaf in leaves.items():
        if key.pricing is Pricing.SELF_HOSTED and not key.adjusts:
            users.setdefault(_pod_model(key.model, policy), {})[key] = leaf
    return {
        model: of_model
        for model, of_model in users.items()
        if any(leaf.tokens.total for leaf in of_model.values())
    }


def _usage_lines(leaves: Leaves, policy: Attribution) -> dict[LineKey, Line]:
    """Lines of usage that no pod's cost was divided among: bought from an API, or unpriced.

    Tokens of a self-hosted model without pods are unpriced: their money is missing. Those that
    came after their month was closed take no part of another hour's pods: the month was charged
    all that its pods cost, to those whose tokens were known then.
    """
    lines: dict[LineKey, Line] = {}
    for key, leaf in leaves.items():
        hosted = key.pricing is Pricing.SELF_HOSTED
        line_key = LineKey(
            tenant=key.tenant,
            category=CostCategory.GPU_COMPUTE if hosted else CostCategory.EXTERNAL_API,
            team=policy.teams.get(key.tenant, ""),
            model=_pod_model(key.model, policy) if hosted else key.model,
            feature=key.feature,
            key=key.key,
            provider=key.provider,
            adjusts=key.adjusts,
        )
        if key.pricing is Pricing.PRICED:
            line = Line(leaf.amounts.units, leaf.requests, leaf.tokens)
        elif hosted and key.adjusts:
            line = Line(
                requests=leaf.requests,
                charged_before=leaf.tokens,
                charged_before_requests=leaf.requests,
            )
        else:
            line = Line(0, leaf.requests, NO_TOKENS, leaf.tokens, leaf.requests)
        _add(lines, {line_key: line})
    return lines


def _amounts(costs: HourCosts, policy: Attribution) -> Iterator[tuple[Facts, int]]:
    """Every amount of a cluster's hour once, in 10^-12 USD.

    The idle compute of a node group is divided among the models that were served there, and
    all other pods together, by their allocated compute.
    """
    allocated: dict[str, dict[str, int]] = {}  # by node group and model
    for key, category, units in _row_amounts(costs, idle=False):
        facts = _facts(costs.cluster, key, category, policy)
        if category in COMPUTE and units > 0:
            group = allocated.setdefault(key.node_group, {})
            model = facts.key.model if _is_serving(facts.key) else ""
            group[model] = group.get(model, 0) + units
        yield facts, units
    for key, category, units in _row_amounts(costs, idle=True):
        facts = _facts(costs.cluster, key, category, policy)
        shares = allocated.get(key.node_group) or {"": 1}
        models = sorted(shares)
        parts = split_units(units, [shares[model] for model in models])
        for model, part in zip(models, parts, strict=True):
            yield replace(facts, key=facts.key._replace(model=model)), part


def _row_amounts(costs: HourCosts, *, idle: bool) -> Iterator[tuple[RowKey, Category, int]]:
    for key, row in costs.rows.items():
        if (key.namespace == unowned.IDLE) is idle:
            for category, amount in row.items():
                yield key, category, amount.units


def _facts(cluster: str, row: RowKey, category: Category, policy: Attribution) -> Facts:
    tenant, kind = _NOBODYS.get(row.namespace, (UNATTRIBUTED, Kind.ALLOCATED))
    key = LineKey(
        tenant=tenant,
        category=COST_CATEGORIES[category],
        model=model_name(row.model),
        cluster=cluster,
        namespace=row.namespace,
        kind=kind,
    )
    facts = Facts(key, row.workload, dict(row.labels))
    if kind is not Kind.ALLOCATED:
        return facts
    own = cost_category(category, facts, policy.categories)
    return replace(facts, key=key._replace(category=own))


def _is_serving(key: LineKey) -> bool:
    """Pods of a model that are not its training, nor anything else that has its own category."""
    return bool(key.model) and key.kind is Kind.ALLOCATED and key.category in _SERVING


def _idle(facts: Facts) -> Facts:
    return replace(facts, key=facts.key._replace(tenant=IDLE, kind=Kind.IDLE))


def _pod_model(model: str, policy: Attribution) -> str:
    return policy.self_hosted.models.get(model, model)


def _add(lines: dict[LineKey, Line], more: Mapping[LineKey, Line]) -> None:
    for key, line in more.items():
        lines[key] = lines[key] + line if key in lines else line


def _quality(
    leaves: Leaves,
    costs: Sequence[HourCosts],
    missing: Sequence[str],
    lines: Mapping[LineKey, Line],
    incomplete: Collection[str],
) -> Quality:
    """As good as the worst part; usage without a price, or not all counted, makes it an
    estimate."""
    parts = [each.quality for each in costs] + [Quality.UNKNOWN for _ in missing]
    if leaves or not parts:
        unpriced = any(line.unpriced.total for line in lines.values()) or any(
            key.pricing is Pricing.UNPRICED for key in leaves
        )
        parts.append(Quality.ESTIMATED if unpriced else Quality.FINAL)
    if any(key.model in incomplete for key in lines):
        parts.append(Quality.ESTIMATED)
    return quality_of(parts)
