"""Usage that was not posted, as JSON and as tables. What producers named is shown as it is."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bursar.cli.ledger_views import print_json
from bursar.cli.shown_text import shown_text
from bursar.domain.ledger.conflicts import Conflict
from bursar.domain.usage.quarantine import Decision, HeldUsage, RejectedUsage

_IN_WORDS = {
    Decision.HELD: "held",
    Decision.RELEASED: "released",
    Decision.DROPPED: "dropped",
    Decision.DUPLICATE: "was in the ledger already and is charged once; it is held no more",
    Decision.CONFLICT: (
        "refused: another body stands in the ledger under its id (see `bursar usage conflicts`);"
        " it is held no more"
    ),
}


def held_json(rows: Sequence[HeldUsage]) -> None:
    print_json(
        {
            "held": [
                {
                    "producer": row.record.producer,
                    "id": row.record.id,
                    "at": row.record.at.isoformat(),
                    "tenant": row.record.tenant,
                    "model": row.record.model,
                    "requests": row.record.requests,
                    "input_tokens": row.record.tokens.input,
                    "output_tokens": row.record.tokens.output,
                    "reason": row.reason,
                    "received_at": row.received_at.isoformat(),
                }
                for row in rows
            ]
        }
    )


def print_held(rows: Sequence[HeldUsage]) -> None:
    if not rows:
        Console().print("Nothing is held.")
        return
    table = _table("producer", "id", "at", "tenant", "model", "tokens", "reason")
    for row in rows:
        record = row.record
        names = (record.producer, record.id, f"{record.at:%Y-%m-%d %H:%M}", record.tenant)
        figures = (record.model, f"{record.tokens.total:,}", row.reason)
        table.add_row(*map(shown_text, (*names, *figures)))
    Console().print(table)


def rejected_json(rows: Sequence[RejectedUsage]) -> None:
    print_json(
        {
            "rejected": [
                {
                    "producer": row.producer,
                    "reason": row.reason,
                    "where": row.where,
                    "places": row.places,
                    "times": row.times,
                    "message_digest": row.message_digest,
                    "message_bytes": row.message_bytes,
                    "received_at": row.received_at.isoformat(),
                }
                for row in rows
            ]
        }
    )


def print_rejected(rows: Sequence[RejectedUsage]) -> None:
    if not rows:
        Console().print("Nothing was rejected in the last 30 days.")
        return
    table = _table("producer", "received", "reason", "where", "times", "message")
    for row in rows:
        told = (row.producer, f"{row.received_at:%Y-%m-%d %H:%M}", row.reason, places_of(row))
        table.add_row(*map(shown_text, (*told, f"{row.times:,}", row.message_digest[:12])))
    Console().print(table)


def places_of(row: RejectedUsage) -> str:
    """Where it stood, as far as that is kept."""
    places = [place or "the message" for place in row.places or (row.where,)]
    more = row.times - len(places)
    return ", ".join(places) + (f" and {more:,} more" if more > 0 else "")


def conflicts_json(found: Sequence[Conflict]) -> None:
    print_json(
        {
            "conflicts": [
                {
                    "producer": each.producer,
                    "id": each.id,
                    "stands_digest": each.stands,
                    "refused_digest": each.refused,
                    "tenant": each.tenant,
                    "model": each.model,
                    "refused_usd": each.usd.plain(),
                    "used_at": each.used_at.isoformat(),
                    "seen_at": each.seen_at.isoformat(),
                }
                for each in found
            ]
        }
    )


def print_conflicts(found: Sequence[Conflict]) -> None:
    if not found:
        Console().print("No id was told with two bodies.")
        return
    table = _table("producer", "id", "seen", "tenant", "model", "refused USD")
    for each in found:
        told = (each.producer, each.id, f"{each.seen_at:%Y-%m-%d %H:%M}", each.tenant)
        table.add_row(*map(shown_text, (*told, each.model, each.usd.plain())))
    Console().print(table)


def print_decided(producer: str, id_: str, decision: Decision, *, as_json: bool) -> None:
    if as_json:
        print_json({"producer": producer, "id": id_, "decision": decision.value})
    else:
        Console().print(shown_text(f"{producer}/{id_}: {_IN_WORDS[decision]}"))


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
