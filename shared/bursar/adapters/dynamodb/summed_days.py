"""Closed hours, and the days they add up to, written in one transaction.

The day is written on condition that nobody else has written it since it was read. What is too
large for one transaction is written in two, the hour first: a run that dies between them is
repeated, and sums the day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from boto3.dynamodb.conditions import Key

from bursar.adapters.dynamodb.chunks import (
    Encoded,
    Item,
    chunked_items,
    decode_items,
    puts,
    read_whole,
)
from bursar.adapters.dynamodb.paging import query
from bursar.adapters.dynamodb.transactions import TransactionConflictError, fits, transact
from bursar.domain.periods import ForgottenHoursError, Window, day_of

_TRIES, _HOUR = 5, "%Y-%m-%dT%H"


class Windowed(Protocol):
    @property
    def window(self) -> Window: ...


W = TypeVar("W", bound=Windowed)


class HourTooLargeError(Exception):
    """An hour, or its day, has more rows than one transaction holds. Nothing was written."""


@dataclass(frozen=True)
class Codec(Generic[W]):
    """How hours and days of one kind become bytes, and how hours add up."""

    encode: Callable[[W], Encoded]
    decode: Callable[[str, list[bytes]], W]
    add_up: Callable[[Window, Sequence[W]], W]
    hours_are_kept: timedelta


@dataclass(frozen=True)
class SummedDays(Generic[W]):
    """The hours below one partition key, and their days below another."""

    name: str
    table: Any
    codec: Codec[W]
    hours_pk: str
    days_pk: str
    hour_prefix: str = ""

    def hour_name(self, at: datetime) -> str:
        return f"{self.hour_prefix}{at.astimezone(UTC).strftime(_HOUR)}"

    def put_hour(self, hour: W) -> None:
        """Replace the hour, and re-sum its day.

        Raises:
            ForgottenHoursError: other hours of that day have expired.
            HourTooLargeError: the hour alone, or the day, is more than a transaction holds.
            TransactionConflictError: others kept writing the day for all of our tries.
        """
        name, items = self.hour_name(hour.window.start), puts(self.hour_items(hour))
        for _ in range(_TRIES):
            day = self._day_with(hour)
            parts = [[*items, *day]] if fits([*items, *day]) else [items, day]
            if not all(map(fits, parts)):
                raise HourTooLargeError(
                    f"{name} of {self.name}: it or its day is more than DynamoDB writes at once; "
                    "fewer labels to break it down by make fewer rows"
                )
            if all(transact(self.table, part) for part in parts):
                return
        raise TransactionConflictError(f"{name} of {self.name}: its day kept changing")

    def load(self, hours: Iterable[W], hours_from: datetime) -> None:
        """Write days in bulk, and of the latest their hours too, over whatever is there.

        For a backfill before the guard runs: unlike `put_hour`, it must not race with a close.
        """
        days: dict[Window, list[W]] = {}
        with self.table.batch_writer(overwrite_by_pkeys=["pk", "sk"]) as batch:
            for hour in hours:
                days.setdefault(day_of(hour.window.start), []).append(hour)
                if hour.window.start >= hours_from:
                    for item in self.hour_items(hour):
                        batch.put_item(Item=item)
            for day, parts in days.items():
                names = {self.hour_name(part.window.start) for part in parts}
                for item in self.day_items(day, parts, 1, names):
                    batch.put_item(Item=item)

    def hours(self, window: Window, *, consistent: bool = False) -> list[W]:
        if not window.length:
            return []
        names = self.hour_name(window.start), self.hour_name(_last(window))
        items = read_whole(self.table, self.hours_pk, *names, consistent=consistent)
        return list(decode_items(items, self.codec.decode))

    def days(self, window: Window) -> list[W]:
        if not window.length:
            return []
        names = _day_name(window.start), _day_name(_last(window))
        items = read_whole(self.table, self.days_pk, *names, consistent=False)
        return list(decode_items(items, self.codec.decode))

    def summed_hours(self, window: Window) -> frozenset[datetime]:
        """The hours of a window that its days are sums of, read consistently."""
        if not window.length:
            return frozenset()
        first, last = _day_name(window.start), _day_name(_last(window))
        headers = query(
            self.table,
            KeyConditionExpression=Key("pk").eq(self.days_pk)
            & Key("sk").between(first, f"{last}~"),
            ProjectionExpression="#hours",
            ExpressionAttributeNames={"#hours": "hours"},
            ConsistentRead=True,
        )
        names = (name for header in headers for name in header.get("hours", ()))
        found = (
            datetime.strptime(name.removeprefix(self.hour_prefix), _HOUR).replace(tzinfo=UTC)
            for name in names
        )
        return frozenset(hour for hour in found if window.start <= hour < window.end)

    def hour_items(self, hour: W) -> list[Item]:
        expires = int((hour.window.end + self.codec.hours_are_kept).timestamp())
        name = self.hour_name(hour.window.start)
        extra = {"expires_at": expires}
        return chunked_items(self.hours_pk, name, self.codec.encode(hour), extra)

    def day_items(
        self, day: Window, parts: Sequence[W], version: int, names: set[str]
    ) -> list[Item]:
        """The items of a day that is the sum of these parts and holds the hours of these names."""
        extra = {"version": version, "hours": sorted(names)}
        encoded = self.codec.encode(self.codec.add_up(day, parts))
        return chunked_items(self.days_pk, _day_name(day.start), encoded, extra)

    def _day_with(self, hour: W) -> list[Item]:
        """The day's new items: one hour more, or summed anew when the hour was in it before."""
        day, name = day_of(hour.window.start), self.hour_name(hour.window.start)
        sk = _day_name(day.start)
        found = read_whole(self.table, self.days_pk, sk, sk, consistent=True)
        old: Item = found[0] if found else {"version": 0, "hours": []}
        if name not in old["hours"]:
            parts = [*decode_items(found, self.codec.decode), hour]
        else:
            kept = self.hours(day, consistent=True)
            parts = [each for each in kept if each.window != hour.window] + [hour]
            self._refuse_forgotten(old["hours"], parts)
        names = {*old["hours"], name}
        header, *chunks = puts(self.day_items(day, parts, old["version"] + 1, names))
        header["Put"]["ConditionExpression"] = (
            "version = :old" if found else "attribute_not_exists(pk)"
        )
        if found:
            header["Put"]["ExpressionAttributeValues"] = {":old": old["version"]}
        return [header, *chunks]

    def _refuse_forgotten(self, names: Iterable[str], parts: Sequence[W]) -> None:
        if forgotten := set(names) - {self.hour_name(part.window.start) for part in parts}:
            raise ForgottenHoursError(f"{self.name}: {', '.join(sorted(forgotten))}")


def _day_name(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"


def _last(window: Window) -> datetime:
    return window.end - timedelta(microseconds=1)
