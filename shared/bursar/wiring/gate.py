"""Where the gate for jobs reads approved exceptions, and what it uses of them."""

from __future__ import annotations

from typing import Any

from bursar.adapters.dynamodb.governance.exceptions import DynamoExceptions
from bursar.adapters.dynamodb.governance.job_approvals import DynamoJobApprovals
from bursar.jobs.gate_job import Exceptions


def gate_exceptions(table: Any) -> Exceptions:
    store = DynamoExceptions(table)
    return Exceptions(store, store, DynamoJobApprovals(table))
