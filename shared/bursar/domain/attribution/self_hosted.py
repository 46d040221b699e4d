"""What self-hosted models cost, divided among those whose tokens they served.

The cost of a model's pods in an hour goes to the tenants, features and keys whose tokens it
served in that hour, by weighted tokens. The idle compute of a node group goes to the models
(and to the other pods) on it by their share of what was allocated there. So a model has two
costs: its pods' (usage basis) and that with its idle (allocation basis). Their ratio is its
utilisation; an hour that served no token is idle whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from bursar.domain.attribution.rules import TokenWeights
from bursar.domain.cluster.unowned import UNALLOCATED
from bursar.domain.ledger.entries import Leaf, LeafKey
from bursar.domain.ledger.lines import NO_AMOUNTS, NO_TOKENS, Kind, Line, LineKey
from bursar.domain.money import split_units
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import TokenSums

Weights = tuple[Fraction, Fraction, Fraction]  # of input not cached, of cached input, of output
EVERY_TOKEN_THE_SAME: Weights = (Fraction(1), Fraction(1), Fraction(1))
_COUNTED_ELSEWHERE = Leaf(tokens=NO_TOKENS)


@dataclass(frozen=True, slots=True)
class ServingSeconds:
    """How long a model's servers spent on the prompts and the answers of these tokens."""

    prefill: Fraction
    decode: Fraction
    tokens: TokenSums

    def __add__(self, other: ServingSeconds) -> ServingSeconds:
        return ServingSeconds(
            self.prefill + other.prefill, self.decode + other.decode, self.tokens + other.tokens
        )


def token_weights(configured: TokenWeights | None, measured: ServingSeconds | None) -> Weights:
    """What a token of each class weighs: as configured, else as measured, else the same.

    Measured, a class weighs its seconds per token; what came from a prefix cache took no
    prefill. Without a measurement every token weighs the same: any other ratio would move
    money between tenants by a guess.
    """
    if configured:
        return configured.fractions()
    if measured and measured.prefill > 0 and measured.decode > 0:
        prefilled = measured.tokens.input - measured.tokens.cached_input
        if prefilled > 0 and measured.tokens.output > 0:
            of_output = measured.decode / measured.tokens.output
            return measured.prefill / prefilled, Fraction(0), of_output
    return EVERY_TOKEN_THE_SAME


def weigh(tokens: TokenSums, weights: Weights) -> list[Fraction]:
    """What the tokens of each class weigh together, in the order of `Weights`."""
    counts = (tokens.input - tokens.cached_input, tokens.cached_input, tokens.output)
    return [count * weight for count, weight in zip(counts, weights, strict=True)]


def whole_weights(weights: Sequence[Fraction]) -> list[int]:
    """The same proportions in whole numbers, as exact splitting wants them."""
    scale = lcm(*(weight.denominator for weight in weights))
    return [int(weight * scale) for weight in weights]


def divide_by_tokens(
    amounts: Mapping[LineKey, int],
    users: Mapping[LeafKey, Leaf],
    weights: Weights,
    teams: Mapping[str, str],
) -> dict[LineKey, Line]:
    """Give a model's amounts to its users; the parts of each amount sum to it exactly.

    A user's requests and tokens stand once, on the line of the dearest amount. The classes of
    its tokens divide each part by the same weights.

    Raises:
        ValueError: there is no amount, or no token to divide it by.
    """
    order = sorted(users)
    classes = [weigh(users[key].tokens, weights) for key in order]
    if not any(map(any, classes)):
        classes = [weigh(users[key].tokens, EVERY_TOKEN_THE_SAME) for key in order]
    whole = whole_weights([sum(each, Fraction()) for each in classes])
    by_class = [whole_weights(each) for each in classes]
    lines: dict[LineKey, Line] = {}
    dearest = max(sorted(amounts), key=lambda key: amounts[key])
    for source in sorted(amounts):
        parts = split_units(amounts[source], whole)
        for key, units, weighing in zip(order, parts, by_class, strict=True):
            leaf = users[key] if source == dearest else _COUNTED_ELSEWHERE
            paid = _by_class(units, weighing)
            line = Line(units, leaf.requests, leaf.tokens, by_class=paid)
            target = _users_line(source, key, teams)
            lines[target] = lines[target] + line if target in lines else line
    return lines


def _by_class(units: int, weights: Sequence[int]) -> ClassAmounts:
    if not units:
        return NO_AMOUNTS
    of_input, of_cached, of_output = split_units(units, weights)
    return ClassAmounts(input=of_input, cached_input=of_cached, output=of_output)


def _users_line(source: LineKey, user: LeafKey, teams: Mapping[str, str]) -> LineKey:
    return source._replace(
        tenant=user.tenant,
        team=teams.get(user.tenant, ""),
        feature=user.feature,
        key=user.key,
        provider=user.provider,
        kind=Kind.ALLOCATED,
    )


def model_name(label: str) -> str:
    return "" if label == UNALLOCATED else label
