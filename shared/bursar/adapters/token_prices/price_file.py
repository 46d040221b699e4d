"""Price files: YAML of a model's name and its price, or its list of dated prices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from bursar.domain.usage.plain_prices import plain_prices
from bursar.domain.usage.price_books import OwnTokenPrices, RepeatedPriceError
from bursar.domain.usage.prices import TokenPrice

_LARGEST_BYTES = 16 << 20


class PriceFileError(ValueError):
    """The file is no price file; `problems` name its lines."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _ExactLoader(yaml.SafeLoader):
    """Reads numbers as the digits that are written: 0.1 is a tenth and no float."""


_ExactLoader.yaml_implicit_resolvers = {
    first: [rule for rule in rules if rule[0] == "tag:yaml.org,2002:null"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_price_file(path: Path) -> OwnTokenPrices:
    """Read and validate a price file.

    Raises:
        PriceFileError: it cannot be read, is no YAML, or says something else than prices.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
        if len(content) > _LARGEST_BYTES:
            raise PriceFileError([f"{path}: is larger than 16 MiB"])
        loader = _ExactLoader(content.decode("utf-8-sig"))
        root = loader.get_single_node()
        twice = _repeated(root)  # before what is merged from another mapping stands in it, too
        data = loader.construct_document(root) if root else None
    except OSError as error:
        raise PriceFileError([f"{path}: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise PriceFileError([f"{path}: is not UTF-8"]) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise PriceFileError([f"{where}: {getattr(error, 'problem', None) or error}"]) from error
    except (ValueError, RecursionError, TypeError) as error:
        if isinstance(error, PriceFileError):
            raise
        raise PriceFileError([f"{path}: {error}"]) from error
    if not isinstance(data, dict) or not data:
        raise PriceFileError(
            [f"{path}: names no model, as `gpt-4o: {{input_usd_per_million: 2.50, ...}}`"]
        )
    if twice:
        raise PriceFileError([f"{path}:{line}: {name} stands twice" for line, name in twice])
    return _book(path, root, data)


def _book(path: Path, root: yaml.Node | None, data: dict[Any, Any]) -> OwnTokenPrices:
    prices = plain_prices(data, path.name)
    try:
        return OwnTokenPrices(_priced_by_row(path, root, data) if prices is None else prices)
    except RepeatedPriceError as error:
        raise PriceFileError([f"{path}: {error}"]) from None


def _priced_by_row(
    path: Path, root: yaml.Node | None, data: dict[Any, Any]
) -> Iterator[TokenPrice]:
    from pydantic import TypeAdapter, ValidationError

    from bursar.domain.usage.price_rows import ModelTerms

    try:
        models = TypeAdapter(dict[str, ModelTerms]).validate_python(data)
    except ValidationError as error:
        problems = [
            f"{path}:{_line(root, problem['loc'])}:"
            f" {'.'.join(map(str, problem['loc']))}: {problem['msg']}"
            for problem in error.errors()
        ]
        raise PriceFileError(problems) from None
    for model, rows in models.items():
        for row in rows:
            yield row.price("", model, path.name)


def _repeated(root: yaml.Node | None) -> list[tuple[int, str]]:
    """Keys that stand twice in one mapping: YAML itself would take the last. A node is looked
    at once, by however many aliases it is told."""
    found: list[tuple[int, str]] = []
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            names: set[str] = set()
            for key, value in node.value:
                if str(key.value) in names:
                    found.append((key.start_mark.line + 1, str(key.value)))
                names.add(str(key.value))
                waiting.append(value)
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
    return sorted(found)


def _line(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """The line of the innermost part of the location that the file has."""
    line = 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pairs = [(key, value) for key, value in node.value if key.value == str(part)]
            if not pairs:
                continue
            line, node = pairs[-1][0].start_mark.line + 1, pairs[-1][1]  # merged ones are first
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
