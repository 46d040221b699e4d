"""When an instance was really billed: from `running` until it stops or terminates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class InstanceState:
    """One EC2 Instance State-change Notification; `state` as EC2 names it (`running`, ...)."""

    instance_id: str
    state: str
    at: datetime
