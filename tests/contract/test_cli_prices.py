"""`bursar prices`, from the command line to the HTTP request and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from bursar.cli.prices import app
from tests.contract.aws_loopback import serving
from tests.contract.price_list_server import M5, answering
from tests.contract.spot_price_server import SpotServer

C5 = json.loads(json.dumps(M5).replace("m5.large", "c5.large").replace("0.096", "0.0000001"))
TWINS = [
    json.loads(
        json.dumps(M5).replace("m5.large", "g5.xlarge").replace('"sku": "', f'"sku": "{n}-')
    )
    for n in (1, 2)
]


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "absent"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("COLUMNS", "120")
    # the session that earlier tests left behind remembers their credentials
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


def run(*words: str) -> object:
    """The exit code of `bursar prices WORDS`."""
    with pytest.raises(SystemExit) as left:
        app(words)
    return left.value.code


@pytest.fixture
def price_list(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with serving(answering([M5, C5, *TWINS])) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", url)
        yield url


@pytest.mark.usefixtures("price_list")
def test_json_is_an_array_of_exact_amounts(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", "m5.large", "c5.large", "--region", "us-east-1", "--json") in (0, None)
    assert json.loads(capsys.readouterr().out) == [
        {
            "instance_type": "m5.large",
            "usd_per_hour": "0.096",
            "sku": "BoxUsage:m5.large",
            "effective_date": "2026-11-01",
            "source": "AWS Price List",
        },
        {
            "instance_type": "c5.large",
            "usd_per_hour": "0.0000001",  # no exponent
            "sku": "BoxUsage:c5.large",
            "effective_date": "2026-11-01",
            "source": "AWS Price List",
        },
    ]


@pytest.mark.usefixtures("price_list")
def test_a_person_gets_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    run("show", "m5.large", "--region", "us-east-1")
    shown = capsys.readouterr().out
    assert "On demand in us-east-1" in shown
    assert "0.096" in shown


@pytest.mark.usefixtures("price_list")
def test_candidates_are_named_and_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("m5.large", "g5.xlarge", "g99.huge", "--region", "us-east-1", "--json")
    assert run("show", *words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    several, none = said.err.splitlines()
    assert several.startswith("bursar: g5.xlarge in us-east-1 has 2 prices: 1-BoxUsage:g5.xlarge")
    assert none == "bursar: g99.huge in us-east-1 has no price"


@pytest.mark.usefixtures("price_list")
def test_without_credentials_one_line_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert run("show", "m5.large", "--region", "us-east-1") == 3
    said = capsys.readouterr()
    assert (said.out, said.err) == (
        "",
        "bursar: the AWS Price List: Unable to locate credentials\n",
    )


def test_an_unreachable_list_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", "http://127.0.0.1:1")
    assert run("show", "m5.large", "--region", "us-east-1") == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "Could not connect" in said.err


def test_no_type_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", "--region", "us-east-1") == 2
    assert capsys.readouterr().err == "bursar: name at least one instance type\n"


def test_spot_prices_are_shown_by_zone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(SpotServer().answer, "text/xml") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", url)
        assert run("spot", "m5.large", "--region", "us-east-1", "--json") in (0, None)
        # the last price of each zone is of 2021, and has held for these 30 days
        assert json.loads(capsys.readouterr().out) == [
            {
                "instance_type": "m5.large",
                "zone": zone,
                "low_usd_per_hour": usd,
                "mean_usd_per_hour": usd,
                "high_usd_per_hour": usd,
            }
            for zone, usd in (("us-east-1a", "0.0437"), ("us-east-1b", "0.0389"))
        ]
        assert run("spot", "m5.large", "g99.huge", "--region", "us-east-1") == 2
        assert capsys.readouterr().err == "bursar: g99.huge has no spot price in us-east-1\n"


def test_types_say_what_a_price_is_divided_by(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("p4d.24xlarge", "t3.nano", "--region", "us-east-1", "--json")
    with mock_aws():
        assert run("types", *words) in (0, None)
    gpu, small = json.loads(capsys.readouterr().out)
    # 8 x 40,960 MiB
    assert gpu == {
        "instance_type": "p4d.24xlarge",
        "vcpus": 96,
        "memory_gib": "1152",
        "accelerators": [
            {"name": "A100", "manufacturer": "NVIDIA", "count": 8, "memory_gib": "40"}
        ],
        "gpu_memory_gib": "320",
    }
    assert (small["memory_gib"], small["accelerators"]) == ("0.5", [])
    assert small["gpu_memory_gib"] is None


def test_types_are_a_table_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    with mock_aws():
        run("types", "p4d.24xlarge", "t3.nano", "--region", "us-east-1")
    shown = capsys.readouterr().out
    assert "Instance types in us-east-1" in shown
    assert "8 A100" in shown


def test_types_that_the_region_does_not_have_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    with mock_aws():
        assert run("types", "t3.nano", "g99.huge", "g98.tiny", "--region", "us-east-1") == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == (
        "",
        "bursar: g99.huge is no instance type in us-east-1\n"
        "bursar: g98.tiny is no instance type in us-east-1\n",
    )


def test_types_without_credentials_are_code_3(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert run("types", "t3.nano", "--region", "us-east-1") == 3
    said = capsys.readouterr()
    assert (said.out, said.err) == (
        "",
        "bursar: instance types of us-east-1: Unable to locate credentials\n",
    )
