"""Allowances in memory: several are debited together, or none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from threading import Lock

from bursar.domain.admission.draws import Draw
from bursar.domain.governance import consumption
from bursar.domain.governance.consumption import Allowance
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money


class MemoryAllowances:
    def __init__(self) -> None:
        self._lock = Lock()
        self._allowances: dict[str, Allowance] = {}

    def grant(self, allowance: Allowance) -> None:
        self._allowances[allowance.exception] = allowance

    def allowance(self, exception_id: str) -> Allowance | None:
        return self._allowances.get(exception_id)

    def ending_after(self, at: datetime) -> Sequence[Allowance]:
        with self._lock:
            live = [each for each in self._allowances.values() if each.until > at]
        return sorted(live, key=lambda each: (each.until, each.exception))

    def replace(self, old: Allowance, new: Allowance) -> bool:
        with self._lock:
            if self._allowances.get(new.exception) != old:
                return False
            self._allowances[new.exception] = new
            return True

    def debit(self, exception_id: str, amount: Money, window: BudgetWindow, at: datetime) -> None:
        """Use some of an allowance; raises what `consumption.debit` does."""
        self.debit_all([Draw(exception_id, window, amount)], at)

    def give_back(self, exception_id: str, amount: Money, window: BudgetWindow) -> None:
        """Undo a debit or a part of it; raises what `consumption.give_back` does."""
        self.give_back_all([Draw(exception_id, window, amount)])

    def debit_all(self, drawn: Sequence[Draw], at: datetime) -> None:
        with self._lock:
            changed = dict(self._allowances)
            for each in drawn:
                old = changed[each.exception]
                changed[each.exception] = consumption.debit(old, each.amount, each.window, at)
            self._allowances = changed

    def give_back_all(self, returned: Sequence[Draw]) -> None:
        with self._lock:
            changed = dict(self._allowances)
            for each in returned:
                old = changed[each.exception]
                changed[each.exception] = consumption.give_back(old, each.amount, each.window)
            self._allowances = changed
