"""Quantities as a server gave them; the odd ones are counted as 0 and named."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from bursar.adapters.kubernetes_api.decoding import Metadata, Quantities, Quantity
from bursar.domain.cluster.effective_requests import Amounts
from bursar.domain.cluster.quantities import QuantityError, bytes_of, count, cpu_milli

_ODDITIES_KEPT = 100
_RESOURCES_KNOWN = 4096  # a large cluster has some hundred different ones
_NOTHING: Amounts = {}  # shared, as all answers are
_ACCELERATORS = frozenset(
    {
        "nvidia.com/gpu",
        "nvidia.com/gpu.shared",
        "aws.amazon.com/neuron",
        "aws.amazon.com/neurondevice",
        "aws.amazon.com/neuroncore",
        "amd.com/gpu",
        "habana.ai/gaudi",
    }
)
_MIG = "nvidia.com/mig-"


class AmountReader:
    """Reads resource lists into whole amounts.

    One bad quantity must not cost a cluster its figures: it counts as 0, and `oddities` says
    which object holds it (the first 100).
    """

    def __init__(self) -> None:
        self.oddities: list[str] = []
        self._known: dict[tuple[tuple[str, Quantity], ...], Amounts] = {}

    def read(self, given: Quantities | None, kind: str, owner: Metadata) -> dict[str, int]:
        """CPU (thousandths), memory (bytes) and accelerators (units); the rest costs nothing."""
        amounts: dict[str, int] = {}
        for name, quantity in given.items() if given else ():
            reading = reading_of(name)
            if reading is not None:
                try:
                    amounts[name] = reading(_text(quantity))
                except QuantityError as error:
                    amounts[name] = 0
                    self.note(kind, owner, f"{name} {error}")
        return amounts

    def read_often(self, given: Quantities | None, kind: str, owner: Metadata) -> Amounts:
        """As `read`, for what many pods have alike: the answer is shared, so do not change it."""
        if not given:
            return _NOTHING
        key = (*given.items(),)
        known = self._known.get(key)
        if known is None:
            noted = len(self.oddities)
            known = self.read(given, kind, owner)
            odd = len(self.oddities) > noted or noted == _ODDITIES_KEPT
            if not odd and len(self._known) < _RESOURCES_KNOWN:
                self._known[key] = known
        return known

    def read_bytes(self, quantity: Quantity | None, kind: str, owner: Metadata) -> int:
        """One size; 0 when it is missing or odd."""
        if quantity is None:
            return 0
        try:
            return bytes_of(_text(quantity))
        except QuantityError as error:
            self.note(kind, owner, f"storage {error}")
            return 0

    def note(self, kind: str, owner: Metadata, what: str) -> None:
        if len(self.oddities) < _ODDITIES_KEPT:
            name = f"{owner.namespace}/{owner.name}" if owner.namespace else owner.name
            self.oddities.append(f"{kind} {name}: {what}")


def accelerators(amounts: Amounts) -> Amounts:
    """Those of the amounts that are accelerators, and not none of them."""
    if len(amounts) == 2 and "cpu" in amounts and "memory" in amounts:
        return _NOTHING
    return {
        name: amount
        for name, amount in amounts.items()
        if amount and name != "cpu" and name != "memory"
    }


@lru_cache(maxsize=1024)
def reading_of(resource: str) -> Callable[[str], int] | None:
    """How a resource's quantity is read; None for those that are not counted."""
    if resource == "cpu":
        return cpu_milli
    if resource == "memory":
        return bytes_of
    return count if resource in _ACCELERATORS or resource.startswith(_MIG) else None


def _text(quantity: Quantity) -> str:
    return quantity if quantity.__class__ is str else str(quantity)
