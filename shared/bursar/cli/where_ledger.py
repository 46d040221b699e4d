"""Which ledger a command is about; said in the same words by each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from bursar.cli.deployed_ledger import DeployedLedger

Help = Parameter


@Parameter(name="*")
@dataclass(frozen=True)
class Where:
    """A deployed guard's, by its stack or by names."""

    stack: Annotated[str, Help(name="--stack", help="the deployed stack")] = "Bursar"
    region: Annotated[str | None, Help(name="--region", help="where it is deployed")] = None
    table: Annotated[str | None, Help(name="--table", help="instead of --stack")] = None
    bucket: Annotated[
        str | None, Help(name="--bucket", help="of archived usage, instead of --stack")
    ] = None
    json: Annotated[bool, Help(name="--json", negative="", help="print JSON")] = False

    def ledger(self) -> DeployedLedger:
        from bursar.cli.deployed_ledger import DeployedLedger

        return DeployedLedger.find(self.table, self.bucket, self.stack, self.region)
