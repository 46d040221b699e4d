"""How much CPU and memory it takes to cost 1.5 million usage records, by tenant and model; and
by user, where there are half as many users as records.

Readers of the same file, each a process of its own, charged from the interpreter's start:
`bursar usage cost`; pandas with columns of Decimal objects, as one would have amounts exact in it,
written in the usual way (once) and in the quickest that was found; and DuckDB doing the same sums
of tokens. All count an id once, and have to come to the same rows; Bursar and pandas also to the
same amounts, duplicates and conflicts. Only Bursar checks what it reads.

    python -m benchmarks.usage_cost [--records N] [--runs N]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.usage_readers import MODELS

ROOT = Path(__file__).resolve().parents[1]
RECORDS = 1_500_000
RUNS = 3
KINDS = ("jsonl", "csv", "parquet")
FEW_ROWS, MANY_ROWS = "tenant,model", "user"
OF_USERS = "users.jsonl"
BURSAR, PANDAS, DUCKDB = "bursar", "pandas, prices joined", "duckdb"
USUAL_PANDAS = "pandas, Series.map"
PANDAS_GOAL, DUCKDB_GOAL, PEAK_GOAL_MB = 10, 2, 400
PANDAS_HOME = ROOT / ".build" / "bench-pandas"
_PANDAS_IS = ["pandas==3.1.1", "pyarrow==26.0.1"]  # pyarrow reads its Parquet and holds its texts
_BYTECODE = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")  # it is compiled once, as installed


def measure(records: int = RECORDS, runs: int = RUNS) -> dict[str, Any]:
    """The median CPU seconds and peak MB of each reader, for each kind of file."""
    found: dict[str, Any] = {"records": records, "runs": runs}
    with tempfile.TemporaryDirectory() as directory:
        generate(Path(directory), records)
        _run(BURSAR, Path(directory) / "few.csv", FEW_ROWS)  # what was edited since is compiled
        for kind, file, by in (
            *((kind, f"usage.{kind}", FEW_ROWS) for kind in KINDS),
            (OF_USERS, OF_USERS, MANY_ROWS),
        ):
            path = Path(directory) / file
            # in turns: what else the machine does meets all of them alike
            told = [
                {each: _run(each, path, by) for each in (BURSAR, PANDAS, DUCKDB)}
                for _ in range(runs)
            ]
            found[kind] = {each: _medians([one[each] for one in told]) for each in told[0]}
            told[0][USUAL_PANDAS] = _run(USUAL_PANDAS, path, by)
            found[kind][USUAL_PANDAS] = _medians([told[0][USUAL_PANDAS]])
            _assert_same({reader: one["answer"] for reader, one in told[0].items()})
    return found


def _medians(told: list[dict[str, Any]]) -> dict[str, float]:
    names = ("cpu_seconds", "peak_mb")
    return {name: statistics.median(each[name] for each in told) for name in names}


def _assert_same(answers: dict[str, Any]) -> None:
    ours = answers[BURSAR]
    for reader in {PANDAS, USUAL_PANDAS} & answers.keys():
        assert ours == answers[reader], f"{reader} comes to something else"
    assert [row[:-1] for row in ours["rows"]] == answers[DUCKDB]["rows"], "DuckDB sums otherwise"


def generate(directory: Path, records: int) -> None:
    """Lengths are log-normal and a few tenants ask most, as in the published traces; one id in
    a thousand is told twice."""
    import duckdb

    numbers = random.Random(11)
    began = 1_767_225_600
    lines = directory / "usage.jsonl"
    with lines.open("w") as file, (directory / OF_USERS).open("w") as of_users:
        for n in range(records):
            prompt = int(numbers.lognormvariate(6.5, 1.2))
            cached = int(prompt * numbers.random()) if numbers.random() < 0.3 else 0
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began + n // 2))
            told = {
                "id": f"req-{n:012x}",
                "at": at,
                "tenant": f"t{int(numbers.paretovariate(1.1)) % 97}",
                "model": "large" if numbers.random() < 0.6 else "small",
                "input_tokens": prompt,
                "cached_input_tokens": cached,
                "output_tokens": int(numbers.lognormvariate(5, 1)),
            }
            line = json.dumps(told) + "\n"
            times = 2 if n % 1000 == 0 else 1
            file.write(line * times)
            user = f"user-{numbers.randrange(-(-records // 2))}"
            of_users.write((json.dumps(told | {"user": user}) + "\n") * times)
    rows = duckdb.read_json(str(lines))
    rows.write_csv(str(directory / "usage.csv"))
    rows.write_parquet(str(directory / "usage.parquet"))
    head = (directory / "usage.csv").read_text()[:1000].splitlines()[:5]
    (directory / "few.csv").write_text("\n".join(head))
    (directory / "prices.yaml").write_text(
        "".join(
            f"{model}: {{input_usd_per_million: {i}, cached_input_usd_per_million: {c},"
            f" output_usd_per_million: {o}}}\n"
            for model, (i, c, o) in MODELS.items()
        )
    )


def table(found: dict[str, Any]) -> list[str]:
    lines = [
        f"{found['records']:,} records, median of {found['runs']}; {USUAL_PANDAS} once",
        f"{'':11s} {'':22s} {'CPU s':>7s} {'peak MB':>8s}",
    ]
    for kind in (*KINDS, OF_USERS):
        ours = found[kind][BURSAR]["cpu_seconds"]
        for reader, told in found[kind].items():
            cpu = told["cpu_seconds"]
            lines.append(
                f"{kind:11s} {reader:22s} {cpu:7.2f} {told['peak_mb']:8.1f}"
                f"  {cpu / ours:5.1f}x ours"
            )
        of_duckdb = ours / found[kind][DUCKDB]["cpu_seconds"]
        lines.append(
            f"{kind:11s} of DuckDB: {of_duckdb:.1f}x   goal: at most {DUCKDB_GOAL}x;"
            f" pandas: at least {PANDAS_GOAL}x ours; peak under {PEAK_GOAL_MB} MB"
        )
    return lines


def _run(reader: str, path: Path, by: str) -> dict[str, Any]:
    python = _pandas_python() if reader.startswith("pandas") else sys.executable
    environment = {name: told for name, told in os.environ.items() if name not in _BYTECODE}
    command = [python, "-m", "benchmarks.usage_readers", reader, str(path), by]
    done = subprocess.run(
        command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, env=environment
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _pandas_python() -> str:
    """The interpreter of a virtual environment that has pandas; made once."""
    python = PANDAS_HOME / "bin" / "python"
    if not any(PANDAS_HOME.glob("lib/python*/site-packages/pandas")):
        subprocess.run([sys.executable, "-m", "venv", str(PANDAS_HOME)], check=True)
        install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*install, *_PANDAS_IS], check=True)
    return str(python)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--runs", type=int, default=RUNS)
    asked = parser.parse_args()
    print("\n".join(table(measure(asked.records, asked.runs))))


if __name__ == "__main__":
    main()
