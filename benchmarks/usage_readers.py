"""The readers of `usage_cost`, each in a process of its own: `... usage_readers NAME FILE BY`.

Nothing is imported here that one of them alone needs: each is charged for its own imports.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

MODELS = {"large": ("2.50", "1.25", "10"), "small": ("0.15", "0.075", "0.60")}
TOKENS = ["input_tokens", "cached_input_tokens", "output_tokens"]
_SCANS = {"jsonl": "read_json", "csv": "read_csv", "parquet": "read_parquet"}


def cost_with_bursar(path: Path, by: list[str]) -> str:
    """`bursar usage cost FILE --prices FILE --by DIM,... --json`."""
    import contextlib
    import io

    from bursar.cli.main import main

    told = io.StringIO()
    prices = str(path.with_name("prices.yaml"))
    asked = ["--prices", prices, "--by", ",".join(by), "--json"]
    sys.argv = ["bursar", "usage", "cost", str(path), *asked]
    with contextlib.redirect_stdout(told), contextlib.suppress(SystemExit):
        main()
    return told.getvalue()


def cost_with_pandas_joined(path: Path, by: list[str]) -> str:
    """Prices are joined to the rows: the least CPU that columns of Decimals were seen to take.

    A list comprehension over the plain integers of each row takes as much.
    """

    def prices_of(rows: Any, rates: dict[str, list[Decimal]]) -> list[Any]:
        import pandas as pd

        prices = pd.DataFrame.from_dict(
            rates, orient="index", columns=["input", "cached", "output"]
        )
        joined = rows[["model"]].merge(prices, left_on="model", right_index=True)
        return [joined[name] for name in prices]

    return _cost_with_pandas(path, by, prices_of)


def cost_with_pandas_mapped(path: Path, by: list[str]) -> str:
    """Prices are mapped onto the column of models, as most would write it."""

    def prices_of(rows: Any, rates: dict[str, list[Decimal]]) -> list[Any]:
        return [rows["model"].map({m: own[n] for m, own in rates.items()}) for n in range(3)]

    return _cost_with_pandas(path, by, prices_of)


def _cost_with_pandas(path: Path, by: list[str], prices_of: Callable[..., list[Any]]) -> str:
    """Tokens become Decimals, and columns are multiplied by the columns of prices."""
    import pandas as pd

    match path.suffix:
        case ".jsonl":
            told = pd.read_json(path, lines=True)
        case ".csv":
            told = pd.read_csv(path)
        case _:
            told = pd.read_parquet(path)
    distinct = told.drop_duplicates()
    rows = distinct.drop_duplicates("id").copy()
    rates = {model: [Decimal(rate) / 1_000_000 for rate in own] for model, own in MODELS.items()}
    of_input, of_cached, of_output = prices_of(rows, rates)
    tokens, cached, output = (rows[name].map(Decimal) for name in TOKENS)
    rows["usd"] = (tokens - cached) * of_input + cached * of_cached + output * of_output
    sums = rows.groupby(by).agg(
        requests=("id", "count"), **{name: (name, "sum") for name in TOKENS}, usd=("usd", "sum")
    )
    rows_told = sums.reset_index().assign(usd=sums["usd"].map(str).array).to_dict("records")
    again = {"duplicates": len(told) - len(distinct), "conflicts": len(distinct) - len(rows)}
    return json.dumps({"rows": rows_told} | again)


def sum_with_duckdb(path: Path, by: list[str]) -> str:
    import duckdb

    source = f"{_SCANS[path.suffix[1:]]}('{path}')"
    values = ", ".join(f"any_value({name}) AS {name}" for name in TOKENS)
    names = ", ".join(f'"{name}"' for name in by)
    kept = ", ".join(f'any_value("{name}") AS "{name}"' for name in by)
    rows = (
        duckdb.connect()
        .execute(
            f"SELECT {names}, count(*), {', '.join(f'sum({name})' for name in TOKENS)} FROM ("  # noqa: S608
            f" SELECT id, {kept}, {values} FROM {source} GROUP BY id) GROUP BY ALL"
        )
        .fetchall()
    )
    told = [*by, "requests", *TOKENS]
    return json.dumps({"rows": [dict(zip(told, row, strict=True)) for row in rows]}, default=int)


READERS = {
    "bursar": cost_with_bursar,
    "pandas, prices joined": cost_with_pandas_joined,
    "pandas, Series.map": cost_with_pandas_mapped,
    "duckdb": sum_with_duckdb,
}


def _comparable(text: str, by: list[str]) -> dict[str, Any]:
    """What was told, with its rows as lists in one order, and amounts written one way."""
    told = json.loads(text)
    names = [*by, "requests", *TOKENS]
    rows = [
        [*(row[name] for name in names), *([_plain(row["usd"])] if "usd" in row else [])]
        for row in told["rows"]
    ]
    again = {name: told[name] for name in ("duplicates", "conflicts") if name in told}
    return {"rows": sorted(rows)} | again


def _plain(usd: str) -> str:
    return f"{Decimal(usd).normalize():f}"


def main() -> None:
    """Print what a reader came to, and the CPU and memory that it took to tell it as JSON."""
    name, path, by = sys.argv[1:]
    told = READERS[name](Path(path), by.split(","))
    used = resource.getrusage(resource.RUSAGE_SELF)
    status = Path("/proc/self/status").read_text()
    (peak,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    figures = {
        "answer": _comparable(told, by.split(",")),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_mb": round(int(peak) / 1024, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
