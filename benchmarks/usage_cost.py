"""How much CPU and memory it takes to cost 1.5 million usage records, by tenant and model.

Three readers of the same file, each a process of its own, charged from the interpreter's start:
`bursar usage cost`; pandas with a Decimal for each record, as exactness is often had; and DuckDB
doing the same sums of tokens. All count an id once. DuckDB alone checks nothing and prices
nothing.

    python -m benchmarks.usage_cost [--records N]
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RECORDS = 1_500_000
KINDS = ("jsonl", "csv", "parquet")
PANDAS_GOAL, DUCKDB_GOAL, PEAK_GOAL_MB = 10, 2, 400
MODELS = {"large": ("2.50", "1.25", "10"), "small": ("0.15", "0.075", "0.60")}
_SCANS = {"jsonl": "read_json", "csv": "read_csv", "parquet": "read_parquet"}


def measure(records: int = RECORDS) -> dict[str, Any]:
    """CPU seconds and peak MB of each reader, for each kind of file."""
    found: dict[str, Any] = {"records": records}
    with tempfile.TemporaryDirectory() as directory:
        generate(Path(directory), records)
        for kind in KINDS:
            path = Path(directory) / f"usage.{kind}"
            found[kind] = {role: _run(role, path) for role in ("bursar", "pandas", "duckdb")}
            totals = {told["input_tokens"] for told in found[kind].values() if told}
            assert len(totals) == 1, totals
    return found


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
    (directory / "prices.yaml").write_text(
        "".join(
            f"{model}: {{input_usd_per_million: {i}, cached_input_usd_per_million: {c},"
            f" output_usd_per_million: {o}}}\n"
            for model, (i, c, o) in MODELS.items()
        )
    )


def table(found: dict[str, Any]) -> list[str]:
    lines = [f"{found['records']:,} records", f"{'':10s} {'':8s} {'CPU s':>7s} {'peak MB':>8s}"]
    for kind in KINDS:
        for role, told in found[kind].items():
            if told:
                lines.append(
                    f"{kind:10s} {role:8s} {told['cpu_seconds']:7.2f} {told['peak_mb']:8.1f}"
                )
        lines += _ratios(kind, found[kind])
    return lines


def _ratios(kind: str, told: dict[str, Any]) -> list[str]:
    ours = told["bursar"]["cpu_seconds"]
    lines = [f"{kind:10s} of DuckDB: {ours / told['duckdb']['cpu_seconds']:.1f}x"]
    lines[0] += f"   goal: at most {DUCKDB_GOAL}x; peak under {PEAK_GOAL_MB} MB"
    if told["pandas"]:
        ratio = told["pandas"]["cpu_seconds"] / ours
        lines.append(f"{kind:10s} pandas takes {ratio:.1f}x   goal: at least {PANDAS_GOAL}x")
    return lines


def cost_with_bursar(path: Path) -> int:
    """What `bursar usage cost FILE --prices FILE --by tenant,model --json` does."""
    import contextlib
    import io

    from bursar.cli.usage import app

    told = io.StringIO()
    words = ["cost", path, "--prices", path.with_name("prices.yaml"), "--by", "tenant,model"]
    with contextlib.redirect_stdout(told), contextlib.suppress(SystemExit):
        app([*map(str, words), "--json"])
    return int(json.loads(told.getvalue())["total"]["input_tokens"])


def cost_with_pandas(path: Path) -> int:
    import pandas as pd

    readers: dict[str, Callable[[], Any]] = {
        ".jsonl": lambda: pd.read_json(path, lines=True),
        ".csv": lambda: pd.read_csv(path),
        ".parquet": lambda: pd.read_parquet(path),
    }
    rows = readers[path.suffix]().drop_duplicates("id")
    rates = {model: tuple(map(Decimal, told)) for model, told in MODELS.items()}
    columns = (rows.model, rows.input_tokens, rows.cached_input_tokens, rows.output_tokens)
    rows["usd"] = [
        (Decimal(i - c) * rates[m][0] + Decimal(c) * rates[m][1] + Decimal(o) * rates[m][2])
        / 1_000_000
        for m, i, c, o in zip(*(column.tolist() for column in columns), strict=True)
    ]
    sums = rows.groupby(["tenant", "model"]).agg(
        requests=("id", "count"),
        input_tokens=("input_tokens", "sum"),
        cached=("cached_input_tokens", "sum"),
        output_tokens=("output_tokens", "sum"),
        usd=("usd", "sum"),
    )
    return int(sums.input_tokens.sum())


def sum_with_duckdb(path: Path) -> int:
    import duckdb

    source = f"{_SCANS[path.suffix[1:]]}('{path}')"
    rows = duckdb.sql(
        "SELECT tenant, model, count(*), sum(i) AS i, sum(c), sum(o) FROM ("  # noqa: S608
        " SELECT id, any_value(tenant) AS tenant, any_value(model) AS model,"
        " any_value(input_tokens) AS i, any_value(cached_input_tokens) AS c,"
        f" any_value(output_tokens) AS o FROM {source} GROUP BY id) GROUP BY ALL"
    ).fetchall()
    return sum(int(row[3]) for row in rows)


def _run(role: str, path: Path) -> dict[str, Any] | None:
    """None where the peer is not installed."""
    command = [sys.executable, "-m", "benchmarks.usage_cost", role, str(path)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, Any] | None = json.loads(done.stdout)
    return told


def _report(role: str, path: Path) -> None:
    roles = {"bursar": cost_with_bursar, "pandas": cost_with_pandas, "duckdb": sum_with_duckdb}
    try:
        counted = roles[role](path)
    except ModuleNotFoundError as error:
        if error.name != "pandas":
            raise
        print("null")
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    status = Path("/proc/self/status").read_text()
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert peak is not None
    figures = {
        "input_tokens": counted,
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_mb": round(int(peak[1]) / 1024, 1),
    }
    print(json.dumps(figures))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", nargs="?", default="measure")
    parser.add_argument("path", nargs="?", type=Path)
    parser.add_argument("--records", type=int, default=RECORDS)
    asked = parser.parse_args()
    if asked.role == "measure":
        print("\n".join(table(measure(asked.records))))
    else:
        _report(asked.role, asked.path)


if __name__ == "__main__":
    main()
