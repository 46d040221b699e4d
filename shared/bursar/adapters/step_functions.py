"""The executions that ask for consent, in Step Functions Standard.

Task tokens are in what Step Functions says of its errors: none of it is told on.
"""

from __future__ import annotations

from typing import Any

from bursar.domain.governance.steps import ClosedTaskError, Step


class NotAStarterError(Exception):
    """An execution was to be started by a function that may only answer."""


class StepFunctionsWorkflow:
    def __init__(self, client: Any, state_machine_arn: str = "") -> None:
        """Without an ARN it answers, and starts nothing."""
        self._client, self._arn = client, state_machine_arn

    def start(self, name: str, step: Step) -> None:
        """Start an execution; one of this name, whatever became of it, stays as it is.

        Raises:
            NotAStarterError: this function does not know what to start.
        """
        if not self._arn:
            raise NotAStarterError(name)
        try:
            self._client.start_execution(
                stateMachineArn=self._arn, name=name, input=step.model_dump_json()
            )
        except self._client.exceptions.ExecutionAlreadyExists:
            return

    def answer(self, token: str, step: Step) -> None:
        """Let the execution that waits with this token go on.

        Raises:
            ClosedTaskError: nothing waits with it.
        """
        closed = self._client.exceptions
        try:
            self._client.send_task_success(taskToken=token, output=step.model_dump_json())
        except (closed.InvalidToken, closed.TaskTimedOut, closed.TaskDoesNotExist):
            raise ClosedTaskError("nothing waits with this token") from None
