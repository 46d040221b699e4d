"""`bursar audit`: export the chain of a deployed Bursar, or verify that nothing was changed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import boto3
from cyclopts import App, Parameter

from bursar.adapters.cloudformation import stack_outputs
from bursar.adapters.dynamodb.governance.audit import DynamoAudit
from bursar.adapters.memory.governance import MemoryAuditAnchors
from bursar.adapters.s3_audit_anchors import S3AuditAnchors
from bursar.cli import clock
from bursar.cli.api import LOCAL_URL, call
from bursar.cli.deployed import UNANSWERED, leave_unanswered
from bursar.cli.exits import Exit, leave
from bursar.cli.where_deployed import WhereDeployed
from bursar.domain.governance.audit import AuditHead, AuditRecord
from bursar.jobs.verify_audit import verify_audit

Help = Parameter
_CHANGED = 1

app = App(name="audit", help="Export the audit, or verify that nothing of it was changed.")


class ApiAudit:
    """The chain as the API tells it."""

    def __init__(self, url: str, as_: str | None) -> None:
        self._url, self._as = url, as_

    def head(self) -> AuditHead:
        told = self._page(0)["head"]
        return AuditHead(told["number"], bytes.fromhex(told["hash"]))

    def records(self, after: int = 0) -> Iterator[AuditRecord]:
        while page := self._page(after)["records"]:
            for each in page:
                yield AuditRecord(
                    each["number"], each["body"].encode(), bytes.fromhex(each["hash"])
                )
            after += len(page)

    def _page(self, after: int) -> Any:
        return call(self._url, "GET", f"/v1/audit?after={after}", as_=self._as)


class FileAudit:
    """An exported chain, which ends where the file does."""

    def __init__(self, file: Path) -> None:
        """Read it; what is no export of a chain ends the command."""
        self._records: list[AuditRecord] = []
        try:
            lines = file.read_text(encoding="utf-8").rstrip("\n").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            leave(Exit.WRONG_INPUT, [f"{file}: {error}"])
        for number, line in enumerate(filter(None, lines), 1):
            try:
                told = json.loads(line)
                body, hash_ = told["body"].encode(), bytes.fromhex(told["hash"])
                self._records.append(AuditRecord(int(told["number"]), body, hash_))
            except (ValueError, KeyError, TypeError, AttributeError):
                leave(Exit.WRONG_INPUT, [f"{file}:{number} is no record of an export"])

    def head(self) -> AuditHead:
        last = self._records[-1:]
        return AuditHead(last[0].number, last[0].hash) if last else AuditHead()

    def records(self, after: int = 0) -> Iterator[AuditRecord]:
        return iter(self._records[after:])


@Parameter(name="*")
@dataclass(frozen=True)
class Where(WhereDeployed):
    """Which audit: of the stack's table, or as the API tells it."""

    bucket: Annotated[
        str | None, Help(name="--bucket", help="of the anchored heads, instead of --stack")
    ] = None
    url: Annotated[
        str | None, Help(name="--url", help="of the API, to read it there: without the anchors")
    ] = None
    as_: Annotated[
        str | None, Help(name="--as", help="an example person's email: `bursar local serve`")
    ] = None

    @property
    def api(self) -> str | None:
        return self.url or (LOCAL_URL if self.as_ else None)

    @property
    def is_named(self) -> bool:
        return bool(self.api or self.table or self.bucket)

    def heads(self) -> MemoryAuditAnchors:
        """The anchored heads, and the present one: what an export of now must hold."""
        found = MemoryAuditAnchors()
        for head in (*self.anchors().all(), self.audit().head()):
            found.put(head, clock.now())
        return found

    def audit(self) -> DynamoAudit | ApiAudit:
        if self.api:
            return ApiAudit(self.api, self.as_)
        return DynamoAudit(self.open_table())

    def anchors(self) -> S3AuditAnchors | MemoryAuditAnchors:
        if self.api:
            return MemoryAuditAnchors()  # none: the API cannot read them
        if (bucket := self.bucket) is None:
            client = boto3.client("cloudformation", region_name=self.region)
            bucket = stack_outputs(client, self.stack).get("AuditBucket")
        if bucket is None:
            told = f"stack {self.stack!r} has no output AuditBucket: name --bucket"
            leave(Exit.WRONG_INPUT, [told])
        return S3AuditAnchors(boto3.client("s3", region_name=self.region), bucket)


_HERE = Where()


@app.command
def export(*, where: Where = _HERE) -> None:
    """Print the chain, a record a line: its number, its hash and the text that was hashed."""
    try:
        for record in where.audit().records():
            line = {"number": record.number, "hash": record.hash.hex(), "body": record.text}
            sys.stdout.write(json.dumps(line) + "\n")
    except UNANSWERED as error:
        leave_unanswered(error, where.stack)


@app.command
def verify(
    file: Annotated[
        Path | None, Help(help="an export, instead of the chain itself; see --as, --url, --table")
    ] = None,
    *,
    where: Where = _HERE,
) -> None:
    """Hash every record again, and compare with the head and with the anchored heads.

    A file shows by itself what was changed in it; what was cut off its end only beside the
    chain, where that is named. Exit code 0: it is whole. 1: it was changed, or is not whole.
    2: wrong input. 3: AWS cannot be asked.
    """
    compared = file is None or where.is_named
    try:
        audit = FileAudit(file) if file else where.audit()
        anchors = (
            (where.heads() if compared else MemoryAuditAnchors()) if file else where.anchors()
        )
        findings = verify_audit(audit, anchors)
        head = audit.head()
    except UNANSWERED as error:
        leave_unanswered(error, where.stack)
    for finding in findings:
        sys.stdout.write(f"record {finding.number}: {finding.told}\n")
    if findings:
        raise SystemExit(_CHANGED)
    if not compared:
        unseen = "; what was cut off after it was not looked for"
    else:
        unseen = "; anchors were not compared" if where.api else ""
    sys.stdout.write(f"whole: {head.number} records, ending in {head.hash.hex()}{unseen}\n")
