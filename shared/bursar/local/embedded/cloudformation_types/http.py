"""API Gateway's HTTP API: its routes are read from the template, and nothing else is."""

from __future__ import annotations

from collections.abc import Mapping

from bursar.local.embedded.cloudformation_types.recorded import record
from bursar.local.embedded.cloudformation_types.resources import (
    Create,
    Created,
    Recorded,
    Request,
)
from bursar.local.embedded.errors import UnsupportedTargetError
from bursar.local.embedded.functions import Route


def _api(request: Request) -> Created:
    record(request)
    api = request.logical_id.lower()[:10]
    in_aws = f"https://{api}.execute-api.{request.stack.region}.amazonaws.com"
    url = request.stack.api_url or in_aws
    return Created(api, {"ApiId": api, "ApiEndpoint": url})


def _part(request: Request) -> Created:
    """An integration or authorizer is told apart by its logical id, which routes refer to."""
    record(request)
    ids = dict.fromkeys(("IntegrationId", "AuthorizerId"), request.logical_id)
    return Created(request.logical_id, ids)


def _route(request: Request) -> Created:
    properties, parts = request.properties, _recorded(request)
    integration = parts[properties["Target"].removeprefix("integrations/")].properties
    target = str(integration["IntegrationUri"])
    if ":lambda:" not in target:
        raise UnsupportedTargetError(f"{properties['RouteKey']} is answered by {target}")
    function = target.split("/functions/")[-1].removesuffix("/invocations")
    kind = properties.get("AuthorizationType", "NONE")
    jwt = {}
    if kind == "JWT":
        jwt = parts[properties["AuthorizerId"]].properties["JwtConfiguration"]
    request.stack.routes.append(
        Route(
            key=properties["RouteKey"],
            function_arn=function,
            authorization=kind,
            issuer=jwt.get("Issuer", ""),
            audiences=tuple(jwt.get("Audience", ())),
        )
    )
    return Created(request.logical_id, {"RouteId": request.logical_id})


def _recorded(request: Request) -> Mapping[str, Recorded]:
    return {each.logical_id: each for each in request.stack.recorded}


TYPES: Mapping[str, Create] = {
    "AWS::ApiGatewayV2::Api": _api,
    "AWS::ApiGatewayV2::Authorizer": _part,
    "AWS::ApiGatewayV2::Integration": _part,
    "AWS::ApiGatewayV2::Route": _route,
    "AWS::ApiGatewayV2::Stage": record,
}
