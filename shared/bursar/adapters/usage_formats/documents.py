"""The JSON documents of a message: one, one a line, or an array of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bursar.adapters.usage_formats.fields import FieldError
from bursar.adapters.usage_formats.strict_json import NotJsonError, Unfit, parse
from bursar.domain.usage.producers import TenantRefusedError
from bursar.domain.usage.records import UsageRecord, UsageRecordError
from bursar.domain.usage.rejections import Placed, Rejection

Payload = bytes | str | Mapping[str, Any]
Told = Placed | Rejection
Place = tuple[str, Any]
NOT_UTF8 = Unfit("is not UTF-8")


def documents(payload: Payload) -> Iterator[Place]:
    """Each document with its place. What cannot be read is an `Unfit`, and ends nothing.

    An EventBridge event is unwrapped to its `detail`.
    """
    if isinstance(payload, Mapping):
        yield "", _unwrapped(payload)
        return
    text = as_text(payload)
    try:
        whole = parse(text)
        spoilt = not is_utf8(text) and isinstance(whole, dict) and "\n" not in text.strip()
        yield "", NOT_UTF8 if spoilt else _unwrapped(whole)
    except NotJsonError as error:
        lines = list(_by_line(text))
        if any(isinstance(value, dict | list) for _, value in lines):
            yield from lines
        else:
            yield "", Unfit(str(error))


def as_text(payload: bytes | str) -> str:
    """Bytes that are no UTF-8 become half characters: no line and no kept name may hold one."""
    text = payload.decode("utf-8", "surrogateescape") if isinstance(payload, bytes) else payload
    return text.removeprefix("\ufeff")


def is_utf8(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def each(where: str, document: Any) -> Iterator[Place]:
    """The elements of an array, or the one thing that it is."""
    if isinstance(document, list):
        for n, element in enumerate(document):
            yield f"{where}[{n}]", element
    else:
        yield where, document


def attempt(
    where: str, build: Callable[..., UsageRecord | None], item: Any, *rest: Any
) -> tuple[Told, ...]:
    """The record built of an object, a rejection that says why not, or nothing."""
    if not isinstance(item, Mapping):
        return (Rejection(where, item.reason if isinstance(item, Unfit) else "is not an object"),)
    try:
        record = build(item, *rest)
    except (FieldError, UsageRecordError, TenantRefusedError) as error:
        return (Rejection(where, str(error)),)
    return () if record is None else (Placed(where, record),)


def _by_line(text: str) -> Iterator[Place]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not is_utf8(line):
            yield f"line {number}", NOT_UTF8
        elif line.strip():
            try:
                yield f"line {number}", _unwrapped(parse(line))
            except NotJsonError:
                yield f"line {number}", Unfit("is not JSON")


def _unwrapped(document: Any) -> Any:
    if isinstance(document, dict) and "detail-type" in document and "detail" in document:
        return document["detail"]
    return document
