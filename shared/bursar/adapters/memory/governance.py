"""Exceptions, the audit and workflows in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from bursar.adapters.memory.allowances import MemoryAllowances
from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.domain.governance.audit import AuditHead, AuditIntent, AuditRecord
from bursar.domain.governance.changes import Change, TaskToken
from bursar.domain.governance.decisions import TierDecision
from bursar.domain.governance.exceptions import SpendException
from bursar.domain.governance.splitting import SplitCount
from bursar.domain.governance.steps import ClosedTaskError, Step, is_answered

_MOST_LISTED = 200


class MemoryAudit:
    """AuditIntents and AuditChain in one."""

    def __init__(self) -> None:
        self._waiting: dict[str, AuditIntent] = {}
        self._records: list[AuditRecord] = []

    def add(self, intent: AuditIntent) -> None:
        self._waiting[intent.id] = intent

    def waiting(self, at_most: int) -> Sequence[AuditIntent]:
        oldest = sorted(self._waiting.values(), key=lambda each: (each.at, each.id))
        return oldest[:at_most]

    def head(self) -> AuditHead:
        if not self._records:
            return AuditHead()
        return AuditHead(self._records[-1].number, self._records[-1].hash)

    def append(
        self, head: AuditHead, intents: Sequence[AuditIntent], records: Sequence[AuditRecord]
    ) -> bool:
        if head != self.head() or any(each.id not in self._waiting for each in intents):
            return False
        self._records += records
        for each in intents:
            del self._waiting[each.id]
        return True

    def records(self, after: int = 0, at_most: int | None = None) -> Iterator[AuditRecord]:
        beyond = [each for each in self._records if each.number > after]
        return iter(beyond[:at_most])


class MemoryAuditAnchors:
    def __init__(self) -> None:
        self._heads: list[AuditHead] = []

    def put(self, head: AuditHead, at: datetime) -> None:
        del at  # only files have names
        self._heads.append(head)

    def all(self) -> Sequence[AuditHead]:
        return tuple(self._heads)


class MemoryExceptions(MemoryAllowances):
    """ExceptionStore, ExceptionHistory, Allowances and TaskTokens in one."""

    def __init__(self, outbox: MemoryOutbox, audit: MemoryAudit) -> None:
        super().__init__()
        self._outbox, self._audit = outbox, audit
        self._exceptions: dict[str, SpendException] = {}
        self._splits: dict[tuple[str, str], SplitCount] = {}
        self._decisions: dict[str, list[TierDecision]] = {}
        self._tokens: dict[tuple[str, str], TaskToken] = {}

    def find(self, exception_id: str) -> SpendException | None:
        return self._exceptions.get(exception_id)

    def split(self, team: str, policy: str) -> SplitCount:
        return self._splits.get((team, policy)) or SplitCount(team=team, policy=policy)

    def commit(self, change: Change) -> bool:
        new, count = change.new, change.split
        with self._lock:
            if not self._is_current(change):
                return False
            self._exceptions[new.id] = new
            self._splits[count.team, count.policy] = count
            if change.decision:
                self._decisions.setdefault(new.id, []).append(change.decision)
            if change.allowance:
                self.grant(change.allowance)
            self._audit.add(change.audit)
            for row in change.outbox:
                self._outbox.put(row)
        return True

    def _is_current(self, change: Change) -> bool:
        stored, count = self._exceptions.get(change.new.id), change.split
        old = change.old.revision if change.old else None
        version = self.split(count.team, count.policy).version
        return (stored.revision if stored else None) == old and version == count.version - 1

    def decisions(self, exception_id: str) -> Sequence[TierDecision]:
        return tuple(self._decisions.get(exception_id, ()))

    def recent(self) -> Sequence[SpendException]:
        newest = sorted(self._exceptions.values(), key=lambda each: each.id, reverse=True)
        return newest[:_MOST_LISTED]

    def pending(self) -> Sequence[SpendException]:
        waiting = (each for each in self._exceptions.values() if each.asked is not None)
        return sorted(waiting, key=lambda each: each.id)

    def put(self, token: TaskToken) -> bool:
        with self._lock:
            exception = self._exceptions.get(token.exception)
            if exception is None or is_answered(exception, token.version, token.tier):
                return False
            self._tokens[token.exception, token.tier] = token
            return True

    def latest(self, exception_id: str, tier: str) -> TaskToken | None:
        return self._tokens.get((exception_id, tier))


class MemoryWorkflow:
    """Executions by name, and what each token was answered."""

    def __init__(self) -> None:
        self.started: dict[str, Step] = {}
        self.waiting: set[str] = set()
        self.answers: dict[str, Step] = {}

    def start(self, name: str, step: Step) -> None:
        self.started.setdefault(name, step)

    def answer(self, token: str, step: Step) -> None:
        if token not in self.waiting:
            raise ClosedTaskError("nothing waits with this token")
        self.waiting.remove(token)
        self.answers[token] = step
