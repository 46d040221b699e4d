"""Verify the audit: read the whole chain, and hold it against its head and the anchors."""

from __future__ import annotations

from collections.abc import Sequence

from bursar.domain.governance.audit import Finding, verify
from bursar.ports import AuditAnchors, AuditChain


def verify_audit(audit: AuditChain, anchors: AuditAnchors) -> Sequence[Finding]:
    """What is wrong with it; nothing: it is whole. What is appended meanwhile is left out."""
    anchored = anchors.all()  # before the head, so that none is ahead of it
    head = audit.head()
    kept = (record for record in audit.records() if record.number <= head.number)
    return verify(kept, head, anchored)
