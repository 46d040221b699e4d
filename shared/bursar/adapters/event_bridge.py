"""Bursar's own events, on the account's default EventBridge bus."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

SOURCE = "bursar"


class EventNotSentError(Exception):
    """EventBridge took the call and refused the event."""


class EventBridgeBus:
    def __init__(self, client: Any) -> None:
        self._client = client

    def send(self, kind: str, detail: Mapping[str, object], at: datetime) -> None:
        entry = {
            "Source": SOURCE,
            "DetailType": kind,
            "Detail": json.dumps(dict(detail)),
            "Time": at,
        }
        told = self._client.put_events(Entries=[entry])
        if told["FailedEntryCount"]:
            refused = told["Entries"][0]
            raise EventNotSentError(f"{refused.get('ErrorCode')}: {refused.get('ErrorMessage')}")
