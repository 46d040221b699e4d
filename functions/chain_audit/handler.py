"""When intents were written: append them to the audit's chain. Every hour: anchor its head."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.audits import AuditRun
from bursar.jobs.chain_audit import anchor_audit, chain_audit
from bursar.settings import ChainAuditSettings
from bursar.wiring import Ports


@entrypoint(AuditRun.parse, ChainAuditSettings)
def handler(run: AuditRun, ports: Ports) -> dict[str, Any]:
    of = ports.governance
    head = chain_audit(of.audit, of.audit)
    if run.anchor_at:
        anchor_audit(of.audit, of.anchors, run.anchor_at)
    return {"records": head.number}
