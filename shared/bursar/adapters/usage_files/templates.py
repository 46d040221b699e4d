"""How the lines of a file are written: the fixed bytes around each value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from bursar.adapters.usage_files.rows import COUNTS, KNOWN

_FIELD = (
    rb'(?P<before>\s*"(?P<name>[^"\\,]*)"\s*:\s*)'
    rb'(?:(?P<quote>")(?P<text>[^"\\,]*)"|(?P<whole>\d+)|(?P<literal>null|true|false))\s*'
)
_OBJECT = rb"(?s)(\s*\{)(.*)(\}\s*)"


class Column(NamedTuple):
    """A value between fixed bytes. A `literal` (`null`, `true`) is itself part of those bytes,
    and the value between them empty."""

    name: str
    before: bytes = b""
    after: bytes = b""
    quoted: bool = False
    literal: bytes | None = None

    @property
    def is_count(self) -> bool:
        """Whether nothing but digits can be its value."""
        return self.name in COUNTS and not self.quoted

    @property
    def excludes_its_end(self) -> bool:
        """Whether the byte that ends a value can be in none that is one."""
        return self.is_count or self.name == "at"


@dataclass(frozen=True)
class Template:
    """A line: columns with a comma between each two. In CSV an empty value tells nothing."""

    columns: tuple[Column, ...]
    is_csv: bool = False

    @cached_property
    def valued(self) -> tuple[Column, ...]:
        """The columns that are not literally the same in every line."""
        return tuple(column for column in self.columns if column.literal is None)

    @cached_property
    def joints(self) -> tuple[bytes, ...]:
        """The fixed bytes before each value, from the end of the value before it on, and those
        behind the last."""
        joints = [b""]
        for n, column in enumerate(self.columns):
            joints[-1] += (b"," if n else b"") + column.before
            if column.literal is None:
                joints.append(b"")
            joints[-1] += column.after
        return tuple(joints)

    @cached_property
    def fixed_bytes(self) -> int:
        return sum(map(len, self.joints))


def template_of_header(names: list[str]) -> Template:
    return Template(tuple(Column(name) for name in names), is_csv=True)


def template_of_json(line: bytes) -> Template | None:
    """Learn from one object; None where it is not flat, says a name twice, or a text where a
    count should be: such lines are read one by one."""
    whole = re.fullmatch(_OBJECT, line)  # compiled when first needed: CSV does without
    if whole is None:
        return None
    pieces = whole[2].split(b",")
    columns = []
    for n, piece in enumerate(pieces):
        field = re.fullmatch(_FIELD, piece)
        if field is None:
            return None
        opened = whole[1] if n == 0 else b""
        closed = whole[3] if n == len(pieces) - 1 else b""
        columns.append(_column(field, piece, opened, closed))
    names = [column.name for column in columns]
    if len(set(names)) < len(names) or not all(_fits(column) for column in columns):
        return None
    return Template(tuple(columns))


def _column(field: re.Match[bytes], piece: bytes, opened: bytes, closed: bytes) -> Column:
    kind = next(kind for kind in ("text", "whole", "literal") if field[kind] is not None)
    literal = field["literal"]
    start = field.end("literal") if literal else field.start(kind)
    return Column(
        name=field["name"].decode(errors="replace"),
        before=opened + piece[:start],
        after=piece[field.end(kind) :] + closed,
        quoted=field["quote"] is not None,
        literal=literal,
    )


def _fits(column: Column) -> bool:
    if column.name not in KNOWN:
        return True
    if column.literal is not None:
        return column.literal == b"null" or column.name == "batch"
    return column.quoted != (column.name in COUNTS) and column.name != "batch"
