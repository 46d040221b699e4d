"""The house keeps its shape: imports run one way, handlers are thin, names say something."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    path for top in ("shared", "functions", "infra") for path in (ROOT / top).rglob("*.py")
)
FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/handler.py"))
API = "serve_api"  # many routes, each with its job
HANDLER_LINES = 25
MODULE_LINES = 300
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "processor"} | {
    "base",
    "misc",
}
TOO_HEAVY_FOR_A_HANDLER = (
    *("kubernetes", "pandas", "numpy", "duckdb", "cyclopts", "rich", "yaml", "moto", "aws_cdk"),
    "hypothesis",
)
WITH_NUMPY = {"detect_anomalies", "forecast_spend"}  # on a layer of their own
_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
    tokenize.ENCODING,
}


def code_lines(path: Path) -> int:
    """Lines that hold code: no blank ones, comments or docstrings."""
    text = path.read_text()
    lines = {
        line
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in _NO_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            told = node.body[0]
            lines -= set(range(told.lineno, (told.end_lineno or told.lineno) + 1))
    return len(lines)


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    froms = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    plain = (node.names for node in ast.walk(tree) if isinstance(node, ast.Import))
    return froms | {alias.name for names in plain for alias in names}


def test_imports_run_one_way() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(  # noqa: S603 - our own tool
        [lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[done.stdout.find("Contracts") :] + done.stderr


def test_there_are_functions_to_look_at() -> None:
    assert len(FUNCTIONS) >= 8


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_handler_is_thin(name: str) -> None:
    assert code_lines(ROOT / "functions" / name / "handler.py") <= HANDLER_LINES


@pytest.mark.parametrize("name", sorted({*FUNCTIONS} - {API}))
def test_a_function_calls_the_job_of_its_own_name(name: str) -> None:
    assert (ROOT / f"shared/bursar/jobs/{name}.py").exists()
    assert f"bursar.jobs.{name}" in imported(ROOT / "functions" / name / "handler.py")


def test_the_api_calls_no_job_but_its_routes() -> None:
    found = imported(ROOT / "functions" / API / "handler.py")
    assert {each for each in found if each.startswith("bursar.")} == {
        "bursar.entrypoint",
        "bursar.settings",
        "bursar.web.api.app",
        "bursar.wiring",
    }


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_folder_holds_its_handler_and_nothing_else(name: str) -> None:
    files = {path.name for path in (ROOT / "functions" / name).glob("*") if path.is_file()}
    assert files <= {"handler.py", "__init__.py"}


def test_no_module_is_too_long_to_read() -> None:
    too_long = {
        str(path.relative_to(ROOT)): lines
        for path in SOURCES
        if (lines := len(path.read_text().splitlines())) > MODULE_LINES
    }
    assert too_long == {}


def test_no_name_says_nothing() -> None:
    names = {
        part
        for path in [*SOURCES, *(ROOT / "tests").rglob("*.py")]
        for part in path.relative_to(ROOT).with_suffix("").parts
    }
    assert {name for name in names if SAYS_NOTHING & set(name.split("_"))} == set()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_importing_a_handler_pulls_in_nothing_heavy(name: str) -> None:
    program = f"import functions.{name}.handler, json, sys; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'shared'}:{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {module.partition(".")[0] for module in json.loads(done.stdout)}
    allowed = {"numpy"} if name in WITH_NUMPY else set()
    assert loaded & set(TOO_HEAVY_FOR_A_HANDLER) == allowed
