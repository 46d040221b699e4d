"""Heads of the audit chain in S3: `audit/heads/<number>-<hash>`, one small object each.

The bucket's Object Lock keeps them from being changed; the names alone say what they hold, so
that a listing is all that is read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bursar.domain.governance.audit import AuditHead

_FOLDER = "audit/heads/"
_NAME = re.compile("([0-9]{12})-([0-9a-f]{64})")


class S3AuditAnchors:
    def __init__(self, client: Any, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def put(self, head: AuditHead, at: datetime) -> None:
        name = f"{_FOLDER}{head.number:012}-{head.hash.hex()}"
        body = at.astimezone(UTC).isoformat().encode()
        # an object's lock takes a checksum with each put
        self._client.put_object(
            Bucket=self._bucket, Key=name, Body=body, ChecksumAlgorithm="SHA256"
        )

    def all(self) -> Sequence[AuditHead]:
        """By number; both of two that differ."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=_FOLDER
        )
        names = (entry["Key"] for page in pages for entry in page.get("Contents", ()))
        found = (_NAME.fullmatch(name.removeprefix(_FOLDER)) for name in names)
        return [AuditHead(int(each[1]), bytes.fromhex(each[2])) for each in found if each]
