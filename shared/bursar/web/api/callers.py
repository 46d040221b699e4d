"""Who calls, by what API Gateway has authenticated."""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bursar.domain.governance.people import (
    Account,
    Directory,
    Identity,
    Person,
    UnknownPersonError,
)
from bursar.domain.usage.producers import ANY_TENANT
from bursar.web.api.problems import ProblemError
from bursar.wiring import Ports

if TYPE_CHECKING:
    from bursar.config.usage import Producer


def signing_producer(ports: Ports, event: dict[str, Any]) -> Producer:
    """The producer whose role signed the request, as configured.

    Raises:
        ProblemError: nobody signed it, or a role that no producer has.
    """
    signed = event["requestContext"].get("authorizer", {}).get("iam", {})
    if not (caller := signed.get("userArn")):
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "the request is not signed")
    if (producer := ports.config.usage.producer_of(caller)) is None:
        raise ProblemError(HTTPStatus.FORBIDDEN, "no producer of usage signs as this role")
    return producer


def signed_in_person(directory: Directory, event: dict[str, Any]) -> Person:
    """Who signed in, by the claims of a token that API Gateway has checked.

    Raises:
        ProblemError: nobody did, or somebody who is not configured.
    """
    identity = _identity(event)
    try:
        return directory.identify(identity)
    except UnknownPersonError as unknown:
        raise ProblemError(HTTPStatus.FORBIDDEN, str(unknown)) from None


def tenants_of_bearer(ports: Ports, event: dict[str, Any]) -> Collection[str]:
    """Whose budgets the bearer of a token may see: a producer's account those of its tenants,
    and people all.

    Raises:
        ProblemError: nobody signed in, or somebody who is not configured.
    """
    identity = _identity(event)
    account = Account(issuer=identity.issuer, subject=identity.subject)
    if producer := ports.config.usage.producer_with(account):
        return producer.policy().all_tenants
    signed_in_person(ports.governance.rules.directory, event)
    return (ANY_TENANT,)


def _identity(event: dict[str, Any]) -> Identity:
    claims = event["requestContext"].get("authorizer", {}).get("jwt", {}).get("claims", {})
    if not claims.get("iss") or not claims.get("sub"):
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "nobody has signed in")
    return Identity(
        issuer=claims["iss"],
        subject=claims["sub"],
        email=claims.get("email", ""),
        email_verified=str(claims.get("email_verified", "")).lower() == "true",
    )
