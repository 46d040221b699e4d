"""When each source was last heard, and how good it was: what the status page shows."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict

from bursar.domain.quality import Quality


class SourceHealth(BaseModel):
    """One source: `cluster/prod`, `prices/eu-west-1`, `spend`; `good_at` is its last good time."""

    model_config = ConfigDict(frozen=True)

    source: str
    at: AwareDatetime
    quality: Quality
    good_at: AwareDatetime | None
    detail: str = ""
