"""The workflow of one exception: ask a tier, remind it, and go by what is stored."""

from __future__ import annotations

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from bursar.domain.governance.steps import Outcome
from infra.constructs.function import Function

_TASK_FAILED = "States.TaskFailed"  # all but a timeout


class ApprovalsWorkflow(Construct):
    """Every step comes as data, with its waits in seconds: the table decides, this only waits.

    It is not logged: what it would log are task tokens.
    """

    def __init__(
        self, scope: Construct, id_: str, *, ask: Function, remind: Function, resolve: Function
    ) -> None:
        super().__init__(scope, id_)
        name = f"{Stack.of(self).stack_name}-approvals"
        # by name, because its functions must be allowed to answer it before it is there
        self.arn = Stack.of(self).format_arn(
            service="states",
            resource="stateMachine",
            resource_name=name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        asked = self._wait("Ask", ask, "$.remind_in_seconds")
        reminded = self._wait("Remind", remind, "$.then_wait_seconds")
        resolved = tasks.LambdaInvoke(
            self,
            "Resolve",
            lambda_function=resolve.lambda_function,
            payload=sfn.TaskInput.from_object(_TIER),
            output_path="$.Payload",
        )
        _retry(resolved)
        what_next = (
            sfn.Choice(self, "WhatNext")
            .when(sfn.Condition.string_equals("$.outcome", Outcome.ASK), asked)
            .otherwise(sfn.Succeed(self, "Over"))
        )
        for task, otherwise in ((asked, reminded), (reminded, resolved)):
            task.add_catch(otherwise, errors=["States.Timeout"], result_path="$.waited")
            task.next(what_next)
        resolved.next(what_next)
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=name,
            definition_body=sfn.DefinitionBody.from_chainable(what_next),
            tracing_enabled=True,
        )

    def _wait(self, id_: str, function: Function, seconds_path: str) -> tasks.LambdaInvoke:
        task = tasks.LambdaInvoke(
            self,
            id_,
            lambda_function=function.lambda_function,
            integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
            payload=sfn.TaskInput.from_object(_TIER | {"token": sfn.JsonPath.task_token}),
            task_timeout=sfn.Timeout.at(seconds_path),
        )
        _retry(task)
        return task


_TIER = {
    "exception": sfn.JsonPath.string_at("$.exception"),
    "version": sfn.JsonPath.number_at("$.version"),
    "tier": sfn.JsonPath.string_at("$.tier"),
    "at": sfn.JsonPath.string_at("$$.State.EnteredTime"),
}


def _retry(task: tasks.LambdaInvoke) -> None:
    """For some four hours: 10 s, 20 s, ... 1,280 s, then every half hour."""
    task.add_retry(
        errors=[_TASK_FAILED],
        interval=Duration.seconds(10),
        backoff_rate=2,
        max_delay=Duration.minutes(30),
        max_attempts=14,
    )
