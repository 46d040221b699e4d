"""How usage comes in: a queue for each producer, which says whose usage it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from bursar import settings
from bursar.config.usage import Producer
from infra.constructs.dead_letters import DeadLetters
from infra.constructs.function import Function, Shared, pascal_case

_MOST_MESSAGES = 10_000
_GATHER = Duration.seconds(60)  # full batches are what makes a record cheap
_TAKES_BEFORE_GIVING_UP = 8
_TIMEOUT_SECONDS = 120


class UsageIntake(Construct):
    """Nothing at all where nobody is configured to tell usage."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        producers: Sequence[Producer],
        shared: Shared,
        stored: Mapping[str, str],
        dead: DeadLetters,
    ) -> None:
        super().__init__(scope, id_)
        self.queues: Mapping[str, sqs.Queue] = {
            producer.name: self._queue(producer, dead) for producer in producers
        }
        self.functions: list[Function] = []
        if producers:
            self.functions = [self._ingest(shared, stored)]

    def _ingest(self, shared: Shared, stored: Mapping[str, str]) -> Function:
        queues = ",".join(f"{name}={queue.queue_arn}" for name, queue in self.queues.items())
        function = Function(
            self,
            "ingest_usage",
            settings.IngestUsageSettings(**stored, producer_queues=queues),
            shared=shared,
            timeout_seconds=_TIMEOUT_SECONDS,
            memory_mib=1024,
        )
        for queue in self.queues.values():
            function.lambda_function.add_event_source(
                sources.SqsEventSource(
                    queue,
                    batch_size=_MOST_MESSAGES,
                    max_batching_window=_GATHER,
                    report_batch_item_failures=True,
                )
            )
        return function

    def _queue(self, producer: Producer, dead: DeadLetters) -> sqs.Queue:
        """What cannot be posted in eight tries is kept in `failed_events`."""
        name = pascal_case(producer.name)
        queue = sqs.Queue(
            self,
            name,
            # a producer then needs no right to use Bursar's key
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            visibility_timeout=Duration.seconds(6 * _TIMEOUT_SECONDS),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=dead.failed_events, max_receive_count=_TAKES_BEFORE_GIVING_UP
            ),
        )
        if producer.role_arns:
            queue.add_to_resource_policy(
                iam.PolicyStatement(
                    sid="TheProducerAlone",
                    principals=[iam.ArnPrincipal(role) for role in producer.role_arns],
                    actions=["sqs:SendMessage", "sqs:GetQueueUrl", "sqs:GetQueueAttributes"],
                    resources=[queue.queue_arn],
                )
            )
        if producer.event_source:
            events.Rule(
                self,
                f"{name}Events",
                description=f"Usage that {producer.name} tells through EventBridge",
                event_pattern=events.EventPattern(
                    source=[producer.event_source], account=[Stack.of(self).account]
                ),
                targets=[targets.SqsQueue(queue, dead_letter_queue=dead.undelivered)],
            )
        return queue
