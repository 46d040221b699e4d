"""`owners:` and `notifications:` of bursar.yaml: who is told, where and when."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bursar.config.fields import Email, Section
from bursar.domain.quiet_hours import QuietHours

HttpsUrl = Annotated[str, Field(pattern=r"^https://\S+$")]


class Owner(Section):
    """Who is told about the budgets that name them."""

    emails: tuple[Email, ...] = ()
    webhooks: tuple[HttpsUrl, ...] = ()


class SlackChannel(Section):
    """A channel of Amazon Q Developer in chat applications; authorise the workspace there once."""

    workspace_id: str = Field(pattern=r"^[A-Z0-9]{5,}$")
    channel_id: str = Field(pattern=r"^[A-Z0-9]{5,}$")


class Notifications(Section):
    catch_all: tuple[Email, ...] = Field(min_length=1, description="told of everything")
    slack: SlackChannel | None = None
    storm_cap_per_hour: int = Field(
        default=20, ge=1, description="beyond it, alerts wait for one digest"
    )
    quiet_hours: QuietHours | None = Field(
        default=None, description="what is not critical waits until they end"
    )
