"""Exceptions as JSON: what people send, and what they are shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)

from bursar.domain.governance.consumption import Allowance
from bursar.domain.governance.decisions import Choice, TierDecision
from bursar.domain.governance.exceptions import Request, SpendException, Text
from bursar.domain.scopes import Dimension, Scope
from bursar.web.api.amounts import Wanted
from bursar.web.api.bodies import Whole

_LONGEST_SCOPE_BYTES = 1_000
_LAST_YEAR = 2999  # dates far beyond cannot be told in every time zone
_SCOPE_VALUE = Annotated[str, Field(pattern=r"^[^,\s]([^,]*[^,\s])?$")]


def _writable(text: str) -> str:
    text.encode()  # half a character is a ValueError
    return text


def _scope(told: Any) -> Scope:
    if not isinstance(told, dict) or not all(isinstance(value, str) for value in told.values()):
        raise ValueError("a scope is an object of dimensions and their values")
    scope = Scope({Dimension(name): value for name, value in told.items()})
    if len(str(scope).encode()) > _LONGEST_SCOPE_BYTES:
        raise ValueError(f"a scope has at most {_LONGEST_SCOPE_BYTES} bytes")
    return scope


def _midnight(told: Any) -> Any:
    """A day is its beginning in UTC, as every window's end is; a time says its own zone."""
    is_day = isinstance(told, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", told, re.ASCII)
    return f"{told}T00:00:00Z" if is_day else told


def _near(until: datetime) -> datetime:
    if not 1 < until.year <= _LAST_YEAR:
        raise ValueError(f"a date is of a year up to {_LAST_YEAR}")
    return until


Told = Annotated[Text, Field(json_schema_extra={"pattern": r"\S"}), AfterValidator(_writable)]
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_writable)]
Until = Annotated[
    AwareDatetime,
    BeforeValidator(_midnight),
    AfterValidator(_near),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": name} for name in ("date-time", "date")]}
    ),
]
ScopePairs = Annotated[
    Scope,
    PlainValidator(_scope, json_schema_input_type=dict[Dimension, _SCOPE_VALUE]),
    Field(json_schema_extra={"minProperties": 1}),
]


class Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NewException(Body):
    """What is asked for; `beneficiary` is a person's id, if it is for somebody else."""

    policy: Name
    scope: ScopePairs
    amount_usd: Wanted
    purpose: Told
    justification: Told
    business_impact: Told
    until: Until
    beneficiary: Name | None = None

    def as_request(self) -> Request:
        told = self.model_dump(exclude={"amount_usd", "scope"})
        return Request(amount=self.amount_usd, scope=self.scope, **told)


class EditedException(Body):
    """The version that was seen, and what of it is to be different."""

    version: Whole = Field(ge=1)
    policy: Name | None = None
    scope: ScopePairs | None = None
    amount_usd: Wanted | None = None
    purpose: Told | None = None
    justification: Told | None = None
    business_impact: Told | None = None
    until: Until | None = None
    beneficiary: Name | None = None

    def applied_to(self, request: Request) -> Request:
        """The request with what was sent in its place; `beneficiary: null` takes that out."""
        sent = {name: getattr(self, name) for name in self.model_fields_set - {"version"}}
        told = {
            "amount" if name == "amount_usd" else name: value
            for name, value in sent.items()
            if value is not None or name == "beneficiary"
        }
        return request.model_copy(update=told)


class Decision(Body):
    """`version`, and `tier` where it is sent, are what the person was shown."""

    decision: Choice
    version: Whole = Field(ge=1)
    comment: Annotated[str, Field(max_length=4000), AfterValidator(_writable)] = ""
    tier: Name | None = None


def as_summary(exception: SpendException, at: datetime) -> dict[str, Any]:
    """One line of a list."""
    request = exception.request
    return {
        "id": exception.id,
        "version": exception.version,
        "status": exception.status_at(at).value,
        "tiers": [
            {
                "name": consent.tier.name,
                "status": consent.status.value,
                "decided_by": consent.decided_by,
            }
            for consent in exception.consents
        ],
        "deadline": exception.deadline.isoformat(),
        "policy": request.policy,
        "scope": request.scope.pairs,
        "amount_usd": request.amount.plain(),
        "purpose": request.purpose,
        "until": request.until.isoformat(),
        "requester": exception.requester,
        "opened_at": exception.opened_at.isoformat(),
    }


def as_details(
    exception: SpendException,
    at: datetime,
    *,
    decisions: Sequence[TierDecision],
    allowance: Allowance | None,
    may_edit: bool,
    may_decide: bool,
) -> dict[str, Any]:
    """All that a person sees before they decide."""
    request = exception.request
    return as_summary(exception, at) | {
        "justification": request.justification,
        "business_impact": request.business_impact,
        "beneficiary": request.beneficiary,
        "team": exception.team,
        "decisions": [_decision(each) for each in decisions],
        "allowance": None if allowance is None else _allowance(allowance),
        "may_edit": may_edit,
        "may_decide": may_decide,
    }


def _decision(decision: TierDecision) -> dict[str, Any]:
    return {
        "version": decision.version,
        "tier": decision.tier,
        "decision": decision.choice.value,
        "decided_by": decision.person,
        "decided_at": decision.at.isoformat(),
        "comment": decision.comment,
    }


def _allowance(allowance: Allowance) -> dict[str, Any]:
    return {
        "amount_usd": allowance.amount.plain(),
        "remaining_usd": allowance.remaining.plain(),
        "until": allowance.until.isoformat(),
    }
