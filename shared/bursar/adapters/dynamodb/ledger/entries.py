"""Entries: `ENTRY#producer#id` / `E`. They are the ids: no TTL, no index, never changed.

An entry of ordinary names takes about 350 bytes and at most 1 KB, which is one write unit.
The user stays in the archive: no balance is kept of them.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import astuple
from datetime import datetime
from hashlib import sha256
from itertools import chain
from typing import Any
from urllib.parse import quote

from bursar.adapters.dynamodb.ledger.leaf_keys import read_leaf_key, write_leaf_key
from bursar.adapters.read_ahead import read_ahead
from bursar.domain.ledger.entries import Entry, EntryId
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import TokenSums

_BATCH = 100  # what BatchGetItem takes
_AT_ONCE = 8
_ROUNDS = 8
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PLAIN_ID = 64
_HASHED = "~"
ABSENT = {"ConditionExpression": "attribute_not_exists(pk)"}


class UnansweredEntriesError(Exception):
    """DynamoDB left keys of a batch unread again and again: it is throttled."""


def key(name: EntryId) -> dict[str, str]:
    """The producer is quoted, so that no other pair of producer and id gives the same key."""
    producer, told_id = name
    id_ = told_id
    if len(told_id.encode()) > _LONGEST_PLAIN_ID or told_id.startswith(_HASHED):
        id_ = _HASHED + sha256(told_id.encode()).hexdigest()
    return {"pk": f"ENTRY#{quote(producer, safe='')}#{id_}", "sk": "E"}


def mark(name: EntryId, reservation_id: str) -> dict[str, Any]:
    """What stands in the entry's place while a reservation waits for it."""
    return {**key(name), "held_by": reservation_id}


def is_marked(reservation_id: str) -> dict[str, Any]:
    return {
        "ConditionExpression": "held_by = :hold",
        "ExpressionAttributeValues": {":hold": reservation_id},
    }


def item(entry: Entry) -> dict[str, Any]:
    counts = [entry.requests, *astuple(entry.tokens), *astuple(entry.amounts)]
    if entry.counts_as != 1:
        counts.append(entry.counts_as)
    return {
        **key(entry.name),
        "digest": entry.digest,
        "at": entry.at.isoformat(),
        "leaf": write_leaf_key(entry.key),
        "counts": json.dumps(counts, separators=(",", ":")),
    }


def read(name: EntryId, stored: Mapping[str, Any]) -> Entry:
    requests, *counts = json.loads(stored["counts"])
    return Entry(
        producer=name[0],
        id=name[1],
        digest=stored["digest"],
        at=datetime.fromisoformat(stored["at"]),
        key=read_leaf_key(stored["leaf"]),
        requests=requests,
        tokens=TokenSums(*counts[:6]),
        amounts=ClassAmounts(*counts[6:12]),
        counts_as=counts[12] if len(counts) > 12 else 1,
    )


class DynamoEntryReader:
    def __init__(self, table: Any, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._table = table
        self._sleep = sleep

    def entries(self, names: Collection[EntryId]) -> Mapping[EntryId, Entry]:
        """Read consistently, by BatchGetItem.

        Raises:
            UnansweredEntriesError: keys were left unread eight times in a row.
        """
        stored = self._stored(names)
        return {name: read(name, each) for name, each in stored if "held_by" not in each}

    def marks(self, names: Collection[EntryId]) -> Mapping[EntryId, str]:
        """The ids of the reservations that stand in the place of these entries.

        Raises:
            UnansweredEntriesError: see there.
        """
        return {name: each["held_by"] for name, each in self._stored(names) if "held_by" in each}

    def _stored(self, names: Collection[EntryId]) -> Iterator[tuple[EntryId, dict[str, Any]]]:
        by_key = {key(name)["pk"]: name for name in names}
        keys = sorted(by_key)
        batches = [keys[first : first + _BATCH] for first in range(0, len(keys), _BATCH)]
        for stored in chain.from_iterable(read_ahead(self._get, batches, at_once=_AT_ONCE)):
            yield by_key[stored["pk"]], stored

    def _get(self, keys: Sequence[str]) -> list[dict[str, Any]]:
        found = list[dict[str, Any]]()
        wanted = [{"pk": pk, "sk": "E"} for pk in keys]
        request = {self._table.name: {"Keys": wanted, "ConsistentRead": True}}
        for attempt in range(_ROUNDS):
            answer = self._table.meta.client.batch_get_item(RequestItems=request)
            found += answer["Responses"].get(self._table.name, ())
            request = answer.get("UnprocessedKeys") or {}
            if not request:
                return found
            self._sleep(random.uniform(0, _FIRST_PAUSE_SECONDS * 2**attempt))
        raise UnansweredEntriesError(f"{_ROUNDS} rounds")
