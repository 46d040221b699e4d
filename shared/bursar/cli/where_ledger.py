"""Which ledger a command is about; said in the same words by each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from bursar.cli.where_deployed import WhereDeployed

if TYPE_CHECKING:
    from bursar.cli.deployed_ledger import DeployedLedger

Help = Parameter


@Parameter(name="*")
@dataclass(frozen=True)
class Where(WhereDeployed):
    """A deployed guard's table and bucket, by its stack or by their names."""

    bucket: Annotated[
        str | None, Help(name="--bucket", help="of archived usage, instead of --stack")
    ] = None
    json: Annotated[bool, Help(name="--json", negative="", help="print JSON")] = False

    def ledger(self) -> DeployedLedger:
        from bursar.cli.deployed_ledger import DeployedLedger

        return DeployedLedger.find(self.table, self.bucket, self.stack, self.region)
