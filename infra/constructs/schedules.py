"""When what runs: EventBridge Scheduler, which says in the event when the run was due."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.function import Function


class Schedules(Construct):
    """One group, one role. Times are UTC and exact: the scheduled time is data."""

    def __init__(self, scope: Construct, id_: str, *, undelivered: sqs.IQueue) -> None:
        super().__init__(scope, id_)
        self._undelivered = undelivered
        self._group = scheduler.ScheduleGroup(self, "Group")
        self._role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={"ArnEquals": {"aws:SourceArn": self._group.schedule_group_arn}},
            ),
        )
        # Scheduler's own grant names the queue, but not the key that encrypts it.
        undelivered.grant_send_messages(self._role)

    def run(self, function: Function, *, cron: str, twin: str = "", **inputs: str) -> None:
        """Invoke with `scheduled_at` and the inputs; `cron` is `minute hour`, every day."""
        minute, hour = cron.split()
        scheduler.Schedule(
            self,
            function.node.id + twin,
            schedule=scheduler.ScheduleExpression.cron(minute=minute, hour=hour),
            schedule_group=self._group,
            time_window=scheduler.TimeWindow.off(),
            target=targets.LambdaInvoke(
                function.lambda_function,
                role=self._role,
                input=scheduler.ScheduleTargetInput.from_object(
                    {"scheduled_at": scheduler.ContextAttribute.scheduled_time, **inputs}
                ),
                retry_attempts=2,
                max_event_age=Duration.hours(1),
                dead_letter_queue=self._undelivered,
            ),
        )
