"""Facts of bills: `SPEND#account#metric` / `day#group#sequence`, and `latest#day#group`.

`latest` is a copy of the newest version, moved in the transaction that writes that version. That
of a day's total has the time of the newest bill of the day; older ones write on condition of it.
The same transaction adds the difference to `BILLED#account#metric` / `2026-11#group`: what
the newest tellings of a month and group sum to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from boto3.dynamodb.conditions import Key

from bursar.adapters.dynamodb.paging import query
from bursar.adapters.dynamodb.transactions import (
    TransactionConflictError,
    full_jitter,
    transact,
)
from bursar.domain.money import Money
from bursar.domain.spend import (
    TOTAL_GROUP,
    Balance,
    Metric,
    SpendFact,
    balance_of,
    differences,
    is_news,
    restated,
    with_vanished,
)

_ITEMS_PER_TRANSACTION = 100  # what DynamoDB takes
_ATTEMPTS = 5
_NOT_NEWER = "attribute_not_exists(as_of) OR as_of <= :at"

_Name = tuple[str, Metric, date, str]


class SpendKeys:
    @staticmethod
    def pk(account: str, metric: Metric) -> str:
        return f"SPEND#{account}#{metric}"

    @staticmethod
    def version(fact: SpendFact) -> str:
        return f"{fact.day.isoformat()}#{fact.group}#{fact.sequence:06d}"

    @staticmethod
    def latest(day: date, group: str = "") -> str:
        """The newest tellings lie together, so that a span of days reads no older ones."""
        return f"latest#{day.isoformat()}#{group}"

    @staticmethod
    def balances(account: str, metric: Metric) -> str:
        return f"BILLED#{account}#{metric}"

    @staticmethod
    def balance(month: str, group: str = "") -> str:
        return f"{month}#{group}"


class DynamoSpendStore:
    def __init__(self, table: Any, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._table, self._sleep = table, sleep

    def record(self, facts: Sequence[SpendFact]) -> int:
        """Keep it in transactions of 25 to 49 facts, totals first: what is read after them is
        complete, as no older bill of those days is kept from then on.

        A transaction that another writer came before is read again and decided again, so a
        repetition of the whole call is harmless.

        Raises:
            TransactionConflictError: another writer came first five times in a row, or all
                tries of a transaction met others or were throttled.
        """
        kept = self._record([fact for fact in facts if fact.group == TOTAL_GROUP])
        every = with_vanished(facts, self._known(facts).values())
        return kept + self._record([fact for fact in every if fact.group != TOTAL_GROUP])

    def _record(self, facts: Sequence[SpendFact]) -> int:
        known = self._known(facts)
        fresh = [fact for fact in facts if _next_version(fact, known)]
        return sum(self._record_together(group, known) for group in _groups(fresh))

    def load(self, facts: Sequence[SpendFact]) -> None:
        """Write newest tellings in bulk, of days that the table knows nothing of. Their versions
        and the sums of their months are left out: they are there to be looked back on."""
        with self._table.batch_writer() as batch:
            for fact in facts:
                batch.put_item(
                    Item={
                        "pk": SpendKeys.pk(fact.account, fact.metric),
                        "sk": SpendKeys.latest(fact.day, fact.group),
                        "json": fact.model_dump_json(),
                        "sequence": fact.sequence,
                    }
                )

    def latest(self, account: str, metric: Metric, first: date, last: date) -> Sequence[SpendFact]:
        # "~" sorts after every character that a group begins with
        span = Key("sk").between(SpendKeys.latest(first), SpendKeys.latest(last, "~"))
        key = Key("pk").eq(SpendKeys.pk(account, metric)) & span
        items = query(self._table, KeyConditionExpression=key)
        found = [SpendFact.model_validate_json(item["json"]) for item in items]
        return sorted(found, key=lambda fact: (fact.day, fact.group))

    def balance(self, account: str, metric: Metric, month: str) -> Mapping[str, Money]:
        prefix = SpendKeys.balance(month)
        key = Key("pk").eq(SpendKeys.balances(account, metric)) & Key("sk").begins_with(prefix)
        items = query(self._table, KeyConditionExpression=key, ConsistentRead=True)
        return {
            item["sk"].removeprefix(prefix): Money.from_units(int(item["units"])) for item in items
        }

    def _record_together(self, facts: Sequence[SpendFact], known: dict[_Name, SpendFact]) -> int:
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._sleep(full_jitter(attempt - 1))
                known = self._known(facts)
            pairs = [
                (known.get(_name(fact)), new)
                for fact in facts
                if (new := _next_version(fact, known)) is not None
            ]
            if not pairs:
                return 0
            actions = [
                *(put for old, new in pairs for put in self._puts(old, new)),
                *self._checks([new for _, new in pairs]),
                *self._additions(differences(pairs)),
            ]
            if transact(self._table, actions, sleep=self._sleep):
                return sum(is_news(old, new) for old, new in pairs)
        raise TransactionConflictError(f"{facts[0].group} of {facts[0].day} and others")

    def _puts(self, old: SpendFact | None, new: SpendFact) -> Iterator[dict[str, Any]]:
        item = {
            "pk": SpendKeys.pk(new.account, new.metric),
            "json": new.model_dump_json(),
            "sequence": new.sequence,
            "as_of": _sortable(new.as_of),
        }
        absent = {"ConditionExpression": "attribute_not_exists(pk)"}
        untouched = (
            {
                "ConditionExpression": f"#sequence = :old AND ({_NOT_NEWER})",
                "ExpressionAttributeNames": {"#sequence": "sequence"},  # a reserved word
                "ExpressionAttributeValues": {":old": old.sequence, ":at": item["as_of"]},
            }
            if old is not None
            else absent
        )
        kept = [(SpendKeys.latest(new.day, new.group), untouched)]
        if is_news(old, new):
            kept.append((SpendKeys.version(new), absent))
        for sk, condition in kept:
            yield {"Put": {"Item": {**item, "sk": sk}, **condition}}

    def _checks(self, facts: Sequence[SpendFact]) -> Iterator[dict[str, Any]]:
        """That no newer bill of their days has come."""
        days = {_total(fact): fact for fact in facts if fact.group != TOTAL_GROUP}
        for (account, metric, day, group), fact in days.items():
            check = {
                "Key": {"pk": SpendKeys.pk(account, metric), "sk": SpendKeys.latest(day, group)},
                "ConditionExpression": _NOT_NEWER,
                "ExpressionAttributeValues": {":at": _sortable(fact.as_of)},
            }
            yield {"ConditionCheck": check}

    def _additions(self, sums: Mapping[Balance, Money]) -> Iterator[dict[str, Any]]:
        for balance, amount in sums.items():
            pk = SpendKeys.balances(balance.account, balance.metric)
            addition = {
                "Key": {"pk": pk, "sk": SpendKeys.balance(balance.month, balance.group)},
                "UpdateExpression": "ADD units :more",  # of 10^-12 USD
                "ExpressionAttributeValues": {":more": amount.units},
            }
            yield {"Update": addition}

    def _known(self, facts: Sequence[SpendFact]) -> dict[_Name, SpendFact]:
        known: dict[_Name, SpendFact] = {}
        for account, metric in {(fact.account, fact.metric) for fact in facts}:
            days = [fact.day for fact in facts if (fact.account, fact.metric) == (account, metric)]
            for fact in self.latest(account, metric, min(days), max(days)):
                known[_name(fact)] = fact
        return known


def _groups(facts: Sequence[SpendFact]) -> Iterator[list[SpendFact]]:
    """Facts of one balance together; each needs two items, and each balance and day one."""
    group: list[SpendFact] = []
    others: set[Balance | _Name] = set()
    for fact in sorted(facts, key=balance_of):
        needed: set[Balance | _Name] = {balance_of(fact), _total(fact)}
        others |= needed
        if 2 * (len(group) + 1) + len(others) > _ITEMS_PER_TRANSACTION:
            yield group
            group, others = [], needed
        group.append(fact)
    if group:
        yield group


def _name(fact: SpendFact) -> _Name:
    return fact.account, fact.metric, fact.day, fact.group


def _total(fact: SpendFact) -> _Name:
    """The total of its day."""
    return fact.account, fact.metric, fact.day, TOTAL_GROUP


def _next_version(fact: SpendFact, known: Mapping[_Name, SpendFact]) -> SpendFact | None:
    return restated(known.get(_name(fact)), fact, known.get(_total(fact)))


def _sortable(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
