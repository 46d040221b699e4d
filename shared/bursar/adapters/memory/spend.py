"""The bill, its facts and counters in this process, for tests and for a laptop."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from threading import Lock

from bursar.domain.money import Money
from bursar.domain.spend import (
    TOTAL_GROUP,
    Balance,
    Metric,
    SpendFact,
    differences,
    is_news,
    restated,
    with_vanished,
)

_Name = tuple[str, Metric, date, str]


class MemorySpendStore:
    def __init__(self) -> None:
        self._latest: dict[_Name, SpendFact] = {}
        self._balances: dict[Balance, Money] = {}
        self._lock = Lock()
        self.told: list[SpendFact] = []  # every version that was kept, in order

    def record(self, facts: Sequence[SpendFact]) -> int:
        kept = 0
        with self._lock:
            for fact in with_vanished(facts, self._latest.values()):
                name = (fact.account, fact.metric, fact.day, fact.group)
                old, total = self._latest.get(name), self._latest.get((*name[:3], TOTAL_GROUP))
                if (version := restated(old, fact, total)) is None:
                    continue
                self._latest[name] = version
                for balance, more in differences([(old, version)]).items():
                    before = self._balances.get(balance, Money.zero())
                    self._balances[balance] = before + more
                if is_news(old, version):
                    self.told.append(version)
                    kept += 1
        return kept

    def latest(self, account: str, metric: Metric, first: date, last: date) -> Sequence[SpendFact]:
        found = [
            fact
            for (owner, measure, day, _), fact in self._latest.items()
            if (owner, measure) == (account, metric) and first <= day <= last
        ]
        return sorted(found, key=lambda fact: (fact.day, fact.group))

    def balance(self, account: str, metric: Metric, month: str) -> Mapping[str, Money]:
        return {
            each.group: amount
            for each, amount in self._balances.items()
            if each[:3] == (account, metric, month)
        }


class MemoryCounter:
    def __init__(self) -> None:
        self._taken: Tally[str] = Tally()
        self._lock = Lock()
        self.expires_at: dict[str, datetime] = {}

    def take(self, name: str, ceiling: int, expires_at: datetime) -> bool:
        with self._lock:
            if self._taken[name] >= ceiling:
                return False
            self._taken[name] += 1
            self.expires_at.setdefault(name, expires_at)
            return True


class MemoryBill:
    """A bill that was written down beforehand, or the error of one that cannot be had."""

    def __init__(self, facts: Iterable[SpendFact] = (), error: Exception | None = None) -> None:
        self._facts = tuple(facts)
        self._error = error

    def facts(self, first: date, last: date, as_of: datetime) -> Sequence[SpendFact]:
        if self._error is not None:
            raise self._error
        return [
            fact.model_copy(update={"as_of": as_of})
            for fact in self._facts
            if first <= fact.day <= last
        ]
