"""What else wakes a function: events of EC2, and new rows in the table's stream."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as events_targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.function import Function


class InstanceStateChanges(Construct):
    """Every start and end of an EC2 instance in this region."""

    def __init__(
        self, scope: Construct, id_: str, *, target: Function, undelivered: sqs.IQueue
    ) -> None:
        super().__init__(scope, id_)
        events.Rule(
            self,
            "Rule",
            description="When an instance began and ceased to be billed",
            event_pattern=events.EventPattern(
                source=["aws.ec2"], detail_type=["EC2 Instance State-change Notification"]
            ),
            targets=[
                events_targets.LambdaFunction(
                    target.lambda_function,
                    dead_letter_queue=undelivered,
                    retry_attempts=20,
                    max_event_age=Duration.hours(6),
                )
            ],
        )


def follow_outbox(table: dynamodb.ITable, target: Function, failed_events: sqs.IQueue) -> None:
    """Invoke the function with new outbox rows; the hourly sweep finds what it gave up on."""
    _follow("OUTBOX#", table, target, failed_events)


def follow_audit(table: dynamodb.ITable, target: Function, failed_events: sqs.IQueue) -> None:
    """Invoke the function when intents were written, whose keys begin with their year: until
    they are chained, nothing shows that one was taken away."""
    _follow("AUDIT#2", table, target, failed_events)


def _follow(
    prefix: str, table: dynamodb.ITable, target: Function, failed_events: sqs.IQueue
) -> None:
    """A few seconds after items were inserted. Those of a batch that fails four times are kept
    in the queue."""
    inserted = lambda_.FilterCriteria.filter(
        {
            "eventName": lambda_.FilterRule.is_equal("INSERT"),
            "dynamodb": {"Keys": {"pk": {"S": lambda_.FilterRule.begins_with(prefix)}}},
        }
    )
    target.lambda_function.add_event_source(
        sources.DynamoEventSource(
            table,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            filters=[inserted],
            batch_size=25,
            max_batching_window=Duration.seconds(5),
            retry_attempts=3,
            bisect_batch_on_error=True,
            on_failure=sources.SqsDlq(failed_events),
        )
    )
