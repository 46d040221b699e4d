"""Every hour: append to the chain of the audit, and anchor its head."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.approvals import AuditPart, AuditRun
from bursar.jobs.chain_audit import anchor_audit, chain_audit
from bursar.settings import ChainAuditSettings
from bursar.wiring import Ports


@entrypoint(AuditRun.model_validate, ChainAuditSettings)
def handler(run: AuditRun, ports: Ports) -> dict[str, Any]:
    of = ports.governance
    head = chain_audit(of.audit, of.audit)
    if run.part is AuditPart.ANCHOR:
        anchor_audit(of.audit, of.anchors, run.scheduled_at)
    return {"records": head.number}
