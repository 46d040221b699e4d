"""A local issuer of bearer tokens: who somebody is, on this machine and nowhere else.

In AWS machines sign their requests (SigV4) and people sign in to an OIDC issuer. Here one RSA
key, readable by its owner only, stands for both.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from bursar.local.embedded.functions import Route
from bursar.local.embedded.http_gateway import NotAllowedError, UnauthenticatedError

ISSUER = "http://127.0.0.1/bursar-local"
AUDIENCE = "bursar"
LIVES_SECONDS = 12 * 3600
_KEY_BITS = 2048


class UnknownPersonError(LookupError):
    """No example person has that email."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the example organisation; a machine has a role and signs as it in AWS."""

    email: str
    role_name: str = ""

    @property
    def is_machine(self) -> bool:
        return bool(self.role_name)


PEOPLE: Mapping[str, Person] = {
    person.email: person
    for person in (
        Person("gateway@example.com", role_name="llm-gateway"),
        Person("requester@example.com"),
        Person("owner@example.com"),
        Person("manager@example.com"),
        Person("manager2@example.com"),
        Person("director@example.com"),
        Person("vp@example.com"),
        Person("viewer@example.com"),
    )
}


def key_file() -> Path:
    """Where the key is kept between `serve` and `token`: the user's own state directory."""
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "bursar" / "local-issuer.pem"


class LocalIssuer:
    def __init__(self, account: str, key: Path | None = None) -> None:
        self._account = account
        self._key = _key(key or key_file())

    def token(self, email: str, now: float | None = None, *, nonce: str = "") -> str:
        """A bearer token, good for twelve hours of this machine's clock.

        `nonce` is what a client asked to find in it.

        Raises:
            UnknownPersonError: nobody here has that email.
        """
        if email not in PEOPLE:
            raise UnknownPersonError(f"{email!r} is not one of {', '.join(PEOPLE)}")
        at = int(time.time() if now is None else now)
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": email,
            "email": email,
            "email_verified": True,
            "iat": at,
            "exp": at + LIVES_SECONDS,
            **({"nonce": nonce} if nonce else {}),
        }
        return jwt.encode({"alg": "RS256"}, claims, self._key)

    def public_keys(self) -> Mapping[str, Any]:
        """What verifies the tokens: RFC 7517, section 5."""
        public = self._key.as_dict(private=False)
        return {"keys": [{**public, "use": "sig", "alg": "RS256"}]}

    def authorize(self, route: Route, token: str) -> Mapping[str, Any]:
        """The authorizer context of a route, as API Gateway gives it to a function.

        Raises:
            UnauthenticatedError: the token is not of this issuer, or has expired.
            NotAllowedError: a person called a machine's route.
        """
        person = self.verify(token)
        if route.authorization == "JWT":
            text = {name: _as_text(value) for name, value in self._claims(token).items()}
            return {"jwt": {"claims": text, "scopes": None}}
        if not person.is_machine:
            raise NotAllowedError(f"{route.key} is for machines, which sign as an IAM role")
        arn = f"arn:aws:sts::{self._account}:assumed-role/{person.role_name}/local"
        return {"iam": {"accountId": self._account, "userArn": arn, "callerId": "LOCAL:local"}}

    def verify(self, token: str) -> Person:
        """Whose token it is.

        Raises:
            UnauthenticatedError: it is not of this issuer, has expired, or is of nobody here.
        """
        person = PEOPLE.get(str(self._claims(token)["sub"]))
        if person is None:
            raise UnauthenticatedError("the token is of nobody here")
        return person

    def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(token, self._key, algorithms=["RS256"]).claims
            jwt.JWTClaimsRegistry(
                iss={"essential": True, "value": ISSUER},
                aud={"essential": True, "value": AUDIENCE},
                sub={"essential": True},
                exp={"essential": True},
            ).validate(claims)
        except (JoseError, ValueError) as error:
            raise UnauthenticatedError(f"the token is not valid here: {error}") from None
        return claims


def _key(path: Path) -> RSAKey:
    """Read the key, made on first use; two processes that both make one agree on the first."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent) as file:  # readable by its owner only
            file.write(RSAKey.generate_key(_KEY_BITS).as_pem(private=True))
            file.flush()
            with suppress(FileExistsError):
                path.hardlink_to(file.name)
    return RSAKey.import_key(path.read_bytes())


def _as_text(value: Any) -> str:
    """API Gateway passes every claim as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)
