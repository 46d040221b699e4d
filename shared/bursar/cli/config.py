"""`bursar config`: check a bursar.yaml, naming line and field, and print its JSON Schema."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from cyclopts import App

from bursar.cli.exits import Exit, leave
from bursar.config.bursar_yaml import json_schema
from bursar.config_file import ConfigError, read_config

app = App(name="config", help="Check bursar.yaml, or print its JSON Schema.")


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
