"""Cost Explorer as a bill: UTC days, whole, checked against their own total.

Every page costs $0.01, so before each one a daily counter is asked. Three questions are put:
the total, by service and record type, and by linked account and one cost allocation tag; with
`network` a fourth, about the usage types of "EC2 - Other", where NAT and data transfer are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from bursar.domain.money import AmountOutOfRangeError, Money
from bursar.domain.network_kinds import network_kind
from bursar.domain.spend import (
    NETWORK_GROUP,
    TOTAL_GROUP,
    UNALLOCATED,
    BillUnavailableError,
    GroupsDoNotSumError,
    Metric,
    SpendCapReachedError,
    SpendFact,
)
from bursar.ports import Counter

_DAY = timedelta(days=1)
_COUNTER_LIVES = timedelta(days=3)
_SERVICES = [
    {"Type": "DIMENSION", "Key": "SERVICE"},
    {"Type": "DIMENSION", "Key": "RECORD_TYPE"},
]
_USAGE = "Usage"
_USAGE_TYPES = [{"Type": "DIMENSION", "Key": "USAGE_TYPE"}]
_EC2_OTHER = {
    "And": [
        {"Dimensions": {"Key": "SERVICE", "Values": ["EC2 - Other"]}},
        {"Dimensions": {"Key": "RECORD_TYPE", "Values": [_USAGE]}},
    ]
}
_TOLERANCE = Money.of("0.01")  # Cost Explorer rounds each group at the tenth place

Cell = tuple[date, Metric, str]  # the third is the name of a group
Names = Callable[[list[str]], list[str]]  # of the groups that an answer's keys belong to


@dataclass(slots=True)
class _Answer:
    """The amounts of one question, summed over its pages, and the days still being counted."""

    amounts: dict[Cell, Money] = field(default_factory=lambda: defaultdict(Money.zero))
    estimated: dict[date, bool] = field(default_factory=dict)

    def add(self, other: _Answer) -> None:
        self.amounts |= other.amounts
        for day, estimated in other.estimated.items():
            self.estimated[day] = self.estimated.get(day, False) or estimated


class CostExplorerBill:
    """The bill of `account` (a payer sees its linked accounts in it)."""

    def __init__(
        self,
        client: Any,
        counter: Counter,
        account: str,
        tag: str,
        pages_per_day: int,
        *,
        network: bool = False,
    ) -> None:
        self._client = client
        self._counter = counter
        self._account = account
        self._tag = tag
        self._pages_per_day = pages_per_day
        self._network = network

    def facts(self, first: date, last: date, as_of: datetime) -> Sequence[SpendFact]:
        """What each day from `first` through `last` cost, as told at `as_of`: `total`,
        `service=...`, `account=...` and `tag:team=...` for both metrics; and what of a service
        is no usage, such as `type:Credit=...`; and, where asked for, `network=nat` and its kin.

        Raises:
            SpendCapReachedError: the pages of the day of `as_of` are used up.
            BillUnavailableError: Cost Explorer refused, or answered in another currency, not
                of every day, or something that is no bill.
            GroupsDoNotSumError: the groups of a day differ from its total by more than a cent.
        """
        total = self._ask(first, last, as_of)
        _check_days(total, first, last)
        services = self._ask(first, last, as_of, _SERVICES, _service)
        owners = self._ask(
            first,
            last,
            as_of,
            [
                {"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"},
                {"Type": "TAG", "Key": self._tag},
            ],
            lambda keys: [f"account={keys[0]}", _tag(keys[1])],
        )
        for prefix, answer in (("account=", owners), ("service=", services), ("tag:", owners)):
            _check_sums(total, answer, prefix)
        told = _Answer()
        for answer in (total, services, owners, self._of_network(first, last, as_of)):
            told.add(answer)
        return [
            SpendFact(
                account=self._account,
                metric=metric,
                day=day,
                group=group,
                amount=amount,
                estimated=told.estimated.get(day, False),
                as_of=as_of,
            )
            for (day, metric, group), amount in sorted(told.amounts.items(), key=_order)
        ]

    def _of_network(self, first: date, last: date, as_of: datetime) -> _Answer:
        if not self._network:
            return _Answer()
        return self._ask(first, last, as_of, _USAGE_TYPES, _network, of=_EC2_OTHER)

    def _ask(
        self,
        first: date,
        last: date,
        as_of: datetime,
        group_by: Sequence[Mapping[str, str]] = (),
        names: Names | None = None,
        of: Mapping[str, Any] | None = None,
    ) -> _Answer:
        answer = _Answer()
        try:
            for result in self._results(first, last, as_of, group_by, of):
                _read(result, answer, names)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise BillUnavailableError(
                f"Cost Explorer's answer is no bill: {type(error).__name__}: {error}"
            ) from error
        return answer

    def _results(
        self,
        first: date,
        last: date,
        as_of: datetime,
        group_by: Sequence[Mapping[str, str]],
        of: Mapping[str, Any] | None,
    ) -> Iterator[Mapping[str, Any]]:
        request: dict[str, Any] = {
            "TimePeriod": {"Start": first.isoformat(), "End": (last + _DAY).isoformat()},
            "Granularity": "DAILY",
            "Metrics": [str(metric) for metric in Metric],
        }
        if group_by:
            request["GroupBy"] = group_by
        if of:
            request["Filter"] = of
        while True:
            take_page(self._counter, self._pages_per_day, as_of)
            try:
                page = self._client.get_cost_and_usage(**request)
            except (BotoCoreError, ClientError) as error:
                raise BillUnavailableError(f"Cost Explorer: {error}") from error
            yield from page["ResultsByTime"]
            if not (token := page.get("NextPageToken")):
                return
            request["NextPageToken"] = token


def take_page(counter: Counter, pages_per_day: int, as_of: datetime) -> None:
    """Count a page of Cost Explorer before it is paid for.

    Raises:
        SpendCapReachedError: the pages of the day of `as_of` are used up.
    """
    name = f"cost-explorer#{as_of.date().isoformat()}"
    if not counter.take(name, pages_per_day, as_of + _COUNTER_LIVES):
        raise SpendCapReachedError(
            f"the {pages_per_day} pages of {as_of.date().isoformat()} are used up"
            " (spend.pages_per_day)"
        )


def _read(result: Mapping[str, Any], into: _Answer, names: Names | None) -> None:
    """Add one day's groups, or its total where none were asked for."""
    day = date.fromisoformat(result["TimePeriod"]["Start"])
    into.estimated[day] = into.estimated.get(day, False) or bool(result["Estimated"])
    groups = result["Groups"] if names else [{"Keys": [], "Metrics": result["Total"]}]
    for group in groups:
        for metric in Metric:
            amount = _amount(group["Metrics"].get(metric), day, metric)
            for name in names(group["Keys"]) if names else [TOTAL_GROUP]:
                into.amounts[day, metric, name] += amount


def _check_days(total: _Answer, first: date, last: date) -> None:
    """Cost Explorer tells every day that it is asked for, also one that cost nothing."""
    days = {first + n * _DAY for n in range((last - first).days + 1)}
    if missing := sorted(days - total.estimated.keys()):
        raise BillUnavailableError(
            f"Cost Explorer said nothing of {len(missing)} days, the first {missing[0]}"
        )


def _service(keys: list[str]) -> list[str]:
    service, kind = keys
    own = [f"service={service}"]
    return own if kind == _USAGE else [*own, f"type:{kind}={service}"]


def _network(keys: list[str]) -> list[str]:
    kind = network_kind(keys[0])
    return [f"{NETWORK_GROUP}{kind}"] if kind else []


def _tag(key: str) -> str:
    """`team$search` is `tag:team=search`; `team$` is what carries no such tag."""
    name, _, value = key.partition("$")
    return f"tag:{name}={value or UNALLOCATED}"


def _amount(told: Mapping[str, str] | None, day: date, metric: Metric) -> Money:
    if told is None:
        raise BillUnavailableError(f"Cost Explorer gave no {metric} for {day}")
    if told["Unit"] != "USD":
        raise BillUnavailableError(f"Cost Explorer answered in {told['Unit']} for {day}")
    try:
        return Money.of(Decimal(told["Amount"]))
    except (ArithmeticError, AmountOutOfRangeError):
        raise BillUnavailableError(
            f"Cost Explorer's {metric} of {day} is {told['Amount']!r}"
        ) from None


def _check_sums(total: _Answer, groups: _Answer, prefix: str) -> None:
    sums: dict[tuple[date, Metric], Money] = defaultdict(Money.zero)
    for (day, metric, name), amount in groups.amounts.items():
        if name.startswith(prefix):
            sums[day, metric] += amount
    days = {(day, metric) for day, metric, _ in total.amounts} | set(sums)
    for day, metric in sorted(days):
        whole = total.amounts.get((day, metric, TOTAL_GROUP), Money.zero())
        parts = sums.get((day, metric), Money.zero())
        if not -_TOLERANCE <= whole - parts <= _TOLERANCE:
            raise GroupsDoNotSumError(
                f"{day} {metric}: the groups {prefix}* sum to {parts.plain()},"
                f" the total is {whole.plain()}"
            )


def _order(item: tuple[Cell, Money]) -> tuple[str, str, str]:
    (day, metric, group), _ = item
    return (day.isoformat(), metric, group)
