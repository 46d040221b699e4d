"""`bursar config`: check a file, and print its schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from bursar.cli.main import app

EXAMPLE = Path(__file__).resolve().parents[3] / "bursar.example.yaml"


def schema(capsys: pytest.CaptureFixture[str]) -> Draft202012Validator:
    app(["config", "schema"], result_action="return_value")
    found = json.loads(capsys.readouterr().out)
    Draft202012Validator.check_schema(found)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    return Draft202012Validator(found)


def example() -> Any:
    data = yaml.safe_load(EXAMPLE.read_text())
    return json.loads(json.dumps(data, default=lambda at: at.isoformat()))


def test_a_good_file_is_said_to_be_good(capsys: pytest.CaptureFixture[str]) -> None:
    app(["config", "check", str(EXAMPLE)], result_action="return_value")
    assert capsys.readouterr().out == f"{EXAMPLE}: 2 clusters, 4 budgets: good\n"


def test_a_wrong_file_ends_with_2_and_a_line_for_each_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bursar.yaml"
    path.write_text("version: 3\nregion: here\n")
    with pytest.raises(SystemExit) as left:
        app(["config", "check", str(path)], result_action="return_value")
    assert left.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    assert len(lines) == 5
    assert all(line.startswith(f"bursar: {path}:") for line in lines)


def test_the_schema_accepts_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(schema(capsys).iter_errors(example())) == []


@pytest.mark.parametrize(
    ("section", "wrong"),
    [
        ("budgets", [{"id": "a", "scope": "org=example", "limit": 0.1, "owner": "x"}]),
        ("clusters", [{"name": "prod", "region": "mars", "endpoint": "https://x"}]),
        ("notifications", {}),
        ("nonsense", 1),
    ],
)
def test_the_schema_refuses_what_the_check_refuses(
    capsys: pytest.CaptureFixture[str], section: str, wrong: Any
) -> None:
    assert not schema(capsys).is_valid(example() | {section: wrong})
