"""What instances of one region cost at this moment, few or all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from itertools import takewhile

from bursar.adapters.live_prices import LivePrices
from bursar.adapters.pricing_api import PricingApiPriceList, pricing_client
from bursar.domain.prices import PriceKey, PriceRow, is_instance_hour, spot_parts

_A_FEW = 20  # questions that take no longer than the pages of the whole list


class RegionPrices:
    """A PriceBook. Spot prices that cannot be had are absent, and named in `problems`."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._live = LivePrices(region)

    @property
    def problems(self) -> list[str]:
        return self._live.problems

    def prices_at(self, keys: Collection[PriceKey], at: datetime) -> Mapping[PriceKey, PriceRow]:
        """The prices in force.

        Raises:
            PriceListError: the list could not be asked, or is none.
        """
        spot = [key for key in keys if spot_parts(key)]
        listed = [key for key in keys if not spot_parts(key)]
        if len(listed) <= _A_FEW:
            return self._live.prices_at(keys, at)
        rows = PricingApiPriceList(pricing_client()).rows(self._region, at)
        hours = {row.key: row for row in takewhile(lambda row: is_instance_hour(row.key), rows)}
        found = {key: row for key in listed if (row := hours.get(key))}
        return found | dict(self._live.prices_at(spot, at) if spot else {})
