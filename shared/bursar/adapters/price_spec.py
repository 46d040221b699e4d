"""One line of the price list: which of its products is which of Bursar's prices.

A product is found by exact attributes and by its usage type without the region's prefix
(`EU-NatGateway-Hours`, in us-east-1 plain `NatGateway-Hours`). A usage pattern with a group
makes one price for each thing that the group matches, such as an instance type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from bursar.domain.price_selection import Product, Tier
from bursar.domain.prices import PriceKey

# EU is Ireland. A digit is required elsewhere: `TS-LoadBalancerUsage` is no region's.
_REGION_PREFIX = r"(?:(?:EU|[A-Z]{2,4}\d+)-)?"

HOUR = {"hrs": Fraction(1), "hours": Fraction(1), "hour": Fraction(1)}
GIB_MONTH = {"gb-mo": Fraction(1), "gb-month": Fraction(1)}  # AWS writes GB and bills GiB
IOPS_MONTH = {"iops-mo": Fraction(1)}
MIBPS_MONTH = {"mibps-mo": Fraction(1), "gibps-mo": Fraction(1, 1024)}
MBPS_MONTH = {"mbps-mo": Fraction(1), "mibps-mo": Fraction(1)}  # FSx counts no difference
GB = {"gb": Fraction(1)}
VCPU_HOUR = {"vcpu-hours": Fraction(1), **HOUR}
GIB_HOUR = {"gb-hours": Fraction(1), **HOUR}


@dataclass(frozen=True, slots=True)
class PriceSpec:
    """One line: `key(region, *groups of usage)` is priced by the product that matches.

    `units` says how many of Bursar's unit one of AWS' units is worth as a price: a GiB/s
    month at 40.96 is a MiB/s month at 40.96 x 1/1024. `plus` is a second usage type whose
    rate is added. `tier` says which of a product's rates: the only one, the first that is
    paid, or the one that begins at so many units a month. `filters` are what the list is asked
    for, and `where` is what is looked at in its answer: lines with the same filters ask once.
    """

    key: Callable[..., PriceKey]
    unit: str
    service: str
    usage: str
    units: Mapping[str, Fraction]
    filters: Mapping[str, str] = field(default_factory=dict)
    region_field: str = "regionCode"
    tier: Tier | Decimal = Tier.ONLY
    plus: str | None = None
    where: Mapping[str, str] = field(default_factory=dict)

    def match(self, product: Product, usage: str | None = None) -> tuple[str, ...] | None:
        """The groups of the usage pattern when the product is one of this line's."""
        told = {**product.attributes, "productFamily": product.family}
        if any(told.get(name) != value for name, value in self.where.items()):
            return None
        used = product.attributes.get("usagetype", "")
        found = re.fullmatch(_REGION_PREFIX + (usage or self.usage), used)
        return found.groups() if found else None

    def makes(self, key: PriceKey) -> bool:
        """Whether this line is the one to ask for the key."""
        if not re.compile(self.usage).groups:
            return self.key(key.region) == key
        before, _, after = self.key(key.region, "\0").item.partition("\0")
        named = key.item.removeprefix(before).removesuffix(after)
        return named != "" and self.key(key.region, named) == key

    def named(self, region: str) -> str:
        """The line as a person looks for it: its key, or what it makes keys of."""
        if re.compile(self.usage).groups:
            return f"{self.service} {region} {self.usage}"
        return str(self.key(region))
