"""Exceptions, their workflow and their audit, as far as a function's settings allow them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bursar.adapters.dynamodb.governance.audit import DynamoAudit
from bursar.adapters.dynamodb.governance.exceptions import DynamoExceptions
from bursar.adapters.dynamodb.ledger.windows import DynamoEnforcedWindows
from bursar.adapters.s3_audit_anchors import S3AuditAnchors
from bursar.adapters.step_functions import StepFunctionsWorkflow
from bursar.config import Config
from bursar.settings import HasAuditBucket, HasWorkflow, Settings

if TYPE_CHECKING:
    from bursar.ports import ApproverChat
    from bursar.wiring.slack import Slack


class Governance:
    """One store for exceptions, their history and task tokens; one for the audit."""

    def __init__(
        self, config: Config, settings: Settings, table: Any, client: Callable[[str], Any]
    ) -> None:
        self.rules = config.governance.rules()
        self.exceptions = DynamoExceptions(table)
        self.audit = DynamoAudit(table)
        self._table, self._settings, self._client = table, settings, client
        self._slack = config.governance.slack

    @cached_property
    def windows(self) -> DynamoEnforcedWindows:
        """Those of enforced budgets: what admission alone needs is left where it is."""
        return DynamoEnforcedWindows(self._table)

    @cached_property
    def workflow(self) -> StepFunctionsWorkflow:
        """Who was not given the state machine's ARN can answer, and start nothing."""
        given = self._settings
        arn = given.state_machine_arn if isinstance(given, HasWorkflow) else ""
        return StepFunctionsWorkflow(self._client("stepfunctions"), arn)

    @cached_property
    def slack(self) -> Slack | None:
        """None where no app of Slack's is configured."""
        from bursar.wiring.slack import Slack

        return Slack(self._slack, self._settings, self._client) if self._slack else None

    @property
    def approver_chat(self) -> ApproverChat:
        """Raises:
        LookupError: there is none.
        """
        if self.slack is None:
            raise LookupError("governance.slack is not configured")
        return self.slack.chat

    @cached_property
    def anchors(self) -> S3AuditAnchors:
        """Raises:
        LookupError: this function was not given the bucket.
        """
        if not isinstance(self._settings, HasAuditBucket):
            raise LookupError(f"{type(self._settings).__name__} has no bucket of the audit")
        return S3AuditAnchors(self._client("s3"), self._settings.audit_bucket)
