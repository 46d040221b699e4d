"""Messages that cross a process boundary, one module per noun.

Add fields freely; a removal or a change of meaning is a new `schema_version` and a new class.
Time enters Bursar here and nowhere else, so that a retry or a replay computes the same thing.
"""

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
