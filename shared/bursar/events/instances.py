"""EC2 Instance State-change Notification, as EventBridge delivers it."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bursar.events import Event


class _Detail(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    instance_id: str = Field(alias="instance-id")
    state: str


class InstanceStateChange(Event):
    time: AwareDatetime
    detail: _Detail
