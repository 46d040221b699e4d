"""What exceptions have paid for jobs, in this process."""

from __future__ import annotations

from datetime import datetime
from threading import Lock

from bursar.adapters.memory.governance import MemoryAudit, MemoryExceptions
from bursar.domain.gate.verdicts import JobApproval
from bursar.domain.governance.audit import AuditIntent
from bursar.domain.governance.consumption import AllowanceError


class MemoryJobApprovals:
    def __init__(self, exceptions: MemoryExceptions, audit: MemoryAudit) -> None:
        self._exceptions, self._audit = exceptions, audit
        self._paid: dict[str, JobApproval] = {}
        self._lock = Lock()

    def approved(self, submission: str) -> JobApproval | None:
        return self._paid.get(submission)

    def pay(
        self, old: JobApproval | None, new: JobApproval, at: datetime, intent: AuditIntent
    ) -> bool:
        amount = new.beyond(old)
        with self._lock:
            if self._paid.get(new.submission) != old:
                return False
            try:
                self._exceptions.debit(new.exception, amount, new.window(at), at)
            except AllowanceError:
                return False
            self._paid[new.submission] = new
            self._audit.add(intent)
        return True
