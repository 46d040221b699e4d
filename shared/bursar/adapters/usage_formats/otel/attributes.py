"""OTLP's attributes as a mapping, and what of them says whose usage it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, TypedDict

from bursar.adapters.usage_formats.documents import Place
from bursar.adapters.usage_formats.fields import FieldError, from_epoch, text
from bursar.adapters.usage_formats.strict_json import Unfit

_SECOND = 10**9
_MOST_DIGITS = 20  # of 64 bits
_KINDS = ("intValue", "stringValue", "doubleValue", "boolValue")


class Whose(TypedDict):
    tenant: str
    feature: str
    user: str
    provider: str


def attributes(holder: Mapping[str, Any]) -> dict[str, Any]:
    """Text, numbers and truths by their key; lists and maps (prompts among them) are left out.

    Raises:
        FieldError: they are no attributes, or one has two values.
    """
    found: dict[str, Any] = {}
    for entry in _list(holder.get("attributes")):
        key, value = entry.get("key"), entry.get("value", {})  # one without a value is null
        if not isinstance(key, str) or not isinstance(value, dict):
            raise FieldError("attributes are not pairs of key and value")
        for kind in _KINDS:
            if kind in value:
                if key in found:
                    raise FieldError("has the same attribute twice")
                found[key] = _int64(value[kind]) if kind == "intValue" else value[kind]
    return found


def nested(where: str, holder: Any, *names: str) -> Iterator[tuple[str, list[Any], Any]]:
    """Each innermost element with its place and the objects that it stands in, outermost first.

    What stands in the way of reading further is given as the element itself, an `Unfit`.
    """
    yield from _nested(where, [], holder, names)


def instant_nanos(name: str, told: Any) -> datetime:
    """A time told as nanoseconds since 1970, in text or as a number."""
    nanos = _nanos(name, told)
    return from_epoch(name, nanos // _SECOND, nanos % _SECOND)


def model(told: Mapping[str, Any]) -> str:
    return text(told, "gen_ai.response.model", "gen_ai.request.model")


def whose(told: Mapping[str, Any], resource: Mapping[str, Any]) -> Whose:
    """Tenant, feature, user and provider; the span's own word goes before its resource's."""
    return {
        "tenant": text(told, "bursar.tenant", "tenant.id")
        or text(resource, "bursar.tenant", "tenant.id"),
        "feature": text(told, "bursar.feature")
        or text(resource, "bursar.feature", "service.name"),
        "user": text(told, "user.id", "enduser.id"),
        "provider": text(told, "gen_ai.provider.name", "gen_ai.system"),
    }


def _int64(told: Any) -> Any:
    """OTLP writes 64-bit numbers as text; what is not one stays, for its reader to refuse."""
    if isinstance(told, str) and len(told) <= _MOST_DIGITS and told.isascii() and told.isdigit():
        return int(told)
    return told


def _nanos(name: str, told: Any) -> int:
    nanos = _int64(told)
    if nanos.__class__ is int and nanos >= 0:
        return nanos
    raise FieldError(f"{name} is not a time in nanoseconds")


def _nested(
    where: str, above: list[Any], holder: Any, names: tuple[str, ...]
) -> Iterator[tuple[str, list[Any], Any]]:
    if not names:
        yield where, above, holder
        return
    if not isinstance(holder, dict):
        yield where, above, holder if isinstance(holder, Unfit) else Unfit("is not an object")
        return
    inner = holder.get(names[0])
    for place, element in _elements(f"{where}.{names[0]}".lstrip("."), inner):
        yield from _nested(place, [*above, holder], element, names[1:])


def _elements(where: str, told: Any) -> Iterator[Place]:
    if isinstance(told, list):
        for n, element in enumerate(told):
            yield f"{where}[{n}]", element
    elif told is not None:
        yield where, Unfit("is not a list")


def _list(told: Any) -> list[dict[str, Any]]:
    if told is None:
        return []
    if not isinstance(told, list) or not all(isinstance(entry, dict) for entry in told):
        raise FieldError("attributes are not a list of objects")
    return told
