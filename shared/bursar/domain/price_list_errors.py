"""Why a price list gave no price."""

from __future__ import annotations


class PriceListError(Exception):
    """A price list answered something that cannot be a price."""


class PriceListUnavailableError(PriceListError):
    """The price list could not be asked: no credentials, no network, or it refused."""


class NoPriceError(PriceListError):
    """Nothing in the list is the price that was asked for."""


class AmbiguousPriceError(PriceListError):
    """Several products fit; the message names each and the attributes in which they differ."""
