"""The forecast on public, real series: no change may take it below what was reached."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from bursar.domain.forecast import forecast

BENCH = Path(__file__).parents[4] / "shared/bench"
DEV = str(BENCH / "dev")
AUTO_ETS_IS95 = 11.69  # statsforecast 2.1.1 on the same windows

pytestmark = pytest.mark.skipif(not BENCH.exists(), reason="the series bench is not here")


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("series_bench", BENCH / "bench.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_rest_of_the_month_is_foreseen_with_honest_intervals(bench: ModuleType) -> None:
    reached, _ = bench.task_F1(DEV, forecast)
    assert reached["rel_cap"] <= 0.915
    assert reached["is80"] <= 6.65
    assert reached["is95"] <= AUTO_ETS_IS95
    assert abs(reached["cov80"] - 0.80) <= 0.03
    assert abs(reached["cov95"] - 0.95) <= 0.03
    for days in (35, 90, 400):
        assert abs(reached[f"cov80_L{days}"] - 0.80) <= 0.08


def test_hours_weeks_and_days_are_foreseen_ahead_of_naive2(bench: ModuleType) -> None:
    reached, _ = bench.task_F2(DEV, forecast)
    assert reached["m4_hourly_owa"] <= 0.477
    assert reached["m4_weekly_owa"] <= 0.945
    assert reached["daily14_owa"] <= 0.83
