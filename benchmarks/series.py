"""`make bench-series`: our forecasts and anomalies beside peers, on the same public series.

    python -m benchmarks.series [--data DIRECTORY] [--peers-on N] [--no-docs]

Each method runs in a process of its own, by the scorer that came with the series (`bench.py` in
the directory above the data). Peers are taken from `.build/bench-series`, or wherever
`pip install -r benchmarks/requirements.txt` has put them; one that is not there is left out with
a word. The table goes to stdout, and into docs/forecasting.md between its markers.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "bench" / "dev"
PEERS = ROOT / ".build" / "bench-series"
DOCS = ROOT / "docs" / "forecasting.md"
BEGIN, END = "<!-- bench-series: begin -->", "<!-- bench-series: end -->"
MANY, DAYS, HORIZON = 100_000, 120, 25
CPU_GOAL_SECONDS, PEAK_GOAL_MB = 60, 512
PEERS_ON = 20  # series that the slowest detector is given
_METHODS = "benchmarks.series_methods"


@dataclass(frozen=True)
class Method:
    name: str
    tasks: str
    forecast: str | None = None
    detect: str | None = None
    needs: str | None = None
    on_a_part: bool = False  # and on days only


FORECASTERS = (
    Method("Bursar", "F1,F2", forecast="bursar.domain.forecast:forecast"),
    Method("seasonal naive", "F1,F2", forecast=f"{_METHODS}:seasonal_naive"),
    Method("mean of 30 days", "F1,F2", forecast=f"{_METHODS}:mean_of_30"),
    Method("AutoETS", "F1", forecast=f"{_METHODS}:auto_ets", needs="statsforecast"),
    Method("AutoTheta", "F1", forecast=f"{_METHODS}:auto_theta", needs="statsforecast"),
    Method("MSTL", "F1", forecast=f"{_METHODS}:mstl", needs="statsforecast"),
)
DETECTORS = (
    Method("Bursar", "A2", detect="bursar.domain.anomalies:detect"),
    Method("z-score", "A2", detect=f"{_METHODS}:z_score"),
    Method(
        "AutoETS 99%",
        "A2",
        detect=f"{_METHODS}:ets_interval",
        needs="statsforecast",
        on_a_part=True,
    ),
)


def score(method: Method, data: Path, part: int) -> dict[str, Any] | str:
    """What the scorer says of it, or why there is nothing to say."""
    if method.needs and not _is_here(method.needs):
        return f"{method.needs} is not installed"
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory) / "scores.json"
        command = [sys.executable, data.parent / "bench.py", "--data", data, "--json", out]
        command += ["--tasks", method.tasks]
        command += ["--forecast", method.forecast] if method.forecast else []
        command += ["--detect", method.detect] if method.detect else []
        command += ["--cap", str(part)] if method.on_a_part else []
        environ = _environ(with_peers=method.needs is not None)
        done = subprocess.run(
            command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
        )
        if done.returncode:
            return done.stderr.strip().splitlines()[-1]
        told: dict[str, Any] = json.loads(out.read_text())
    return told | {"import_s": _import_seconds(method)}


def measure_many() -> dict[str, float]:
    """100,000 series of 120 days through both engines, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.series", "--many"]
    done = subprocess.run(
        command, cwd=ROOT, env=_environ(), check=True, capture_output=True, text=True
    )
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
    scores = detect(values, (7,))
    return {
        "forecast_cpu_seconds": round(forecast_seconds, 1),
        "detect_cpu_seconds": round(time.process_time() - began, 1),
        "alerts_per_series_month": round(float((scores[:, 30:] >= 1).mean() * 30), 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def table(
    forecasts: dict[str, dict[str, Any] | str],
    anomalies: dict[str, dict[str, Any] | str],
    many: dict[str, float],
    part: int,
) -> list[str]:
    lines = [
        f"Measured {datetime.now(UTC):%Y-%m-%d} with Python {platform.python_version()} on"
        f" {platform.system()} {platform.machine()}, load {os.getloadavg()[0]:.1f}.",
        "",
        "| month-end | error | score 80 / 95 | cover 80 / 95 | OWA 14 days"
        " | OWA M4 hourly / weekly | CPU s per 1,000 | import s | peak MB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_forecast_row(name, told) for name, told in forecasts.items()]
    lines += [
        "",
        "| daily anomalies | recall at .1 / .3 / 1 | delay at .3 | false alerts, own threshold"
        " | hourly recall at .3 / 1 | CPU s per 1,000 daily / hourly | peak MB |",
        "|---|---|---|---|---|---|---|",
    ]
    slow = {method.name for method in DETECTORS if method.on_a_part}
    lines += [
        _anomaly_row(name, told, of_days_only=name in slow) for name, told in anomalies.items()
    ]
    cpu = many["forecast_cpu_seconds"] + many["detect_cpu_seconds"]
    lines += [
        "",
        f"AutoETS 99% is refitted weekly and judged on {part} of the daily windows only: on all,"
        " and on hours, it would take hours. AutoETS, AutoTheta and MSTL stand without OWA for"
        " the same reason.",
        "",
        f"{MANY:,} series of {DAYS} days in one process: forecast"
        f" {many['forecast_cpu_seconds']} and detect {many['detect_cpu_seconds']} CPU-seconds"
        f" ({cpu:.0f} together; goal {CPU_GOAL_SECONDS}), {many['peak_mb']:.0f} MB at most"
        f" (goal {PEAK_GOAL_MB}).",
    ]
    return lines


def _forecast_row(name: str, told: dict[str, Any] | str) -> str:
    if isinstance(told, str):
        return f"| {name} | {told} | | | | | | | |"
    f1, f2 = told["F1"], told.get("F2")
    daily, m4 = "", ""
    if f2:
        daily = _plain(f2["daily14_owa"])
        m4 = f"{_plain(f2['m4_hourly_owa'])} / {_plain(f2['m4_weekly_owa'])}"
    return (
        f"| {name} | {_plain(f1['rel_cap'])} | {f1['is80']:.2f} / {f1['is95']:.2f}"
        f" | {f1['cov80']:.1%} / {f1['cov95']:.1%} | {daily} | {m4}"
        f" | {f1['cpu_s_per_1000']:.2f} | {told['import_s']:.2f} | {told['peak_rss_mb']} |"
    )


def _anomaly_row(name: str, told: dict[str, Any] | str, *, of_days_only: bool) -> str:
    if isinstance(told, str):
        return f"| {name} | {told} | | | | | |"
    daily, hourly = told["A2"]["daily"], {} if of_days_only else told["A2"]["hourly"]

    def recalls(scores: dict[str, Any], budgets: tuple[str, ...]) -> str:
        return " / ".join(_plain(scores.get(f"recall@{each}")) for each in budgets)

    return (
        f"| {name} | {recalls(daily, ('0.1', '0.3', '1.0'))} | {_plain(daily.get('delay@0.3'))}"
        f" | {daily['fa_month']:.2f} | {recalls(hourly, ('0.3', '1.0'))}"
        f" | {daily['cpu_s_per_1000']:.2f} / {_plain(hourly.get('cpu_s_per_1000'))}"
        f" | {told['peak_rss_mb']} |"
    )


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}".lstrip("0")


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


def _is_here(package: str) -> bool:
    command = [sys.executable, "-c", f"import {package}"]
    done = subprocess.run(command, env=_environ(with_peers=True), capture_output=True, check=False)
    return done.returncode == 0


def _import_seconds(method: Method) -> float:
    """Of the package itself: adapters of peers load it only when they are called."""
    place = method.forecast or method.detect or ""
    package = f"{method.needs}.models" if method.needs else place.partition(":")[0]
    program = f"import time; t = time.time(); import {package}; print(time.time() - t)"
    environ = _environ(with_peers=method.needs is not None)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environ, check=True, capture_output=True
    )
    return float(done.stdout)


def _environ(*, with_peers: bool = False) -> dict[str, str]:
    """One thread each, as CPU seconds are compared; ours runs with nothing of the peers."""
    parts = [ROOT / "shared", ROOT, *([PEERS] if with_peers else [])]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    return dict(os.environ) | threads | {"PYTHONPATH": os.pathsep.join(map(str, parts))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--peers-on", type=int, default=PEERS_ON, help="series for slow detectors")
    parser.add_argument("--no-docs", action="store_true", help="only print the table")
    parser.add_argument("--many", action="store_true", help="only the run over 100,000 series")
    asked = parser.parse_args()
    if asked.many:
        print(json.dumps(_many()))
        return
    if not (asked.data.parent / "bench.py").exists():
        print(f"no series bench beside {asked.data}: nothing can be scored here")
        return
    forecasts, anomalies = (
        {method.name: _told(method, asked.data, asked.peers_on) for method in methods}
        for methods in (FORECASTERS, DETECTORS)
    )
    lines = table(forecasts, anomalies, measure_many(), asked.peers_on)
    print(*lines, sep="\n")
    if not asked.no_docs:
        write_into(DOCS, lines)


def _told(method: Method, data: Path, part: int) -> dict[str, Any] | str:
    told = score(method, data, part)
    print(
        f"{method.name} ({method.tasks}): {told if isinstance(told, str) else 'scored'}",
        file=sys.stderr,
        flush=True,
    )
    return told


if __name__ == "__main__":
    main()
