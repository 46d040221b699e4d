"""What the workflow of an exception tells the functions that it runs."""

from __future__ import annotations

from pydantic import AwareDatetime, ConfigDict, Field

from bursar.domain.governance.changes import TaskToken
from bursar.events import Event


class TierRun(Event):
    """A tier of one version. `at` is when the workflow came to it: a retry tells the same."""

    # a token must not be told by what says that an event is wrong
    model_config = ConfigDict(hide_input_in_errors=True)

    exception: str
    version: int
    tier: str
    at: AwareDatetime


class AskRun(TierRun):
    token: str = Field(repr=False, min_length=1)

    @property
    def task(self) -> TaskToken:
        return TaskToken(self.exception, self.version, self.tier, self.token)
