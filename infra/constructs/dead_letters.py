"""Where work and messages go that nobody could take."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct


class DeadLetters(Construct):
    """`failed_events`: a function took the event and failed. `undelivered`: none was reached."""

    def __init__(self, scope: Construct, id_: str, *, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self.failed_events = self._queue("FailedEvents", key)
        self.undelivered = self._queue("Undelivered", key)

    def _queue(self, id_: str, key: kms.IKey) -> sqs.Queue:
        return sqs.Queue(
            self,
            id_,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
