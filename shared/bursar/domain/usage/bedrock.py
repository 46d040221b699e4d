"""Amazon Bedrock as it is metered: names of models, and throughput that was bought ahead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

PROVIDER = "aws"
PROVISIONED = "provisioned-model"


@dataclass(frozen=True, slots=True)
class ProvisionedHour:
    """One hour of provisioned throughput: billed by the model unit and hour, used or not.

    `commitment` is Bedrock's own word (`OneMonth`, `SixMonths`), empty without one. The tokens
    that went through it are told apart, under its own name, and have no price per token.
    """

    name: str
    arn: str
    model: str
    model_units: int
    commitment: str
    hour: datetime


def model_name(model_id: str) -> str:
    """A model's or a profile's id without the account and region of its ARN.

    An application inference profile and provisioned throughput keep their kind
    (`application-inference-profile/abc`), since their id alone names no model.
    """
    if not model_id.startswith("arn:"):
        return model_id
    kind, _, name = model_id.split(":", 5)[-1].partition("/")  # a model's own id holds a colon
    return name if kind in ("foundation-model", "inference-profile") else f"{kind}/{name}"
