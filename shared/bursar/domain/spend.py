"""What a bill said, when it said it: one fact per day, metric and group, versioned."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict

from bursar.domain.money import Money


class Metric(StrEnum):
    """Cost Explorer's names.

    Unblended is what is charged; net amortized spreads commitments and discounts.
    """

    UNBLENDED = "UnblendedCost"
    NET_AMORTIZED = "NetAmortizedCost"


class SpendFact(BaseModel):
    """One amount of one UTC day. `group` is `service=Amazon S3`, `tag:team=search`, or `total`."""

    model_config = ConfigDict(frozen=True)

    account: str
    metric: Metric
    day: date
    group: str
    amount: Money
    estimated: bool
    as_of: AwareDatetime
    sequence: int = 1  # 1 for the first telling, +1 for each restatement


class GroupsDoNotSumError(ValueError):
    """The groups of an answer differ from its total: something was lost on the way."""
