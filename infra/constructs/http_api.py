"""The HTTP API: every route and who may call it, on one page."""

from __future__ import annotations

import json

from aws_cdk import RemovalPolicy
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_logs as logs
from constructs import Construct

from bursar.config import Config
from bursar.settings import ServeApiSettings
from infra.constructs.function import Function, Shared
from infra.constructs.sign_in import SIGNED_IN_PATH, SignIn

MACHINES = (
    "POST /v1/usage",
    "POST /v1/reservations",
    "POST /v1/reservations/{id}/settle",
    "POST /v1/reservations/{id}/release",
    "POST /v1/leases",
    "GET /v1/reservations/budgets",
    "POST /v1/gate/jobs",
)
PEOPLE = (
    "GET /v1/exceptions",
    "POST /v1/exceptions",
    "GET /v1/exceptions/{id}",
    "PATCH /v1/exceptions/{id}",
    "POST /v1/exceptions/{id}/decisions",
    "GET /v1/budgets",
    "GET /v1/policies",
    "GET /v1/audit",
)
OPEN = ("GET /openapi.json",)
SLACK = ("POST /v1/slack/actions",)  # open: Slack's signature is its authority
PAGES = (
    "GET /",
    "GET /exceptions",
    "GET /exceptions/new",
    "GET /exceptions/{id}",
    "GET /approvals",
    "GET /audit",
    f"GET {SIGNED_IN_PATH}",
    "GET /sign-in.json",
    "GET /assets/{version}/{file}",
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
    """Machines sign their requests (SigV4), people sign in; what is open tells nothing of ours.

    The pages are an open shell: what they show they ask the people's routes for, as whoever has
    signed in. Nothing at all where there is neither a producer of usage nor a person.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: Config,
        shared: Shared,
        settings: ServeApiSettings,
        retain: bool,
    ) -> None:
        super().__init__(scope, id_)
        self.functions: list[Function] = []
        self.sign_in: SignIn | None = None
        self.pages_url = ""
        if not (config.usage.producers or config.governance.people):
            return
        self.api = api.HttpApi(
            self,
            "Api",
            description="Bursar's API",
            create_default_stage=False,
        )
        if config.governance.people:
            url, oidc = self.api.api_endpoint, config.governance.oidc
            self.sign_in = SignIn(self, "SignIn", oidc=oidc, api_url=url, retain=retain)
            self.pages_url = url
            settings = settings.changed(
                pages_url=url,
                sign_in_issuer=self.sign_in.issuer,
                sign_in_client=self.sign_in.audience,
                sign_in_authorize_url=self.sign_in.authorize_url,
                sign_in_token_url=self.sign_in.token_url,
                sign_out_url=self.sign_in.sign_out_url,
            )
        function = Function(self, "serve_api", settings, shared=shared, memory_mib=512)
        self.functions = [function]
        self._serve(function, config)

    def _serve(self, function: Function, config: Config) -> None:
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
        self._integration = integrations.HttpLambdaIntegration("Serve", function.lambda_function)
        for route in OPEN:
            self._add(route, api.HttpNoneAuthorizer())
        if config.usage.producers:
            machines = authorizers.HttpIamAuthorizer()
            for route in MACHINES:
                self._add(route, machines)
        if self.sign_in:
            for route in PEOPLE:
                self._add(route, self.sign_in.authorizer)
            for route in (*PAGES, *(SLACK if config.governance.slack else ())):
                self._add(route, api.HttpNoneAuthorizer())

    def _write_log(self, log: logs.ILogGroup) -> None:
        """One line of JSON for each request: what, how it ended, and never what it held."""
        stage = self.stage.node.default_child
        assert isinstance(stage, api.CfnStage)  # noqa: S101 what a stage is made of
        stage.access_log_settings = api.CfnStage.AccessLogSettingsProperty(
            destination_arn=log.log_group_arn,
            format=json.dumps({name: f"$context.{name}" for name in _LOGGED}),
        )

    def _add(self, route: str, authorizer: api.IHttpRouteAuthorizer) -> None:
        method, path = route.split(" ")
        self.api.add_routes(
            path=path,
            methods=[api.HttpMethod(method)],
            integration=self._integration,
            authorizer=authorizer,
        )
