"""Chain the audit: append what waits to the hash chain, and anchor its head."""

from __future__ import annotations

from datetime import datetime

from bursar.domain.governance.audit import AuditHead, chain
from bursar.ports import AuditAnchors, AuditChain, AuditIntents

_AT_ONCE = 40  # two actions each and the head: DynamoDB takes 100
_TRIES = 5


class AuditContentionError(Exception):
    """Another chainer kept moving the head for all of our tries; the next run goes on."""


def chain_audit(intents: AuditIntents, audit: AuditChain, *, at_most: int = 4_000) -> AuditHead:
    """Append what waits, some 40 at a time; the head afterwards.

    A refusal while the head stands still means that the listing was behind: the next run goes on.

    Raises:
        AuditContentionError: there is another chainer.
    """
    refused, appended = 0, 0
    while appended < at_most and (waiting := intents.waiting(_AT_ONCE)):
        head = audit.head()
        if audit.append(head, waiting, chain(head, waiting)):
            refused, appended = 0, appended + len(waiting)
        elif audit.head() == head:
            break
        elif (refused := refused + 1) == _TRIES:
            raise AuditContentionError(f"the head moved on from {head.number}")
    return audit.head()


def anchor_audit(audit: AuditChain, anchors: AuditAnchors, at: datetime) -> AuditHead:
    """Keep the present head where nobody can change it."""
    head = audit.head()
    anchors.put(head, at)
    return head
