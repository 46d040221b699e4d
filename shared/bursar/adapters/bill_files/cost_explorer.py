"""Answers of Cost Explorer's GetCostAndUsage, daily: one, a list, or one after another."""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from bursar.adapters.bill_files.cost_explorer_pages import (
    Grouping,
    Groupings,
    Page,
    missing_pages,
)
from bursar.adapters.bill_files.tables import (
    BillFileError,
    open_plain,
    read_currency,
    read_day,
)
from bursar.adapters.usage_formats.strict_json import Unfit
from bursar.domain.bills import (
    AWS,
    NOT_NAMED,
    BillRow,
    MissingPage,
    NotAnAmountError,
    plain_digits,
    read_amount,
)

_METRIC = "UnblendedCost"
_DAY = timedelta(days=1)
_LONGEST_NAME = 40  # of a key in an error
_BY_SERVICE = [{"Type": "DIMENSION", "Key": "SERVICE"}]


def read_cost_explorer(paths: Sequence[Path]) -> Iterator[BillRow | MissingPage]:
    """The groups of every day: unblended cost by service, and by record type where the answer
    is grouped by it. Otherwise the service `Tax` is of type Tax and all else of type Usage,
    which then includes fees, credits and refunds: the answer does not tell them apart. What is
    not told by service (by account, or a `Total` alone) is of the service NOT_NAMED.

    A day's group that stands twice, in whatever order of the dimensions, is one row, so
    overlapping pages are counted once. Pages that are missing come last.

    Raises:
        BillFileError: a file holds no such answer, and the message names the field; or answers
            of one day are grouped differently, and it names both groupings.
        OSError: it cannot be opened.
    """
    groupings = Groupings()
    pages: list[Page] = []
    for path in paths:
        for n, answer in enumerate(_answers(path)):
            yield from _AnswerReader(path, n, groupings, pages).rows(answer)
    yield from missing_pages(pages)


def _answers(path: Path) -> Iterator[Any]:
    try:
        with open_plain(path) as file:
            text = file.read().decode("utf-8-sig")
        documents = list(_documents(text))
    except UnicodeDecodeError:
        raise BillFileError(f"{path}: is not UTF-8 text, so not JSON") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BillFileError(f"{path}: the gzip data is cut off or broken: {error}") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BillFileError(f"{path}, {where}: is not JSON: {error.msg}") from None
    except (RecursionError, NotAnAmountError) as error:
        raise BillFileError(f"{path}: is not JSON that can be read: {error}") from None
    if not documents:
        raise BillFileError(f"{path}, line 1, column 1: is empty, so not JSON")
    for document in documents:
        yield from document if isinstance(document, list) else [document]


def _documents(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder(
        object_pairs_hook=_object,
        parse_float=read_amount,
        parse_int=read_amount,
        parse_constant=read_amount,
    )
    at = len(text) - len(text.lstrip())
    while at < len(text):
        document, at = decoder.raw_decode(text, at)
        yield document
        at += len(text[at:]) - len(text[at:].lstrip())


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | Unfit:
    """Json itself would take the last of two equal keys: which amount is it?"""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    [(name, _)] = Counter(name for name, _ in pairs).most_common(1)
    return Unfit(f"has the key {name[:_LONGEST_NAME]!r} twice")


class _AnswerReader:
    """Rows of one answer; `path` and its number tell where an error is.

    What it is grouped by, and which page it is, is added to those of the answers before.
    """

    def __init__(self, path: Path, number: int, groupings: Groupings, pages: list[Page]) -> None:
        self._where = f"{path}, answer {number + 1}"
        self._groupings, self._pages = groupings, pages

    def rows(self, answer: Any) -> Iterator[BillRow]:
        results = self._field(answer, "ResultsByTime", list, "")
        groups = _BY_SERVICE
        if answer.get("GroupDefinitions"):
            groups = self._field(answer, "GroupDefinitions", list, "")
        grouped_by = [
            self._field(group, "Key", str, f"GroupDefinitions[{n}]")
            for n, group in enumerate(groups)
        ]
        days = [self._period(result, f"ResultsByTime[{n}]") for n, result in enumerate(results)]
        for n, (result, (day, period)) in enumerate(zip(results, days, strict=True)):
            yield from self._day(result, day, period, grouped_by, f"ResultsByTime[{n}]")
        told = sorted(day for day, _ in days)
        ends = (told[0], told[-1]) if told else None
        followed = bool(answer.get("NextPageToken"))
        self._pages.append(Page(self._where, tuple(sorted(grouped_by)), ends, followed))

    def _period(self, result: Any, at: str) -> tuple[date, Mapping[str, str]]:
        period = self._field(result, "TimePeriod", dict, at)
        start, end = (self._date(period, name, f"{at}.TimePeriod") for name in ("Start", "End"))
        if end - start > _DAY:
            self._refuse(f"{at}.TimePeriod", "is longer than a day: ask with Granularity DAILY")
        return start, period

    def _day(
        self,
        result: Any,
        start: date,
        period: Mapping[str, str],
        grouped_by: list[str],
        at: str,
    ) -> Iterator[BillRow]:
        groups = self._field(result, "Groups", list, at) if "Groups" in result else []
        if not groups and result.get("Total"):
            amount, currency = self._cost(result["Total"], f"{at}.Total")
            if amount:  # a page of groups has such a total where none of them are of the day
                self._note_grouping(start, period, ())
            yield self._row(start, period, {}, amount, currency, f"{at}.Total")
        if groups:
            self._note_grouping(start, period, tuple(sorted(grouped_by)))
        for n, group in enumerate(groups):
            place = f"{at}.Groups[{n}]"
            keys = self._field(group, "Keys", list, place)
            if len(keys) != len(grouped_by) or not all(isinstance(key, str) for key in keys):
                self._refuse(f"{place}.Keys", f"are not those of {', '.join(grouped_by)}")
            metrics = self._field(group, "Metrics", dict, place)
            amount, currency = self._cost(metrics, f"{place}.Metrics")
            named = dict(zip(grouped_by, keys, strict=True))
            yield self._row(start, period, named, amount, currency, place)

    def _note_grouping(self, day: date, period: Mapping[str, str], grouping: Grouping) -> None:
        hourly = ("hour",) if "T" in period["Start"] else ()
        self._groupings.add(day, (*grouping, *hourly), self._where)

    def _row(
        self,
        day: date,
        period: Mapping[str, str],
        named: Mapping[str, str],
        amount: Decimal,
        currency: str,
        place: str,
    ) -> BillRow:
        service = named.get("SERVICE")
        kind = "Tax" if service == "Tax" else "Usage"
        return BillRow(
            day=day,
            amount=amount,
            currency=currency,
            provider=AWS,
            service=NOT_NAMED if service is None else service,
            charge_type=named.get("RECORD_TYPE", kind),
            place=f"{self._where}: {place}",
            key=json.dumps([period["Start"], named], sort_keys=True),
            content=f"{plain_digits(amount)} {currency}".encode(),
        )

    def _cost(self, metrics: Any, at: str) -> tuple[Decimal, str]:
        told = self._field(metrics, _METRIC, dict, at)
        text = told.get("Amount")
        try:
            amount = text if isinstance(text, Decimal) else read_amount(_text(text))
            return amount, read_currency(_text(told.get("Unit")))
        except (NotAnAmountError, BillFileError) as error:
            self._refuse(f"{at}.{_METRIC}", str(error))

    def _date(self, period: Mapping[str, Any], name: str, at: str) -> Any:
        try:
            return read_day(self._field(period, name, str, at))
        except BillFileError as error:
            if str(error).startswith(self._where):
                raise
            self._refuse(f"{at}.{name}", str(error))

    def _field(self, holder: Any, name: str, kind: type, at: str) -> Any:
        if isinstance(holder, Unfit):
            self._refuse(at or "it", holder.reason)
        value = holder.get(name) if isinstance(holder, dict) else None
        if not isinstance(value, kind):
            problem = value.reason if isinstance(value, Unfit) else "is missing or of another kind"
            self._refuse(f"{at}.{name}" if at else name, problem)
        return value

    def _refuse(self, field: str, problem: str) -> NoReturn:
        raise BillFileError(f"{self._where}: {field} {problem}")


def _text(value: object) -> str:
    return value if isinstance(value, str) else repr(value)
