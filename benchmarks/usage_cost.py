"""How much CPU and memory it takes to cost 1.5 million usage records, by tenant and model.

Three readers of the same file, each a process of its own, charged from the interpreter's start:
`bursar usage cost`; pandas with columns of Decimal objects, as one would have amounts exact in it;
and DuckDB doing the same sums of tokens. All count an id once, and have to come to the same rows;
the first two also to the same amounts, duplicates and conflicts. Only Bursar checks what it reads.

    python -m benchmarks.usage_cost [--records N] [--runs N]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RECORDS = 1_500_000
RUNS = 3
KINDS = ("jsonl", "csv", "parquet")
ROLES = ("bursar", "pandas", "duckdb")
PANDAS_GOAL, DUCKDB_GOAL, PEAK_GOAL_MB = 10, 2, 400
MODELS = {"large": ("2.50", "1.25", "10"), "small": ("0.15", "0.075", "0.60")}
TOKENS = ["input_tokens", "cached_input_tokens", "output_tokens"]
PANDAS = ROOT / ".build" / "bench-pandas"
_PANDAS_IS = ["pandas==3.1.1", "pyarrow==26.0.1"]  # pyarrow reads its Parquet and holds its texts
_BYTECODE = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")  # it is compiled once, as installed
_SCANS = {"jsonl": "read_json", "csv": "read_csv", "parquet": "read_parquet"}


def measure(records: int = RECORDS, runs: int = RUNS) -> dict[str, Any]:
    """The median CPU seconds and peak MB of each reader, for each kind of file."""
    found: dict[str, Any] = {"records": records, "runs": runs}
    with tempfile.TemporaryDirectory() as directory:
        generate(Path(directory), records)
        _run("bursar", Path(directory) / "few.csv")  # what was edited since is compiled
        for kind in KINDS:
            path = Path(directory) / f"usage.{kind}"
            # in turns: what else the machine does meets all of them alike
            told = [{role: _run(role, path) for role in ROLES} for _ in range(runs)]
            _assert_same(told[0])
            found[kind] = {
                role: {
                    name: statistics.median(each[role][name] for each in told)
                    for name in ("cpu_seconds", "peak_mb")
                }
                for role in ROLES
            }
    return found


def _assert_same(told: dict[str, Any]) -> None:
    bursar, pandas, duckdb = (told[role]["answer"] for role in ROLES)
    assert bursar == pandas, "pandas comes to something else"
    assert [row[:-1] for row in bursar["rows"]] == duckdb["rows"], "DuckDB comes to other sums"


def generate(directory: Path, records: int) -> None:
    """Lengths are log-normal and a few tenants ask most, as in the published traces; one id in
    a thousand is told twice."""
    import duckdb

    numbers = random.Random(11)
    began = 1_767_225_600
    lines = directory / "usage.jsonl"
    with lines.open("w") as file:
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
            file.write(line * (2 if n % 1000 == 0 else 1))
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
        f"{found['records']:,} records, median of {found['runs']}",
        f"{'':10s} {'':8s} {'CPU s':>7s} {'peak MB':>8s}",
    ]
    for kind in KINDS:
        for role, told in found[kind].items():
            lines.append(f"{kind:10s} {role:8s} {told['cpu_seconds']:7.2f} {told['peak_mb']:8.1f}")
        ours, pandas, duckdb = (found[kind][role]["cpu_seconds"] for role in ROLES)
        lines.append(
            f"{kind:10s} of DuckDB: {ours / duckdb:.1f}x   goal: at most {DUCKDB_GOAL}x;"
            f" peak under {PEAK_GOAL_MB} MB"
        )
        lines.append(
            f"{kind:10s} pandas takes {pandas / ours:.1f}x   goal: at least {PANDAS_GOAL}x"
        )
    return lines


def cost_with_bursar(path: Path) -> dict[str, Any]:
    """What `bursar usage cost FILE --prices FILE --by tenant,model --json` does."""
    import contextlib
    import io

    from bursar.cli.usage import app

    told = io.StringIO()
    words = ["cost", path, "--prices", path.with_name("prices.yaml"), "--by", "tenant,model"]
    with contextlib.redirect_stdout(told), contextlib.suppress(SystemExit):
        app([*map(str, words), "--json"])
    found = json.loads(told.getvalue())
    names = ["tenant", "model", "requests", *TOKENS]
    rows = [[*(row[name] for name in names), _plain(row["usd"])] for row in found["rows"]]
    return _answer(rows, found["duplicates"], found["conflicts"])


def cost_with_pandas(path: Path) -> dict[str, Any]:
    """Prices are joined to the rows, tokens become Decimals, and columns are multiplied.

    Measured: a list comprehension over plain integers instead of columns takes a quarter less of
    CSV and Parquet; `Series.map` of the prices instead of the join takes three times as much.
    """
    import pandas as pd

    match path.suffix:
        case ".jsonl":
            told = pd.read_json(path, lines=True)
        case ".csv":
            told = pd.read_csv(path)
        case _:
            told = pd.read_parquet(path)
    distinct = told.drop_duplicates()
    rows = distinct.drop_duplicates("id")
    rates = {model: [Decimal(rate) / 1_000_000 for rate in own] for model, own in MODELS.items()}
    per_token = ["of_input", "of_cached", "of_output"]
    prices = pd.DataFrame.from_dict(rates, orient="index", columns=per_token)
    rows = rows.merge(prices, left_on="model", right_index=True)
    tokens, cached, output = (rows[name].map(Decimal) for name in TOKENS)
    of_input, of_cached, of_output = (rows[name] for name in per_token)
    rows["usd"] = (tokens - cached) * of_input + cached * of_cached + output * of_output
    sums = rows.groupby(["tenant", "model"]).agg(
        requests=("id", "count"), **{name: (name, "sum") for name in TOKENS}, usd=("usd", "sum")
    )
    found = [
        [*names, *map(int, row[:-1]), _plain(row[-1])]
        for names, *row in sums.itertuples(name=None)
    ]
    return _answer(found, len(told) - len(distinct), len(distinct) - len(rows))


def sum_with_duckdb(path: Path) -> dict[str, Any]:
    import duckdb

    source = f"{_SCANS[path.suffix[1:]]}('{path}')"
    values = ", ".join(f"any_value({name}) AS {name}" for name in TOKENS)
    rows = duckdb.sql(
        f"SELECT tenant, model, count(*), {', '.join(f'sum({name})' for name in TOKENS)} FROM ("  # noqa: S608
        " SELECT id, any_value(tenant) AS tenant, any_value(model) AS model,"
        f" {values} FROM {source} GROUP BY id) GROUP BY ALL"
    ).fetchall()
    return {"rows": sorted([*row[:2], *map(int, row[2:])] for row in rows)}


def _answer(rows: list[list[Any]], duplicates: int, conflicts: int) -> dict[str, Any]:
    return {"rows": sorted(rows), "duplicates": duplicates, "conflicts": conflicts}


def _plain(usd: Decimal | str) -> str:
    return f"{Decimal(usd).normalize():f}"


def _run(role: str, path: Path) -> dict[str, Any]:
    python = _pandas_python() if role == "pandas" else sys.executable
    environment = {name: told for name, told in os.environ.items() if name not in _BYTECODE}
    command = [python, "-m", "benchmarks.usage_cost", role, str(path)]
    done = subprocess.run(
        command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, env=environment
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _pandas_python() -> str:
    """The interpreter of a virtual environment that has pandas; made once."""
    python = PANDAS / "bin" / "python"
    if not any(PANDAS.glob("lib/python*/site-packages/pandas")):
        subprocess.run([sys.executable, "-m", "venv", str(PANDAS)], check=True)
        install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*install, *_PANDAS_IS], check=True)
    return str(python)


def _report(role: str, path: Path) -> None:
    roles = {"bursar": cost_with_bursar, "pandas": cost_with_pandas, "duckdb": sum_with_duckdb}
    answer = roles[role](path)
    used = resource.getrusage(resource.RUSAGE_SELF)
    status = Path("/proc/self/status").read_text()
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert peak is not None
    figures = {
        "answer": answer,
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_mb": round(int(peak[1]) / 1024, 1),
    }
    print(json.dumps(figures))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", nargs="?", default="measure")
    parser.add_argument("path", nargs="?", type=Path)
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--runs", type=int, default=RUNS)
    asked = parser.parse_args()
    if asked.role == "measure":
        print("\n".join(table(measure(asked.records, asked.runs))))
    else:
        _report(asked.role, asked.path)


if __name__ == "__main__":
    main()
