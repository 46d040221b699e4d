from pathlib import Path

import pytest

from bursar import settings
from tests.infra.function_names import NAMES

ROOT = Path(__file__).resolve().parents[2]


def test_the_stack_has_exactly_these_functions(deployed):
    assert sorted(deployed.functions()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_handler_is_a_file_of_that_name(deployed, name):
    for function in deployed.functions()[name].values():
        assert function["Handler"] == f"functions.{name}.handler.handler"

    assert (ROOT / "functions" / name / "handler.py").is_file()


@pytest.mark.parametrize("name", NAMES)
def test_the_environment_is_what_the_functions_settings_read(deployed, name):
    settings_type = getattr(settings, "".join(map(str.title, name.split("_"))) + "Settings")

    for function in deployed.functions()[name].values():
        variables = function["Environment"]["Variables"]
        own = {settings.variable(name) for name in settings_type.names()}
        assert set(variables) == own | settings.ALWAYS.keys()
        settings_type.from_environ(dict.fromkeys(variables, "deployed"))


@pytest.mark.parametrize("name", NAMES)
def test_a_run_that_fails_is_retried_twice_and_then_kept(deployed, name):
    failed_events = deployed.id_of("AWS::SQS::Queue", "FailedEvents")
    configured = {
        config["FunctionName"]["Ref"]: config
        for config in deployed.all("AWS::Lambda::EventInvokeConfig").values()
    }

    for id_ in deployed.functions()[name]:
        config = configured[id_]
        kept = config["DestinationConfig"]["OnFailure"]["Destination"]
        assert kept == {"Fn::GetAtt": [failed_events, "Arn"]}
        assert config["MaximumRetryAttempts"] == 2


@pytest.mark.parametrize("name", ["collect_spend", "close_hour"])
def test_budgets_are_checked_after_every_run_that_brings_new_figures(deployed, name):
    [check_budgets] = deployed.functions()["check_budgets"]
    [id_] = deployed.functions()[name]
    [then] = [
        config["DestinationConfig"]["OnSuccess"]["Destination"]
        for config in deployed.all("AWS::Lambda::EventInvokeConfig").values()
        if config["FunctionName"]["Ref"] == id_
    ]

    assert then == {"Fn::GetAtt": [check_budgets, "Arn"]}


@pytest.mark.parametrize("name", NAMES)
def test_logs_are_json_and_kept_for_a_month(deployed, name):
    groups = deployed.all("AWS::Logs::LogGroup")

    for function in deployed.functions()[name].values():
        logging = function["LoggingConfig"]
        assert logging["LogFormat"] == "JSON"
        assert groups[logging["LogGroup"]["Ref"]]["RetentionInDays"] == 30


def test_every_function_can_be_found_in_the_outputs(deployed):
    for name in NAMES:
        assert f"Function{''.join(map(str.title, name.split('_')))}" in deployed.outputs


def test_without_clusters_and_spend_nobody_asks_for_them(smallest):
    assert "snapshot_cluster" not in smallest.functions()
    assert not {"collect_spend", "reconcile_spend"} & set(smallest.functions())
    assert "collect_usage_metrics" not in smallest.functions()
    assert not smallest.all("AWS::EKS::AccessEntry")


def test_the_roles_that_another_account_is_to_trust_are_in_the_outputs(deployed):
    names = {"RoleSnapshotCluster", "RoleCloseHour", "RoleCollectUsageMetrics"}
    assert names <= set(deployed.outputs)
