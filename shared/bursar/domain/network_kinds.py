"""Which of EC2's usage types are charges for the network, and of which kind."""

from __future__ import annotations

import re
from enum import StrEnum


class NetworkKind(StrEnum):
    NAT = "nat"  # gateways' hours and the bytes that they processed
    INTER_ZONE = "inter-zone"
    INTER_REGION = "inter-region"
    INTERNET = "internet"


_REGION = r"(?:(?:EU|[A-Z]{2,4}\d+)-)?"  # as in the price list: EU is Ireland
_KINDS = {
    rf"{_REGION}NatGateway-(?:Hours|Bytes)": NetworkKind.NAT,
    rf"{_REGION}DataTransfer-(?:Regional|xAZ-In|xAZ-Out)-Bytes": NetworkKind.INTER_ZONE,
    rf"{_REGION}(?:EU|[A-Z]{{2,4}}\d+)-AWS-Out-Bytes": NetworkKind.INTER_REGION,
    rf"{_REGION}DataTransfer-Out-Bytes": NetworkKind.INTERNET,
}


def network_kind(usage_type: str) -> NetworkKind | None:
    """None for what is no charge for the network, such as a volume."""
    return next((kind for of, kind in _KINDS.items() if re.fullmatch(of, usage_type)), None)
