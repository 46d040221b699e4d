"""What sources that are not billed told of a model, beside the one that is: never added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from bursar.domain.ledger.entries import Leaf, LeafKey


@dataclass(frozen=True, slots=True)
class ShadowedModel:
    """One model over a window: what is billed, and what each other source told."""

    model: str
    billed: Leaf
    told: Mapping[str, Leaf]

    def difference(self, source: str) -> Fraction | None:
        """How far the source's tokens are from the billed ones; None where none were billed."""
        billed = self.billed.tokens.total
        return Fraction(self.told[source].tokens.total - billed, billed) if billed else None


def compare(
    billed: Iterable[tuple[LeafKey, Leaf]], shadows: Iterable[tuple[LeafKey, Leaf]]
) -> list[ShadowedModel]:
    """Every model that some other source told of, by name."""
    told: dict[str, dict[str, Leaf]] = {}
    for key, leaf in shadows:
        of_model = told.setdefault(key.model, {})
        of_model[key.shadow] = of_model.get(key.shadow, Leaf()) + leaf
    sums: dict[str, Leaf] = {}
    for key, leaf in billed:
        sums[key.model] = sums.get(key.model, Leaf()) + leaf
    return [ShadowedModel(model, sums.get(model, Leaf()), told[model]) for model in sorted(told)]
