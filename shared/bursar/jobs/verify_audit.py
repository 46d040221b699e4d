"""Verify the audit: read the whole chain, and hold it against its head and the anchors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bursar.domain.governance.audit import AuditRecord, Finding, verify
from bursar.ports import AuditAnchors, AuditReader


def verify_audit(audit: AuditReader, anchors: AuditAnchors) -> Sequence[Finding]:
    """What is wrong with it; nothing: it is whole. What is appended meanwhile is left out."""
    anchored = anchors.all()  # before the head, so that none is ahead of it
    head = audit.head()
    last = 0

    def kept() -> Iterator[AuditRecord]:
        nonlocal last
        for record in audit.records():
            last = max(last, record.number)
            if record.number <= head.number:
                yield record

    findings = verify(kept(), head, anchored)
    if last > (end := audit.head().number):  # a record and its head are appended as one
        findings.append(Finding(last, f"the head ends at {end}, before this record"))
    return findings
