"""What somebody was shown when they were asked: what their answer is about, and nothing else."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from bursar.domain.governance.exceptions import SpendException
from bursar.domain.governance.refusals import ConflictError
from bursar.domain.money import Money


class OtherAmountError(ConflictError):
    """The amount that was shown is not the one that is asked for."""


class Shown(BaseModel):
    """`nonce` is of the one message that it stood in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    exception: str
    version: int
    tier: str
    amount: Money
    nonce: str


def refuse_other_amount(exception: SpendException, shown: Shown) -> None:
    """A version has one amount; who was shown another has not seen this request.

    Raises:
        OtherAmountError: the amounts differ.
    """
    asked = exception.request.amount
    if exception.version == shown.version and asked != shown.amount:
        raise OtherAmountError(f"{exception.id} asks for {asked}, not for {shown.amount}")
