"""What sources that are not billed told of a model, beside the one that is: never added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from bursar.domain.ledger.entries import Leaf, LeafKey
from bursar.domain.usage.model_names import name_sold_by


@dataclass(frozen=True, slots=True)
class ShadowSource:
    """What one source told of a model, and what was billed in the hours in which it told."""

    told: Leaf = field(default_factory=Leaf)
    billed: Leaf = field(default_factory=Leaf)

    @property
    def difference(self) -> Fraction | None:
        """How far its tokens are from the billed ones; None where none were billed."""
        billed = self.billed.tokens.total
        return Fraction(self.told.tokens.total - billed, billed) if billed else None

    def and_hour(self, told: Leaf, billed: Leaf) -> ShadowSource:
        return ShadowSource(self.told + told, self.billed + billed)


@dataclass(frozen=True, slots=True)
class ShadowedModel:
    """One model over a window: all that is billed, and what each other source told.

    A source is compared by the hours in which it told as a shadow: of others the ledger does not
    say whether it told nothing, or was the one that is billed.
    """

    model: str
    billed: Leaf
    sources: Mapping[str, ShadowSource]

    def billed_without(self, source: str) -> int:
        """The tokens billed in the hours in which the source told nothing beside them."""
        return self.billed.tokens.total - self.sources[source].billed.tokens.total


@dataclass(slots=True)
class _Model:
    names: set[str] = field(default_factory=set)
    billed: Leaf = field(default_factory=Leaf)
    sources: dict[str, ShadowSource] = field(default_factory=dict)

    def add_hour(self, told: Mapping[str, Leaf]) -> None:
        """Add what each source told in an hour; what is billed has no source's name."""
        billed = told.get("", Leaf())
        self.billed += billed
        for source, leaf in told.items():
            if source:
                before = self.sources.get(source, ShadowSource())
                self.sources[source] = before.and_hour(leaf, billed)

    @property
    def shortest_name(self) -> str:
        # of names as short, small letters before capitals
        return min(self.names, key=lambda name: (len(name), name.swapcase()))


def compare(hours: Iterable[Mapping[LeafKey, Leaf]]) -> list[ShadowedModel]:
    """Every model that some other source told of, under the shortest of its names.

    Args:
        hours: the leaves of each hour, of both books.
    """
    models: dict[str, _Model] = {}
    for leaves in hours:
        told: dict[str, dict[str, Leaf]] = {}
        for key, leaf in leaves.items():
            sold_as = name_sold_by(key.provider, key.model)
            models.setdefault(sold_as, _Model()).names.add(key.model)
            of_model = told.setdefault(sold_as, {})
            of_model[key.shadow] = of_model.get(key.shadow, Leaf()) + leaf
        for sold_as, of_model in told.items():
            models[sold_as].add_hour(of_model)
    compared = (
        ShadowedModel(each.shortest_name, each.billed, each.sources)
        for each in models.values()
        if each.sources
    )
    return sorted(compared, key=lambda each: each.model)
