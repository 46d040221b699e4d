import json
import os
from pathlib import Path

import pytest
import yaml

from bursar.config import load_bundled
from infra.bundling import KEPT_SECONDS, drop_unused

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def code(assembly):
    """The asset that holds the functions' code."""
    [found] = [path for path in assembly.glob("asset.*") if (path / "functions").is_dir()]
    return found


def test_all_functions_share_one_code_asset_and_one_layer(deployed, assembly):
    every = [each for twins in deployed.functions().values() for each in twins.values()]

    assert len({json.dumps(function["Code"]) for function in every}) == 1
    assert len({json.dumps(function["Layers"][0]) for function in every}) == 1
    assert len(list(assembly.glob("asset.*"))) == 2


def test_only_those_that_compute_with_series_have_the_layer_of_numpy(deployed):
    with_it = {
        name
        for name, twins in deployed.functions().items()
        if any(len(function["Layers"]) > 1 for function in twins.values())
    }

    assert with_it == {"detect_anomalies", "forecast_spend"}


def test_the_numpy_that_is_shipped_is_the_one_that_is_locked_for_tests():
    def locked(name):
        lines = (ROOT / "requirements" / name).read_text().splitlines()
        return {line for line in lines if line.startswith("numpy==")}

    assert locked("numeric.txt") == locked("dev.txt") != set()


def test_the_config_is_bundled_as_it_was_validated(code, request):
    written = yaml.safe_load(request.path.with_name("example.yaml").read_text())
    bundled = load_bundled(code / "bursar.json")

    assert [cluster.name for cluster in bundled.clusters] == [
        cluster["name"] for cluster in written["clusters"]
    ]


def test_code_for_people_at_a_terminal_stays_at_home(code):
    assert (code / "bursar" / "entrypoint.py").is_file()
    assert (code / "functions" / "__init__.py").is_file()
    assert (code / "bursar" / "web" / "pages" / "index.html").is_file()
    for package in ("cli", "web/templates", "local"):
        assert not (code / "bursar" / package).exists()


def test_nothing_compiled_here_is_shipped_from_here(code):
    assert not list(code.rglob("__pycache__"))


def test_assets_that_were_not_used_for_a_week_are_dropped(tmp_path):
    now = 2_000_000_000
    for name, age in (("code-a", 1), ("code-b", -1), ("layer-c", 1)):
        (tmp_path / name / "inside").mkdir(parents=True)
        os.utime(tmp_path / name, (now, now - KEPT_SECONDS - age))

    drop_unused(tmp_path, "code", now)

    assert {each.name for each in tmp_path.iterdir()} == {"code-b", "layer-c"}
