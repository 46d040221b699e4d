"""By what a node's price is divided."""

from __future__ import annotations

from enum import StrEnum


class Basis(StrEnum):
    """How a node's price is divided among its GPU, CPU and memory."""

    RESIDUAL = "residual"
    AWS_SPLIT = "aws_split"
    OPENCOST = "opencost"
