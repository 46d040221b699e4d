"""What sources that are not billed told of a model, beside the one that is: never added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from bursar.domain.ledger.entries import Leaf, LeafKey
from bursar.domain.usage.model_names import name_sold_by


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
    """Every model that some other source told of, under the shortest of its names."""
    told: dict[str, dict[str, Leaf]] = {}
    names: dict[str, set[str]] = {}
    for key, leaf in shadows:
        of_model = told.setdefault(_model(key, names), {})
        of_model[key.shadow] = of_model.get(key.shadow, Leaf()) + leaf
    sums: dict[str, Leaf] = {}
    for key, leaf in billed:
        model = _model(key, names)
        sums[model] = sums.get(model, Leaf()) + leaf
    return sorted(
        (
            ShadowedModel(min(names[model], key=_shortest), sums.get(model, Leaf()), sources)
            for model, sources in told.items()
        ),
        key=lambda each: each.model,
    )


def _model(key: LeafKey, names: dict[str, set[str]]) -> str:
    """What the leaf's model is sold by, whatever its source calls it."""
    model = name_sold_by(key.provider, key.model)
    names.setdefault(model, set()).add(key.model)
    return model


def _shortest(name: str) -> tuple[int, str]:
    return len(name), name.swapcase()  # and small letters before capitals
