"""What things cost: instances, storage, tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # whoever imports a port pays for no domain
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from bursar.domain.instance_types import InstanceType
    from bursar.domain.periods import Window
    from bursar.domain.prices import PriceChange, PriceKey, PriceRow
    from bursar.domain.spot import SpotPoint
    from bursar.domain.usage.prices import PriceBreaks, TokenPrice


class PriceBook(Protocol):
    def prices_at(self, keys: Collection[PriceKey], at: datetime) -> Mapping[PriceKey, PriceRow]:
        """The row in force at that time for each key; keys without one are absent."""
        ...


class PriceStore(PriceBook, Protocol):
    """The kept price book: dated rows that are never changed, only followed by later ones."""

    def record(self, rows: Iterable[PriceRow]) -> Sequence[PriceChange]:
        """Keep the rows that differ from the ones in force; say which prices changed."""
        ...

    def history(self, key: PriceKey) -> Sequence[PriceRow]:
        """Oldest first."""
        ...


class PriceList(Protocol):
    """A source of list prices for one region (the AWS Price List)."""

    def rows(self, region: str, at: datetime) -> Iterator[PriceRow]: ...


class CheckedPriceList(PriceList, Protocol):
    """A price list that says, after `rows` was read, what of the region it could not price."""

    @property
    def unmatched(self) -> Sequence[str]: ...

    @property
    def ambiguous(self) -> Sequence[str]: ...


class SpotHistory(Protocol):
    def points(
        self, region: str, instance_types: Collection[str], window: Window
    ) -> Iterator[SpotPoint]: ...


class InstanceCatalogue(Protocol):
    def describe(self, names: Collection[str] = ()) -> Mapping[str, InstanceType]:
        """What the named types hold, or all that are known; unknown ones are absent."""
        ...


class TokenPriceBook(Protocol):
    """What tokens cost, from the public price data and the configuration's own rows."""

    def price_at(self, provider: str, model: str, at: datetime) -> TokenPrice | None:
        """The row in force; None for a model that nobody has a price for. No provider: any."""
        ...


class TokenPriceSchedule(TokenPriceBook, Protocol):
    """A price book that tells where prices change, so that sums of tokens can be priced."""

    def breaks(self, provider: str, model: str, *, batch: bool) -> PriceBreaks: ...
