"""What the pages are told of this deployment, and what links to them begin with."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from bursar.settings import HasPages, HasSignIn, Settings
from bursar.wiring.gate import GatePorts


class SignIn(NamedTuple):
    """Where people sign in, by the authorization code flow with PKCE; open to everybody.

    Without `authorize_url` and `token_url` the pages cannot sign anybody in.
    """

    issuer: str = ""
    client: str = ""
    authorize_url: str = ""
    token_url: str = ""
    sign_out_url: str = ""


class PagesPorts(GatePorts):
    """A part of `Ports`, on top of the one of the gate; it needs no table."""

    _settings: Settings

    @property
    def pages_url(self) -> str:
        """Empty where there are no pages, or this function is not told: links are paths then."""
        given = self._settings
        return given.pages_url if isinstance(given, HasPages) else ""

    @cached_property
    def sign_in(self) -> SignIn:
        given = self._settings
        if not isinstance(given, HasSignIn):
            return SignIn()
        return SignIn(
            issuer=given.sign_in_issuer,
            client=given.sign_in_client,
            authorize_url=given.sign_in_authorize_url,
            token_url=given.sign_in_token_url,
            sign_out_url=given.sign_out_url,
        )
