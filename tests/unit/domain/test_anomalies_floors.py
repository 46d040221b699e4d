"""The detector on public, real series: no change may take it below what was reached."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bursar.domain.anomalies import detect

BENCH = Path(__file__).parents[4] / "shared/bench"
DEV = str(BENCH / "dev")

pytestmark = pytest.mark.skipif(not BENCH.exists(), reason="the series bench is not here")


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("series_bench", BENCH / "bench.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def injected(bench: ModuleType) -> dict[str, Any]:
    """Recall at a number of false alerts per series-month, on series with injected anomalies."""
    found, _ = bench.task_A2(DEV, detect)
    return dict(found)


def test_injected_anomalies_in_daily_series_are_found(injected: dict[str, Any]) -> None:
    daily = injected["daily"]
    assert daily["recall@0.1"] >= 0.28
    assert daily["recall@0.3"] >= 0.53
    assert daily["recall@1.0"] >= 0.80
    assert daily["delay@0.3"] <= 3.0


def test_injected_anomalies_in_hourly_series_are_found(injected: dict[str, Any]) -> None:
    hourly = injected["hourly"]
    assert hourly["recall@0.3"] >= 0.45
    assert hourly["recall@1.0"] >= 0.62
    assert hourly["by@0.3"]["ramp"] >= 0.15


@pytest.mark.parametrize("rhythm", ["daily", "hourly"])
def test_an_alert_is_false_once_in_two_to_five_months(
    injected: dict[str, Any], rhythm: str
) -> None:
    assert 0.2 <= injected[rhythm]["fa_month"] <= 0.5


def test_what_operators_labelled_in_a_cloud_is_found(bench: ModuleType) -> None:
    found, _ = bench.task_A3(DEV, detect)
    assert found["best_f1"] >= 0.63


@pytest.mark.deep
def test_the_numenta_benchmark_scores_60(bench: ModuleType) -> None:
    found, _, _ = bench.task_A1([DEV], detect)
    assert found["nab_standard"] >= 60.0
