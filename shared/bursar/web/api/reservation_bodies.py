"""What the routes of admission take: amounts, ids and names that can be kept."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from bursar.domain.money import Money
from bursar.domain.scopes import Dimension
from bursar.domain.usage.records import LONGEST_ID_BYTES, LONGEST_NAME_BYTES, OURS
from bursar.jobs.admit_spend import Tokens
from bursar.web.api.amounts import Spent, Wanted
from bursar.web.api.bodies import Whole

_MOST_TOKENS = 10**9
_LONGEST_LIFE_SECONDS = 7 * 24 * 3600
_LONGEST_LEASE_SECONDS = 600


def _keepable(text: str) -> str:
    if len(text.encode("utf-8", "surrogatepass")) > LONGEST_NAME_BYTES or text.startswith(OURS):
        raise ValueError(f"is longer than {LONGEST_NAME_BYTES} bytes, or begins with {OURS}")
    text.encode()  # half a character is a ValueError, too
    return text


def _short(text: str) -> str:
    if not text or len(text.encode()) > LONGEST_ID_BYTES:
        raise ValueError(f"an id has 1 to {LONGEST_ID_BYTES} bytes")
    return text


Name = Annotated[
    str,
    Field(
        min_length=1,
        json_schema_extra={"pattern": f"^(?!{OURS})", "maxLength": LONGEST_NAME_BYTES},
    ),
    AfterValidator(_keepable),
]
Id = Annotated[
    str,
    Field(json_schema_extra={"minLength": 1, "maxLength": LONGEST_ID_BYTES}),
    AfterValidator(_short),
]
Count = Annotated[Whole, Field(ge=0, le=_MOST_TOKENS)]


def _told(*names: str) -> dict[str, Any]:
    """The schema of an object that has all of these, none of them null."""
    there = {name: {"not": {"type": "null"}} for name in names}
    return {"required": list(names), "properties": there}


class Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NewReservation(Body):
    """Either what it may cost, or the tokens that it may take: then the price book says."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [_told("amount_usd"), _told("input_tokens", "output_tokens")],
        }
    )

    idempotency_key: Id
    scope: dict[Dimension, Name] = {}
    amount_usd: Wanted | None = None
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    usage_event_id: Id | None = None
    expires_in_seconds: Whole = Field(default=300, ge=1, le=_LONGEST_LIFE_SECONDS)

    @model_validator(mode="after")
    def _says_how_much(self) -> NewReservation:
        tokens = None not in (self.input_tokens, self.output_tokens)
        if (self.amount_usd is None) is not tokens:
            raise ValueError("give amount_usd, or input_tokens and output_tokens")
        return self

    @property
    def worst_case(self) -> Money | Tokens:
        return self.amount_usd or Tokens(self.input_tokens or 0, self.output_tokens or 0)


class NewLease(Body):
    """`least_usd`: a smaller slice is of no use."""

    idempotency_key: Id
    scope: dict[Dimension, Name] = {}
    amount_usd: Wanted
    least_usd: Wanted
    usable_seconds: Whole = Field(default=30, ge=1, le=_LONGEST_LEASE_SECONDS)

    @model_validator(mode="after")
    def _wants_the_least(self) -> NewLease:
        if self.amount_usd < self.least_usd:
            raise ValueError("amount_usd is below least_usd")
        return self


class Settlement(Body):
    amount_usd: Spent
