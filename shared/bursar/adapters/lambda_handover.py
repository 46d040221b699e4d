"""Handing over to another function: Lambda tries its event again, and keeps it if it fails."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


class LambdaHandover:
    def __init__(self, client: Any, function_arn: str) -> None:
        self._client, self._function_arn = client, function_arn

    def hand_over(self, event: Mapping[str, Any]) -> None:
        self._client.invoke(
            FunctionName=self._function_arn,
            InvocationType="Event",
            Payload=json.dumps(event).encode(),
        )
