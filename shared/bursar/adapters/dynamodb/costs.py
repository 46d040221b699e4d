"""Closed hours and days of clusters.

An hour is `CLUSTER#id` / `HOUR#2026-11-20T13` (header) and `...#000` (chunks); a day is
`ROLL#DAY#id` / `2026-11-20` likewise. Both are written in one transaction, the day on
condition that nobody else has written it since it was read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from boto3.dynamodb.conditions import Key

from bursar.adapters import cost_codec
from bursar.adapters.dynamodb.paging import query
from bursar.adapters.dynamodb.transactions import TransactionConflictError, transact
from bursar.domain.cluster.hours import HourCosts, add_up
from bursar.domain.periods import Window, day_of

_HOURS_ARE_KEPT = timedelta(days=70)  # a quarter's edge and a late look; days are kept for good
_TRIES = 5
_AFTER_ALL_CHUNKS = "~"

Item = dict[str, Any]


class ForgottenHoursError(Exception):
    """A day cannot be summed again: other hours of it have expired. Nothing was written."""


class TornReadError(Exception):
    """A query met a header and chunks of different versions, every time it was repeated."""


class CostKeys:
    @staticmethod
    def hours(cluster: str) -> str:
        return f"CLUSTER#{cluster}"

    @staticmethod
    def hour(at: datetime) -> str:
        return f"HOUR#{at.astimezone(UTC):%Y-%m-%dT%H}"

    @staticmethod
    def days(cluster: str) -> str:
        return f"ROLL#DAY#{cluster}"

    @staticmethod
    def day(at: datetime) -> str:
        return f"{at.astimezone(UTC):%Y-%m-%d}"


class DynamoCostHistory:
    def __init__(self, table: Any) -> None:
        self._table = table

    def put_hour(self, costs: HourCosts) -> None:
        name, hour = CostKeys.hour(costs.window.start), _hour_items(costs)
        for _ in range(_TRIES):
            if transact(self._table, [*_puts(hour), *self._day_with(costs, name)]):
                return
        raise TransactionConflictError(f"{name} of {costs.cluster}: its day kept changing")

    def load(self, hours: Iterable[HourCosts], hours_from: datetime) -> None:
        """Write days in bulk, and of the latest their hours too, over whatever is there.

        For a backfill before the guard runs: unlike `put_hour`, it must not race with a close.
        """
        days: dict[tuple[str, Window], list[HourCosts]] = defaultdict(list)
        with self._table.batch_writer(overwrite_by_pkeys=["pk", "sk"]) as batch:
            for hour in hours:
                days[hour.cluster, day_of(hour.window.start)].append(hour)
                for item in _hour_items(hour) if hour.window.start >= hours_from else ():
                    batch.put_item(Item=item)
            for (cluster, day), parts in days.items():
                extra = {
                    "version": 1,
                    "hours": sorted(CostKeys.hour(part.window.start) for part in parts),
                }
                keys = CostKeys.days(cluster), CostKeys.day(day.start)
                for item in _items(*keys, add_up(day, parts), extra):
                    batch.put_item(Item=item)

    def hours(self, cluster: str, window: Window) -> Sequence[HourCosts]:
        return self._hours(cluster, window)

    def days(self, cluster: str, window: Window) -> Sequence[HourCosts]:
        if not window.length:
            return []
        last = window.end - timedelta(microseconds=1)
        names = CostKeys.day(window.start), CostKeys.day(last)
        return self._read(CostKeys.days(cluster), *names)

    def _hours(
        self, cluster: str, window: Window, *, consistent: bool = False
    ) -> Sequence[HourCosts]:
        if not window.length:
            return []
        last = window.end - timedelta(microseconds=1)
        names = CostKeys.hour(window.start), CostKeys.hour(last)
        return self._read(CostKeys.hours(cluster), *names, consistent=consistent)

    def _day_with(self, costs: HourCosts, hour_name: str) -> list[Item]:
        """The day's new items: one hour more, or summed anew when the hour was in it before."""
        day, pk = day_of(costs.window.start), CostKeys.days(costs.cluster)
        sk = CostKeys.day(day.start)
        found = self._whole(pk, sk, sk, consistent=True)
        old: Item = found[0] if found else {"version": 0, "hours": []}
        if hour_name not in old["hours"]:
            parts = [*_decode(found), costs]
        else:
            kept = self._hours(costs.cluster, day, consistent=True)
            parts = [each for each in kept if each.window != costs.window] + [costs]
            _refuse_forgotten(old["hours"], parts)
        extra = {
            "version": old["version"] + 1,
            "hours": sorted({*old["hours"], hour_name}),
        }
        header, *chunks = _puts(_items(pk, sk, add_up(day, parts), extra))
        header["Put"]["ConditionExpression"] = (
            "version = :old" if found else "attribute_not_exists(pk)"
        )
        if found:
            header["Put"]["ExpressionAttributeValues"] = {":old": old["version"]}
        return [header, *chunks]

    def _read(
        self, pk: str, first: str, last: str, *, consistent: bool = False
    ) -> list[HourCosts]:
        return _decode(self._whole(pk, first, last, consistent=consistent))

    def _whole(self, pk: str, first: str, last: str, *, consistent: bool) -> list[Item]:
        """The items of a span; read again when some were replaced during the reading."""
        span = Key("pk").eq(pk) & Key("sk").between(first, last + _AFTER_ALL_CHUNKS)
        for _ in range(_TRIES):
            items = query(self._table, KeyConditionExpression=span, ConsistentRead=consistent)
            if _is_whole(found := list(items)):
                return found
            consistent = True
        raise TornReadError(f"{pk}, {first} to {last}")


def _refuse_forgotten(names: Iterable[str], parts: Sequence[HourCosts]) -> None:
    if forgotten := set(names) - {CostKeys.hour(part.window.start) for part in parts}:
        raise ForgottenHoursError(f"{parts[-1].cluster}: {', '.join(sorted(forgotten))}")


def _hour_items(costs: HourCosts) -> list[Item]:
    expires = int((costs.window.end + _HOURS_ARE_KEPT).timestamp())
    keys = CostKeys.hours(costs.cluster), CostKeys.hour(costs.window.start)
    return _items(*keys, costs, {"expires_at": expires})


def _items(pk: str, sk: str, costs: HourCosts, extra: Item) -> list[Item]:
    """The header first, then its chunks. Chunks of a longer, earlier version are not read.

    All carry one digest: a query is no transaction, and may meet items of two versions.
    """
    header, chunks = cost_codec.encode(costs)
    digest = sha256(b"".join([header.encode(), *chunks])).hexdigest()[:16]
    keep = {"expires_at": extra["expires_at"]} if "expires_at" in extra else {}
    return [
        {"pk": pk, "sk": sk, "json": header, "chunks": len(chunks), "digest": digest, **extra},
        *(
            {"pk": pk, "sk": f"{sk}#{number:03}", "gzip": chunk, "digest": digest, **keep}
            for number, chunk in enumerate(chunks)
        ),
    ]


def _puts(items: list[Item]) -> list[Item]:
    return [{"Put": {"Item": item}} for item in items]


def _is_whole(items: list[Item]) -> bool:
    digests = {item["sk"]: item["digest"] for item in items}
    return all(
        digests.get(name) == item["digest"]
        for item in items
        if "json" in item
        for name in _chunk_names(item)
    )


def _chunk_names(header: Item) -> list[str]:
    return [f"{header['sk']}#{number:03}" for number in range(int(header["chunks"]))]


def _decode(items: list[Item]) -> list[HourCosts]:
    chunks = {item["sk"]: bytes(item["gzip"]) for item in items if "gzip" in item}
    return [
        cost_codec.decode(item["json"], [chunks[name] for name in _chunk_names(item)])
        for item in items
        if "json" in item
    ]
