"""Who may start, answer and see the workflow of an exception, and where its audit is kept."""

import json

import pytest

from bursar.domain.governance.steps import Step
from infra.constructs.http_api import OPEN, PAGES, PEOPLE, SLACK

MACHINE = "AWS::StepFunctions::StateMachine"
ARN = "stateMachine:Bursar-approvals"


def joined(parts):
    return "".join(part if isinstance(part, str) else "aws" for part in parts["Fn::Join"][1])


@pytest.fixture
def machine(deployed):
    [found] = deployed.all(MACHINE).values()
    return found


@pytest.fixture
def states(machine):
    return json.loads(joined(machine["DefinitionString"]))["States"]


def test_every_wait_is_data_that_a_step_has(states):
    waits = {name: each["TimeoutSecondsPath"] for name, each in states.items() if "Catch" in each}

    assert waits == {"Ask": "$.remind_in_seconds", "Remind": "$.then_wait_seconds"}
    assert {path.removeprefix("$.") for path in waits.values()} <= set(Step.model_fields)


def test_silence_leads_to_a_reminder_and_then_to_what_is_stored(states):
    after = {name: each["Catch"][0]["Next"] for name, each in states.items() if "Catch" in each}

    assert after == {"Ask": "Remind", "Remind": "Resolve"}
    assert all(
        each["Catch"][0]["ErrorEquals"] == ["States.Timeout"]
        for each in states.values()
        if "Catch" in each
    )
    assert {states[name]["Next"] for name in ("Ask", "Remind", "Resolve")} == {"WhatNext"}


def test_only_what_waits_gets_a_token(states):
    given = {name for name, each in states.items() if "Task.Token" in json.dumps(each)}

    assert given == {"Ask", "Remind"}


def test_tokens_stand_in_no_log(machine):
    assert "LoggingConfiguration" not in machine


def test_only_who_starts_executions_knows_of_what(deployed):
    told = {
        name
        for name, twins in deployed.functions().items()
        if ARN in json.dumps([each["Environment"] for each in twins.values()])
    }

    assert told == {"serve_api", "resume_workflows"}


@pytest.mark.parametrize("action", ["states:StartExecution", "states:SendTaskSuccess"])
def test_nobody_may_start_or_answer_another_workflow(deployed, action):
    [where] = {json.dumps(each) for each in deployed.allowed("serve_api")[action]}

    assert ARN in where


def test_an_execution_that_failed_is_kept_with_the_failed_events(deployed):
    failed = {"Fn::GetAtt": [deployed.id_of("AWS::SQS::Queue", "FailedEvents"), "Arn"]}
    [rule] = [
        rule
        for rule in deployed.all("AWS::Events::Rule").values()
        if rule["EventPattern"]["source"] == ["aws.states"]
    ]

    assert rule["EventPattern"]["detail"]["status"] == ["FAILED", "TIMED_OUT", "ABORTED"]
    assert [target["Arn"] for target in rule["Targets"]] == [failed]


def test_heads_of_the_audit_cannot_be_changed_for_longer_than_a_year(deployed):
    bucket = deployed.all("AWS::S3::Bucket")[deployed.id_of("AWS::S3::Bucket", "AuditHeads")]

    assert bucket["ObjectLockEnabled"] is True
    lock = bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert lock == {"Mode": "COMPLIANCE", "Days": 400}


def test_heads_are_written_to_their_own_folder_and_read_by_no_function(deployed):
    [where] = deployed.allowed("chain_audit")["s3:PutObject"]

    assert where["Fn::Join"][1][1] == "/audit/heads/*"
    assert not [each for each in deployed.allowed("chain_audit") if each.startswith("s3:Get")]


def test_the_audit_is_chained_and_anchored_every_hour(deployed):
    runs = {run["part"]: cron for name, run, cron in deployed.schedules() if name == "chain_audit"}

    assert runs == {"anchor": "cron(21 * * * ? *)"}


def test_people_sign_in_by_code_and_need_a_second_factor(deployed):
    [pool] = deployed.all("AWS::Cognito::UserPool").values()
    [client] = deployed.all("AWS::Cognito::UserPoolClient").values()

    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert pool["MfaConfiguration"] == "ON"
    assert client["AllowedOAuthFlows"] == ["code"]
    assert client["GenerateSecret"] is False


def test_people_come_back_to_the_pages_of_this_api_and_to_no_other(deployed):
    [client] = deployed.all("AWS::Cognito::UserPoolClient").values()
    [api] = deployed.all("AWS::ApiGatewayV2::Api")
    at = {"Fn::GetAtt": [api, "ApiEndpoint"]}

    assert client["CallbackURLs"] == [{"Fn::Join": ["", [at, "/signed-in"]]}]
    assert client["LogoutURLs"] == [{"Fn::Join": ["", [at, "/"]]}]


def test_the_shell_of_the_pages_is_open_and_what_it_shows_is_not(deployed):
    routes = {
        each["RouteKey"]: each["AuthorizationType"]
        for each in deployed.all("AWS::ApiGatewayV2::Route").values()
    }

    assert {route for route, kind in routes.items() if kind == "NONE"} == {
        *(*OPEN, *PAGES, *SLACK)
    }
    assert {route for route, kind in routes.items() if kind == "JWT"} == set(PEOPLE)


def test_who_sends_links_knows_where_the_pages_are(deployed):
    [api] = deployed.all("AWS::ApiGatewayV2::Api")
    told = {
        name
        for name, twins in deployed.functions().items()
        for each in twins.values()
        if each["Environment"]["Variables"].get("BURSAR_PAGES_URL")
        == {"Fn::GetAtt": [api, "ApiEndpoint"]}
    }

    assert told == {"send_notifications", "serve_api", "ask_in_slack"}


def test_the_pages_are_told_where_the_pool_signs_people_in(deployed):
    [function] = deployed.functions()["serve_api"].values()
    variables = function["Environment"]["Variables"]

    assert joined(variables["BURSAR_SIGN_IN_AUTHORIZE_URL"]).endswith("/oauth2/authorize")
    assert joined(variables["BURSAR_SIGN_IN_TOKEN_URL"]).endswith("/oauth2/token")
    assert "/logout?client_id=" in joined(variables["BURSAR_SIGN_OUT_URL"])
    [client] = deployed.all("AWS::Cognito::UserPoolClient")
    assert variables["BURSAR_SIGN_IN_CLIENT"] == {"Ref": client}


def test_tokens_are_taken_for_the_client_of_the_pages_alone(deployed):
    [authorizer] = deployed.all("AWS::ApiGatewayV2::Authorizer").values()
    [client] = deployed.all("AWS::Cognito::UserPoolClient")

    assert authorizer["JwtConfiguration"]["Audience"] == [{"Ref": client}]


def test_without_people_there_is_nothing_of_it(smallest):
    assert not smallest.all(MACHINE)
    assert not smallest.all("AWS::Cognito::UserPool")
    assert "AuditBucket" not in smallest.outputs
