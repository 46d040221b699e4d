"""Reading bursar.yaml: what is wrong in it is said with its line and field, one a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from bursar.config import Config
from bursar.config.bursar_yaml import BursarYaml

M = TypeVar("M", bound=BaseModel)
_Location = tuple[int | str, ...]
_MERGE = "<<"
_VALUE_ERROR = "Value error, "  # what pydantic puts before the text of a validator


class ConfigError(ValueError):
    """The file is not a bursar.yaml; `problems` name line and field, one a line."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


def read_config(path: Path) -> Config:
    """Read and validate a bursar.yaml.

    Raises:
        ConfigError: the file cannot be read, is not YAML, or does not say what it must.
    """
    return _read(path, BursarYaml).config


def read_section(path: Path, name: str, section: type[M], otherwise: M | None = None) -> M:
    """Read one section of a bursar.yaml, or of a file that holds nothing else.

    Raises:
        ConfigError: as `read_config`, or there is no such section and nothing `otherwise`.
    """
    return _read(path, section, name, otherwise)


def _read(path: Path, model: type[M], section: str | None = None, otherwise: M | None = None) -> M:
    root, data = _load(path)
    if twice := list(_repeated(root)):
        raise ConfigError([f"{path}:{line}: {what}" for line, what in twice])
    if data is None:
        raise ConfigError([f"{path}: is empty"])
    if not isinstance(data, dict):
        raise ConfigError([f"{path}:1: is not a mapping, such as `version: 1`"])
    if section is not None and section not in data:
        if otherwise is not None:
            return otherwise
        raise ConfigError([f"{path}: has no section {section!r}"])
    outer: _Location = () if section is None else (section,)
    try:
        return model.model_validate(data if section is None else data[section])
    except ValidationError as error:
        raise ConfigError(
            [
                f"{path}:{_line(root, (*outer, *at))}: {_field((*outer, *at))}: {message}"
                for problem in _own(error.errors())
                for at, message in _told(problem)
            ]
        ) from None


def _load(path: Path) -> tuple[yaml.Node | None, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        return yaml.compose(text, Loader=yaml.SafeLoader), yaml.safe_load(text)
    except OSError as error:
        raise ConfigError([f"{path}: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError([f"{path}:{line}: is not UTF-8"]) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise ConfigError([f"{where}: {getattr(error, 'problem', None) or error}"]) from error
    except RecursionError as error:
        raise ConfigError([f"{path}: is nested too deeply"]) from error
    except ValueError as error:  # a date without such a day
        raise ConfigError([f"{path}: {error}"]) from error


def _own(problems: Sequence[Any]) -> Iterator[Any]:
    """Without lists that are too short only for the wrong items in them, which are told."""
    for problem in problems:
        at = problem["loc"]
        follows = (
            problem["type"] == "too_short"
            and len(problem["input"]) >= problem["ctx"]["min_length"]
            and any(each["loc"][: len(at)] == at != each["loc"] for each in problems)
        )
        if not follows:
            yield problem


def _told(problem: Any) -> list[tuple[_Location, str]]:
    """One problem, or the several that a check of the whole found."""
    if several := problem.get("ctx", {}).get("problems"):
        return list(several)
    return [(problem["loc"], problem["msg"].removeprefix(_VALUE_ERROR))]


def _repeated(root: yaml.Node | None) -> Iterator[tuple[int, str]]:
    """Keys that stand twice in one mapping: YAML itself would take the last and say nothing."""
    waiting: list[tuple[yaml.Node | None, _Location]] = [(root, ())]
    seen: set[int] = set()
    while waiting:
        node, location = waiting.pop(0)
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += [(item, (*location, n)) for n, item in enumerate(node.value)]
        if not isinstance(node, yaml.MappingNode):
            continue
        lines: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in lines and name != _MERGE:
                where = _field((*location, name))
                yield line, f"{where}: stands twice, first in line {lines[name]}"
            lines.setdefault(name, line)
            waiting.append((value, (*location, name)))


def _field(location: _Location) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
    return text or "bursar.yaml"


def _line(root: yaml.Node | None, location: _Location) -> int:
    """The line of the innermost part of the location that the file has."""
    node = root
    line = 1
    for part in location:
        found = _child(node, part)
        if found is None:
            break
        line, node = found
    return line


def _child(node: yaml.Node | None, part: int | str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item.start_mark.line + 1, item
    return None
