"""Which deployed guard a command is about; said in the same words by each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Parameter

Help = Parameter


@Parameter(name="*")
@dataclass(frozen=True)
class WhereDeployed:
    """A deployed guard's table, by its stack or by its name."""

    stack: Annotated[str, Help(name="--stack", help="the deployed stack")] = "Bursar"
    region: Annotated[str | None, Help(name="--region", help="where it is deployed")] = None
    table: Annotated[str | None, Help(name="--table", help="instead of --stack")] = None

    def open_table(self) -> Any:
        from bursar.cli.deployed import deployed_table

        return deployed_table(self.table, self.stack, self.region)
