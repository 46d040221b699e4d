"""`bursar usage import` and `summary`: usage of the deployed guard."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from bursar.cli import clock
from bursar.cli.exits import Exit, leave, warn
from bursar.cli.where_ledger import Where

if TYPE_CHECKING:
    from bursar.config import Config
    from bursar.config.usage import Producer
    from bursar.jobs.ingest_usage import Ingested

Help = Parameter
_LINES_TOGETHER = 1_000
_GZIP = b"\x1f\x8b"
_NO_USERS = (
    "the ledger keeps no users, only hours by tenant, model, feature and key:"
    " `bursar usage cost FILE --by user` has them"
)


_HERE = Where()


def import_usage(
    file: Path,
    *,
    producer: Annotated[
        str | None,
        Help(help="who of bursar.yaml's usage.producers told it; default: the only one"),
    ] = None,
    config: Annotated[Path, Help(help="the bursar.yaml that is deployed")] = Path("bursar.yaml"),
    where: Where = _HERE,
) -> None:
    """Post a file of usage to the ledger, as if its producer had sent it.

    The file is in the producer's format: JSON, JSONL or CSV, also gzipped. Posting it again
    changes nothing: an id is charged once.

    Exit code 2: wrong input, or nothing of the file is a record of that format. 3: AWS cannot be
    asked. 4: the ledger was too busy for some of it; repeat it.
    """
    from bursar.adapters.usage_formats.reading import read_part
    from bursar.cli.deployed import UNANSWERED, leave_unanswered
    from bursar.cli.usage_deployed_views import ingested_json, print_ingested
    from bursar.config_file import ConfigError, read_config
    from bursar.jobs.ingest_usage import Message
    from bursar.wiring.usage import token_prices, usage_intake

    try:
        settings = read_config(config)
    except ConfigError as error:
        leave(Exit.WRONG_INPUT, error.problems)
    told_by = _producer(settings, producer)
    now = clock.now()
    taken: list[Ingested] = []
    try:
        kept = where.ledger()
        prices = token_prices(settings)
        intake = usage_intake(settings, told_by.policy(), kept.table, kept.s3, kept.bucket, prices)
        for number, (lines_before, body) in enumerate(_messages(file)):
            part = replace(intake, read=partial(read_part, lines_before=lines_before))
            taken.append(part.take([Message(f"{file.name}#{number}", body, now)]))
    except UNANSWERED as error:
        leave_unanswered(error, where.stack)
    except (OSError, EOFError, zlib.error) as error:
        leave(Exit.WRONG_INPUT, [f"{file}: {getattr(error, 'strerror', None) or error}"])
    (ingested_json if where.json else print_ingested)(taken)
    if any(each.failed for each in taken):
        warn(["the ledger was too busy for some of it: repeat the command"])
        raise SystemExit(int(Exit.UNREADABLE))
    known = sum(each.accepted + each.held + each.dropped + each.conflicts for each in taken)
    if not known and any(each.rejected for each in taken):
        leave(Exit.WRONG_INPUT, [f"{file}: nothing of it is usage in {told_by.name}'s format"])


def summary(
    *,
    by: Annotated[
        str, Help(help="tenant, team, model, feature, key, provider, day, hour; several by comma")
    ] = "model",
    from_: Annotated[
        str | None, Help(name="--from", help="a UTC day or full hour; default: this month")
    ] = None,
    to: Annotated[str | None, Help(name="--to", help="the first that is not in it")] = None,
    shadow: Annotated[
        bool, Help(negative="", help="compare with the sources that are not billed")
    ] = False,
    where: Where = _HERE,
) -> None:
    """Requests, tokens and cost of a window, as the ledger states them; averages are ratios of
    the sums. What has no price is listed, and is in no rate.

    Exit code 2: wrong input. 3: AWS cannot be asked.
    """
    from bursar.adapters.dynamodb.ledger.store import DynamoLedgerStore
    from bursar.adapters.dynamodb.statements import DynamoStatementStore
    from bursar.cli.deployed import UNANSWERED, leave_unanswered
    from bursar.cli.ledger_views import warn_of_gaps
    from bursar.cli.usage_deployed_views import (
        print_shadows,
        print_summary,
        shadows_json,
        summary_json,
    )
    from bursar.cli.windows import WindowError, read_window
    from bursar.domain.ledger.reports import By
    from bursar.jobs.compare_shadows import compare_shadows
    from bursar.jobs.read_statements import find_gaps, read_statements

    names = [name.strip() for name in by.split(",")]
    if "user" in names:
        leave(Exit.WRONG_INPUT, [_NO_USERS])
    if wrong := [name for name in names if name not in set(By) - {By.KIND}]:
        leave(Exit.WRONG_INPUT, [f"usage is not broken down by {', '.join(wrong)}"])
    if shadow and names != [By.MODEL]:
        leave(Exit.WRONG_INPUT, ["--shadow compares by model alone: leave --by out"])
    if len(set(names)) < len(names):
        leave(Exit.WRONG_INPUT, ["--by names a dimension twice"])
    now = clock.now()
    try:
        window = read_window(from_, to, now)
    except WindowError as error:
        leave(Exit.WRONG_INPUT, [str(error)])
    try:
        kept = where.open_table()
        if shadow:
            compared = compare_shadows(window, DynamoLedgerStore(kept))
            (shadows_json if where.json else print_shadows)(compared)
            return
        store = DynamoStatementStore(kept)
        statements = read_statements(window, store, by_hour=By.HOUR in names)
        gaps = find_gaps(window, now, statements, store)
    except UNANSWERED as error:
        leave_unanswered(error, where.stack)
    warn_of_gaps(gaps, any_stated=bool(statements), in_text=not where.json)
    dimensions = [By(name) for name in names]
    (summary_json if where.json else print_summary)(statements, dimensions, window, gaps)


def _producer(settings: Config, name: str | None) -> Producer:
    known = settings.usage.producers
    if name is None and len(known) == 1:
        return known[0]
    if name is None:
        names = ", ".join(each.name for each in known) or "none is configured"
        leave(Exit.WRONG_INPUT, [f"name the --producer who told it: {names}"])
    try:
        return settings.usage.producer(name)
    except LookupError as error:
        leave(Exit.WRONG_INPUT, [str(error.args[0])])


def _messages(file: Path) -> Iterator[tuple[int, str]]:
    """A JSON document whole; lines by the thousand, each part of a CSV below its header. With each
    the lines of the file that are not in it and come before its own."""
    from bursar.adapters.usage_formats.documents import is_utf8

    body = file.read_bytes()
    plain = gzip.decompress(body) if body.startswith(_GZIP) else body
    text = plain.decode("utf-8-sig", "surrogateescape")  # a line that is no UTF-8 is lost alone
    told = text.lstrip()
    before = text.removesuffix(told).count("\n")
    first = told.partition("\n")[0]
    if first[:1] in ("{", "["):
        yield from _lines_together(told, before) if _is_json(first) else [(0, text)]
    elif is_utf8(first):
        yield from _records_together(told, before)
    else:
        leave(Exit.WRONG_INPUT, [f"{file}: line {before + 1} is neither JSON nor UTF-8"])


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _lines_together(told: str, before: int) -> Iterator[tuple[int, str]]:
    lines = io.StringIO(told, newline="\n")  # other ends of lines may stand in a text
    while part := "".join(islice(lines, _LINES_TOGETHER)):
        yield before, part
        before += _LINES_TOGETHER


def _records_together(told: str, before: int) -> Iterator[tuple[int, str]]:
    """A thousand lines of CSV, and on to the end of the record that the last of them is in."""
    from bursar.adapters.usage_formats.cells import csv_records

    records = csv_records(told)
    next(records, None)  # the header
    if (first := next(records, None)) is None:
        if told:  # a header alone, or no usage at all
            yield before, told
        return
    header, start = told[: first.place], first
    for record in records:
        if record.line - start.line >= _LINES_TOGETHER:
            part = told[start.place : record.place]
            yield before + start.line - first.line, header + part
            start = record
    yield before + start.line - first.line, header + told[start.place :]
