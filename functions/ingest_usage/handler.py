"""Usage from the producers' queues: one batch is of one producer."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.usage import UsageBatch, batch_response
from bursar.jobs.ingest_usage import Message
from bursar.settings import IngestUsageSettings
from bursar.wiring import Ports


@entrypoint(UsageBatch.model_validate, IngestUsageSettings)
def handler(batch: UsageBatch, ports: Ports) -> dict[str, Any]:
    producer = ports.config.usage.producer(ports.producer_of_queue(batch.queue_arn))
    messages = [Message(each.id, each.body, each.sent_at) for each in batch.messages]
    taken = ports.usage_intake(producer.policy()).take(messages)
    counted = {"transaction_conflicts": taken.transaction_conflicts}
    return batch_response(taken.failed) | counted
