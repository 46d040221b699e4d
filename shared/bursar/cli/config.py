"""`bursar config`: check a bursar.yaml, naming line and field, and print its JSON Schema."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml
from cyclopts import App
from pydantic import ValidationError

from bursar.cli.exits import Exit, leave
from bursar.config import Config, json_schema

app = App(name="config", help="Check bursar.yaml, or print its JSON Schema.")


class ConfigError(ValueError):
    """The file is not a bursar.yaml; `problems` name line and field, one a line."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


@app.command
def check(path: Path = Path("bursar.yaml")) -> None:
    """Validate a file: exit code 2, and each problem with its line and field, if it is wrong."""
    try:
        config = read_config(path)
    except ConfigError as error:
        leave(Exit.WRONG_INPUT, error.problems)
    sys.stdout.write(
        f"{path}: {len(config.clusters)} clusters, {len(config.budgets)} budgets: good\n"
    )


@app.command
def schema() -> None:
    """Print the JSON Schema of bursar.yaml, for editors."""
    sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")


def read_config(path: Path) -> Config:
    """Read and validate a bursar.yaml.

    Raises:
        ConfigError: the file cannot be read, is not YAML, or does not say what it must.
    """
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except OSError as error:
        raise ConfigError([f"{path}: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: is not UTF-8"]) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise ConfigError([f"{where}: {getattr(error, 'problem', None) or error}"]) from error
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        problems = [
            f"{path}:{_line(root, problem['loc'])}: {_field(problem['loc'])}: {problem['msg']}"
            for problem in error.errors()
        ]
        raise ConfigError(problems) from None


Location = tuple[int | str, ...]


def _field(location: Location) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
    return text or "bursar.yaml"


def _line(root: yaml.Node | None, location: Location) -> int:
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
