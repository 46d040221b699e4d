"""Price books of one's own: negotiated, regional and self-hosted prices, before public ones."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from bursar.domain.usage.model_names import price_names
from bursar.domain.usage.prices import PriceBreaks, TokenPrice
from bursar.domain.usage.providers import provider_name

_EVER = datetime.min.replace(tzinfo=UTC)


class RepeatedPriceError(ValueError):
    """Two rows of one model begin at the same time: which holds?"""


class PublishedPrices(Protocol):
    """What a book of one's own stands before."""

    def price_at(self, provider: str, model: str, at: datetime) -> TokenPrice | None: ...


class OwnTokenPrices:
    """Rows by their model's name, whatever its case; each holds until the next one begins.

    A row that names no provider holds for every provider of that model, and one of an id without
    its region for every region, where none of their own is in force.
    """

    def __init__(self, rows: Iterable[TokenPrice]) -> None:
        """Index the rows.

        Raises:
            RepeatedPriceError: two rows of one model and provider begin at the same time.
        """
        self._rows: dict[tuple[str, str], list[TokenPrice]] = {}
        for row in rows:
            name = (provider_name(row.provider), row.model.lower())
            self._rows.setdefault(name, []).append(row)
        for (_, model), several in self._rows.items():
            several.sort(key=_begins)
            begins = [_begins(row) for row in several]
            if len(set(begins)) < len(begins):
                raise RepeatedPriceError(f"{model} has two prices from the same time on")

    def price_at(self, provider: str, model: str, at: datetime) -> TokenPrice | None:
        for rows in self._of(provider, model):
            if found := bisect_right(rows, at, key=_begins):
                return rows[found - 1]
        return None

    def breaks(self, provider: str, model: str, *, batch: bool) -> PriceBreaks:
        rows = [row for several in self._of(provider, model) for row in several]
        tiers = [tier for row in rows for tier in (*row.tiers, *(row.batch_tiers * batch))]
        return PriceBreaks(
            instants=tuple(sorted({row.effective_from for row in rows if row.effective_from})),
            above_input_tokens=tuple(sorted({tier.above_input_tokens for tier in tiers} - {0})),
        )

    def _of(self, provider: str, model: str) -> Iterator[Sequence[TokenPrice]]:
        """Those of each name that the model may stand under, up to one that always holds: until
        the first row of a name begins, the next name's are in force."""
        for seller, name in price_names(provider, model):
            for key in dict.fromkeys(((seller, name.lower()), ("", name.lower()))):
                if rows := self._rows.get(key):
                    yield rows
                    if rows[0].effective_from is None:
                        return


class LayeredTokenPrices:
    """One's own rows first; where none is in force, what is published.

    Usage that names no provider is of the one whose model is published under that name, and has
    one's own row for it.
    """

    def __init__(self, own: OwnTokenPrices, published: PublishedPrices) -> None:
        self._own = own
        self._published = published

    def price_at(self, provider: str, model: str, at: datetime) -> TokenPrice | None:
        own = self._own.price_at(provider, model, at)
        if own and (own.provider or provider):
            return own
        published = self._published.price_at(provider, model, at)
        if provider or published is None:
            return own or published
        of_seller = self._own.price_at(published.provider, model, at)
        return replace(of_seller, provider=published.provider) if of_seller else published


def _begins(row: TokenPrice) -> datetime:
    return row.effective_from or _EVER
