"""Exception stores on whatever a test stands on, and steps to commit to them."""

from __future__ import annotations

from typing import Any, NamedTuple

from bursar.adapters.dynamodb.governance.audit import DynamoAudit
from bursar.adapters.dynamodb.governance.exceptions import DynamoExceptions
from bursar.adapters.dynamodb.outbox import DynamoOutbox
from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.governance import MemoryAudit, MemoryExceptions
from bursar.domain.governance import asking
from bursar.domain.governance.changes import Action, Change, change
from bursar.domain.governance.decisions import Choice, decide
from bursar.domain.governance.exceptions import SpendException
from bursar.ports import Outbox
from tests.unit.governance.world import BY_ID, NOON, RULES, request


class Stores(NamedTuple):
    exceptions: MemoryExceptions | DynamoExceptions
    audit: MemoryAudit | DynamoAudit
    outbox: Outbox

    def opening(self, id_: str = "E1", amount: str = "50000.000000000001", **more: Any) -> Change:
        split = self.exceptions.split("search", "training-job")
        opened = asking.open_exception(
            id_, request(amount, **more), BY_ID["rita"], NOON, rules=RULES, split=split
        )
        return change(Action.OPENED, "rita", NOON, None, opened, split)

    def deciding(
        self, old: SpendException, person: str, choice: Choice = Choice.APPROVE
    ) -> Change:
        split = self.exceptions.split(old.team, old.request.policy)
        new, decision = decide(
            old,
            BY_ID[person],
            choice,
            old.version,
            NOON,
            rules=RULES,
            split=split,
            comment="because",
        )
        return change(Action.DECIDED, person, NOON, old, new, split, decision)

    def audited(self) -> list[str]:
        return [each.id for each in self.audit.waiting(99)]


def stores_on(backing: Any) -> Stores:
    if backing is None:
        outbox, audit = MemoryOutbox(), MemoryAudit()
        return Stores(MemoryExceptions(outbox, audit), audit, outbox)
    return Stores(DynamoExceptions(backing), DynamoAudit(backing), DynamoOutbox(backing))
