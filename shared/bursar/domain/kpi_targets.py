"""Targets of KPIs, and how near a value is to one.

Score of one KPI: 100 at its target or better, 50 at its warning, along a straight line that goes
on beyond the warning until it reaches 0 (as far again from it as the target is).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kpi(StrEnum):
    COST_PER_REQUEST = "cost_per_request"
    COST_PER_1K_TOKENS = "cost_per_1k_tokens"
    COST_PER_USER_ACTION = "cost_per_user_action"
    COST_PER_ACTIVE_USER = "cost_per_active_user"
    GPU_EFFICIENCY = "gpu_efficiency"
    USD_PER_GPU_HOUR = "usd_per_gpu_hour"
    LABEL_COVERAGE = "label_coverage"


RATIOS = MORE_IS_BETTER = frozenset({Kpi.GPU_EFFICIENCY, Kpi.LABEL_COVERAGE})


class Status(StrEnum):
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    NO_TARGET = "no target"
    NO_DATA = "no data"


class TargetError(ValueError):
    """A warning that is no worse than its target."""


@dataclass(frozen=True, slots=True)
class Target:
    """Refused with TargetError when the warning is not worse than the target."""

    kpi: Kpi
    target: float
    warning: float

    def __post_init__(self) -> None:
        if self._worse(self.warning) <= 0:
            raise TargetError(f"{self.kpi}: the warning must be worse than the target")

    def score(self, value: float) -> float:
        """0 to 100."""
        beyond = self._worse(value) / self._worse(self.warning)
        return min(max(100 - 50 * beyond, 0.0), 100.0)

    def status(self, value: float) -> Status:
        if self._worse(value) <= 0:
            return Status.GOOD
        worse_than_warning = self._worse(value) >= self._worse(self.warning)
        return Status.BAD if worse_than_warning else Status.WARNING

    def _worse(self, value: float) -> float:
        """How much worse than the target; below zero: better."""
        return self.target - value if self.kpi in MORE_IS_BETTER else value - self.target
