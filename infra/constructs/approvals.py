"""Approvals: the workflow that asks people, who starts and answers it, and the audit of it all."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from bursar import settings
from bursar.config import Config
from infra.constructs.approvals_workflow import ApprovalsWorkflow
from infra.constructs.dead_letters import DeadLetters
from infra.constructs.function import Function, Shared
from infra.constructs.private_bucket import PrivateBucket
from infra.constructs.schedules import Schedules
from infra.constructs.slack_app import SlackApp
from infra.constructs.triggers import follow_audit

AUDIT_HEADS = "audit/heads/"
_LOCKED = Duration.days(400)  # a year's audit, and the time to make it


class Approvals(Construct):
    """Nothing at all where nobody is configured who could ask or decide.

    No heartbeats: a run that fails lies in FailedEvents, as an execution does that failed.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: Config,
        shared: Shared,
        table_name: str,
        key: kms.IKey,
        dead: DeadLetters,
        slack: SlackApp,
        retain: bool,
    ) -> None:
        super().__init__(scope, id_)
        self.functions: list[Function] = []
        self.state_machine_arn = ""
        if not config.governance.people:
            return
        ask = Function(
            self,
            "ask_approver",
            settings.AskApproverSettings(table_name=table_name, slack_function_arn=slack.ask_arn),
            shared=shared,
        )
        remind = Function(
            self,
            "remind_approver",
            settings.RemindApproverSettings(
                table_name=table_name, slack_function_arn=slack.ask_arn
            ),
            shared=shared,
        )
        resolve = Function(
            self,
            "resolve_tier",
            settings.ResolveTierSettings(table_name=table_name),
            shared=shared,
        )
        workflow = ApprovalsWorkflow(self, "Workflow", ask=ask, remind=remind, resolve=resolve)
        self.state_machine_arn = workflow.arn
        self._keep_failed(workflow, dead)
        self._resume = Function(
            self,
            "resume_workflows",
            settings.ResumeWorkflowsSettings(
                table_name=table_name, state_machine_arn=workflow.arn
            ),
            shared=shared,
        )
        self.let_start(self._resume)
        self.let_answer(ask)
        for function in (ask, remind):
            slack.let_ask(function)
        for function in slack.deciders:
            self.let_answer(function)
        self.let_answer(remind)
        heads = self._heads(key, retain)
        self._chain = Function(
            self,
            "chain_audit",
            settings.ChainAuditSettings(table_name=table_name, audit_bucket=heads.bucket_name),
            shared=shared,
        )
        self._chain.lambda_function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["s3:PutObject"], resources=[heads.arn_for_objects(AUDIT_HEADS + "*")]
            )
        )
        self.functions = [ask, remind, resolve, self._resume, self._chain]
        self.audit_bucket = heads.bucket_name

    def schedule(self, when: Schedules) -> None:
        if self.functions:
            when.run(self._resume, cron="21 *")
            when.run(self._chain, cron="21 *", part="anchor")  # what it anchors it chains first

    def follow_audit(self, table: dynamodb.ITable, failed_events: sqs.IQueue) -> None:
        if self.functions:
            follow_audit(table, self._chain, failed_events)

    def let_start(self, function: Function) -> None:
        self._let("states:StartExecution", function)

    def let_answer(self, function: Function) -> None:
        self._let("states:SendTaskSuccess", function)

    def _let(self, action: str, function: Function) -> None:
        if self.state_machine_arn:
            function.lambda_function.add_to_role_policy(
                iam.PolicyStatement(actions=[action], resources=[self.state_machine_arn])
            )

    def _keep_failed(self, workflow: ApprovalsWorkflow, dead: DeadLetters) -> None:
        """What says that one failed holds no token: the input, and what was answered last."""
        events.Rule(
            self,
            "Failed",
            description="Approvals whose workflow failed",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [workflow.arn],
                    "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                },
            ),
            targets=[targets.SqsQueue(dead.failed_events, dead_letter_queue=dead.undelivered)],
        )

    def _heads(self, key: kms.IKey, retain: bool) -> s3.Bucket:
        """Nobody, the account's root included, can change or delete a head before its time."""
        return PrivateBucket(
            self,
            "AuditHeads",
            key=key,
            retain=retain,
            versioned=True,
            object_lock_enabled=True,
            object_lock_default_retention=s3.ObjectLockRetention.compliance(_LOCKED)
            if retain
            else s3.ObjectLockRetention.governance(Duration.days(1)),
        )
