"""The HTTP API: every route and who may call it, on one page."""

from __future__ import annotations

import json

from aws_cdk import RemovalPolicy
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.function import Function

MACHINES = (
    "POST /v1/usage",
    "POST /v1/reservations",
    "POST /v1/reservations/{id}/settle",
    "POST /v1/reservations/{id}/release",
    "POST /v1/leases",
    "GET /v1/budgets",
)
_REQUESTS_A_SECOND, _BURST = 200, 400
_LOGGED = (
    "requestId",
    "requestTime",
    "routeKey",
    "status",
    "responseLatency",
    "integrationErrorMessage",
)


class HttpApi(Construct):
    """Machines sign their requests (SigV4); a route without an authorizer does not exist."""

    def __init__(self, scope: Construct, id_: str, *, served_by: Function) -> None:
        super().__init__(scope, id_)
        self.api = api.HttpApi(
            self,
            "Api",
            description="Bursar's API",
            default_authorizer=authorizers.HttpIamAuthorizer(),
            create_default_stage=False,
        )
        log = logs.LogGroup(
            self,
            "AccessLog",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.stage = api.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            stage_name="$default",
            auto_deploy=True,
            throttle=api.ThrottleSettings(rate_limit=_REQUESTS_A_SECOND, burst_limit=_BURST),
        )
        self._write_log(log)
        self._integration = integrations.HttpLambdaIntegration("Serve", served_by.lambda_function)
        for route in MACHINES:
            self._add(route)

    def _write_log(self, log: logs.ILogGroup) -> None:
        """One line of JSON for each request: what, how it ended, and never what it held."""
        stage = self.stage.node.default_child
        assert isinstance(stage, api.CfnStage)  # noqa: S101 what a stage is made of
        stage.access_log_settings = api.CfnStage.AccessLogSettingsProperty(
            destination_arn=log.log_group_arn,
            format=json.dumps({name: f"$context.{name}" for name in _LOGGED}),
        )

    def _add(self, route: str) -> None:
        method, path = route.split(" ")
        self.api.add_routes(
            path=path, methods=[api.HttpMethod(method)], integration=self._integration
        )
