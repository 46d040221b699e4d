"""`bursar audit`: export the chain of a deployed Bursar, or verify that nothing was changed."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Annotated

import boto3
from cyclopts import App, Parameter

from bursar.adapters.cloudformation import stack_outputs
from bursar.adapters.dynamodb.governance.audit import DynamoAudit
from bursar.adapters.s3_audit_anchors import S3AuditAnchors
from bursar.cli.deployed import UNANSWERED, deployed_table, leave_unanswered
from bursar.cli.exits import Exit, leave
from bursar.jobs.verify_audit import verify_audit

Help = Parameter
_CHANGED = 1

app = App(name="audit", help="Export the audit, or verify that nothing of it was changed.")


@Parameter(name="*")
@dataclass(frozen=True)
class Where:
    """Which audit."""

    stack: Annotated[str, Help(name="--stack", help="the deployed stack")] = "Bursar"
    region: Annotated[str | None, Help(name="--region", help="where it is deployed")] = None
    table: Annotated[str | None, Help(name="--table", help="instead of --stack")] = None
    bucket: Annotated[
        str | None, Help(name="--bucket", help="of the anchored heads, instead of --stack")
    ] = None

    def audit(self) -> DynamoAudit:
        return DynamoAudit(deployed_table(self.table, self.stack, self.region))

    def anchors(self) -> S3AuditAnchors:
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
        for number, body, hash_ in where.audit().records():
            line = {"number": number, "hash": hash_.hex(), "body": body.decode()}
            sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    except UNANSWERED as error:
        leave_unanswered(error, where.stack)


@app.command
def verify(*, where: Where = _HERE) -> None:
    """Hash every record again, and compare with the head and with the anchored heads.

    Exit code 0: it is whole. 1: it was changed, or is not whole. 2: wrong input. 3: AWS cannot
    be asked.
    """
    try:
        audit = where.audit()
        findings = verify_audit(audit, where.anchors())
        head = audit.head()
    except UNANSWERED as error:
        leave_unanswered(error, where.stack)
    for finding in findings:
        sys.stdout.write(f"record {finding.number}: {finding.told}\n")
    if findings:
        raise SystemExit(_CHANGED)
    sys.stdout.write(f"whole: {head.number} records, ending in {head.hash.hex()}\n")
