"""`make bench-series`: our forecasts and anomalies beside peers, on the same public series.

    python -m benchmarks.series [--data DIRECTORY] [--peers PYTHON] [--no-docs]

Each method runs in a process of its own, by the scorer that came with the series (`bench.py` in
the directory above the data). Those that are quick are scored on all of it; those that are slow
on a sample of the entities (`series_sample`), with ours on the same sample beside them, so that
every comparison is like for like. Peers run with the Python of `.build/bench-peers`, or with
`--peers`, where `pip install -r benchmarks/requirements.txt` has put them; one that is not there
is left out with a word. The table goes to stdout, and into docs/forecasting.md between its
markers.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.series_sample import sample, sizes
from benchmarks.series_table import Scores, Sets, many_line, measured_line, table

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "bench" / "dev"
PEERS = ROOT / ".build" / "bench-peers" / "bin" / "python"
DOCS = ROOT / "docs" / "forecasting.md"
BEGIN, END = "<!-- bench-series: begin -->", "<!-- bench-series: end -->"
MANY, DAYS, HORIZON = 100_000, 120, 25
FORECASTS_EVERY, ANOMALIES_EVERY = 2, 8  # entities: all cells in some 20 CPU-minutes
_METHODS = "benchmarks.series_methods"


@dataclass(frozen=True)
class Method:
    name: str
    place: str  # module:function
    needs: str | None = None
    is_slow: bool = False  # then only on the sample


FORECASTERS = (
    Method("Bursar", "bursar.domain.forecast:forecast"),
    Method("seasonal naive", f"{_METHODS}:seasonal_naive"),
    Method("mean of 30 periods", f"{_METHODS}:mean_of_30"),
    Method("AutoETS", f"{_METHODS}:auto_ets", "statsforecast", is_slow=True),
    Method("AutoTheta", f"{_METHODS}:auto_theta", "statsforecast", is_slow=True),
    Method("MSTL", f"{_METHODS}:mstl", "statsforecast", is_slow=True),
)
DETECTORS = (
    Method("Bursar", "bursar.domain.anomalies:detect"),
    Method("z-score", f"{_METHODS}:z_score"),
    Method("week before", f"{_METHODS}:week_before"),
    Method("matrix profile", f"{_METHODS}:matrix_profile", "stumpy"),
    Method("AutoETS 99%", f"{_METHODS}:ets_interval", "statsforecast", is_slow=True),
)


class Bench:
    """One run: the scorer, the Python that peers are installed for, and what was scored."""

    def __init__(self, scorer: Path, peers: Path) -> None:
        self._scorer, self._peers = scorer, peers

    def scores(self, data: Path, *, is_sample: bool) -> tuple[Scores, Scores]:
        """Forecasters' and detectors', by name; a word of why in place of what is not there."""

        def asked(methods: Sequence[Method]) -> list[Method]:
            ours, *peers = methods
            return [ours, *(each for each in peers if each.is_slow == is_sample)]

        return (
            {
                each.name: self._score(each, data, "--forecast", "F1,F2")
                for each in asked(FORECASTERS)
            },
            {each.name: self._score(each, data, "--detect", "A2") for each in asked(DETECTORS)},
        )

    def _score(self, method: Method, data: Path, role: str, tasks: str) -> dict[str, Any] | str:
        python = self._python_of(method)
        if method.needs and not _has(python, method.needs):
            return f"{method.needs} is not installed"
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as directory:
            out = Path(directory) / "scores.json"
            command = [python, self._scorer, "--data", data, "--json", out, "--tasks", tasks]
            done = _run([*command, role, method.place])
            if done.returncode:
                return (done.stderr.strip().splitlines() or ["it was ended"])[-1]
            told: dict[str, Any] = json.loads(out.read_text())
        took = f"{time.monotonic() - began:.0f} s"
        print(f"{method.name} ({tasks}): scored in {took}", file=sys.stderr, flush=True)
        return told | {"import_s": self._import_seconds(method, python)}

    def _python_of(self, method: Method) -> Path:
        return self._peers if method.needs else Path(sys.executable)

    def _import_seconds(self, method: Method, python: Path) -> float:
        """Of the package itself: adapters of peers load it only when they are called."""
        package = method.place.partition(":")[0]
        if method.needs:
            package = {"statsforecast": "statsforecast.models"}.get(method.needs, method.needs)
        program = f"import time; t = time.time(); import {package}; print(time.time() - t)"
        return float(_run([python, "-c", program]).stdout)


def _has(python: Path, package: str) -> bool:
    return _run([python, "-c", f"import {package}"]).returncode == 0


def _run(command: list[Any]) -> subprocess.CompletedProcess[str]:
    """With one thread, as CPU seconds are compared."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    path = {"PYTHONPATH": os.pathsep.join(map(str, (ROOT / "shared", ROOT)))}
    environ = dict(os.environ) | threads | path
    return subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )


def measure_many() -> dict[str, float]:
    """100,000 series of 120 days through both engines, in a process of its own."""
    done = _run([sys.executable, "-m", "benchmarks.series", "--many"])
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _many() -> dict[str, float]:
    import numpy as np

    from bursar.domain.anomalies import detect
    from bursar.domain.forecast import forecast

    numbers = np.random.default_rng(7)
    level = numbers.lognormal(4, 1.5, (MANY, 1))
    week = 1 + 0.3 * numbers.standard_normal((MANY, 7))
    values = level * np.tile(week, DAYS // 7 + 1)[:, :DAYS]
    values *= 1 + 0.1 * numbers.standard_normal((MANY, DAYS), dtype=np.float32)
    began = time.process_time()
    foreseen = forecast(values, HORIZON, 7)
    forecast_seconds = time.process_time() - began
    assert np.isfinite(foreseen["total"]).all()
    del foreseen
    began = time.process_time()
    detect(values, (7,))
    return {
        "series": MANY,
        "days": DAYS,
        "forecast_cpu_seconds": round(forecast_seconds, 1),
        "detect_cpu_seconds": round(time.process_time() - began, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def measure(data: Path, peers: Path) -> list[str]:
    """The lines of the table, from one run."""
    began, bench = time.monotonic(), Bench(data.parent / "bench.py", peers)
    with tempfile.TemporaryDirectory() as directory:
        part = Path(directory)
        sample(data, part, forecasts_every=FORECASTS_EVERY, anomalies_every=ANOMALIES_EVERY)
        sets = Sets(sizes(data), sizes(part), FORECASTS_EVERY, ANOMALIES_EVERY)
        whole = bench.scores(data, is_sample=False)
        sampled = bench.scores(part, is_sample=True)
    many = measure_many()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_seconds = children.ru_utime + children.ru_stime
    return [
        measured_line(time.monotonic() - began, cpu_seconds),
        "",
        *table(sets, whole, sampled),
        "",
        many_line(many),
    ]


def write_into(docs: Path, lines: list[str]) -> None:
    """Replace what stands between the markers.

    Raises:
        ValueError: the page has no such markers.
    """
    text = docs.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{docs.name} has no place for the table: {BEGIN} ... {END}")
    docs.write_text("\n".join([f"{before}{BEGIN}", "", *lines, "", f"{END}{after}"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--peers", type=Path, default=PEERS, help="a Python that has the peers")
    parser.add_argument("--no-docs", action="store_true", help="only print the table")
    parser.add_argument("--many", action="store_true", help="only the run over 100,000 series")
    asked = parser.parse_args()
    if asked.many:
        print(json.dumps(_many()))
        return
    if not (asked.data.parent / "bench.py").exists():
        print(f"no series bench beside {asked.data}: nothing can be scored here")
        return
    peers = asked.peers if asked.peers.exists() else Path(sys.executable)
    lines = measure(asked.data, peers)
    print(*lines, sep="\n")
    if not asked.no_docs:
        write_into(DOCS, lines)


if __name__ == "__main__":
    main()
