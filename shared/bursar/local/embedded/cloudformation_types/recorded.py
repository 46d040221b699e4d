"""Resources that nothing reads while the guard runs here: kept as deployed, to be asserted on."""

from __future__ import annotations

from collections.abc import Mapping

from bursar.local.embedded.cloudformation_types.resources import (
    Create,
    Created,
    Recorded,
    Request,
)


def record(request: Request) -> Created:
    request.stack.recorded.append(Recorded(request.logical_id, request.type, request.properties))
    service, kind = request.type.lower().split("::")[1:]
    arn = f"arn:aws:{service}:{request.stack.region}:{request.stack.account}:{kind}/{request.name}"
    attributes = dict.fromkeys(("Arn", "AccessEntryArn"), arn) | {"Id": request.name}
    return Created(arn if kind == "layerversion" else request.name, attributes)


TYPES: Mapping[str, Create] = dict.fromkeys(
    (
        "AWS::Athena::WorkGroup",
        "AWS::CDK::Metadata",
        "AWS::Cognito::UserPool",
        "AWS::Cognito::UserPoolClient",
        "AWS::Cognito::UserPoolDomain",
        "AWS::EC2::VPCEndpoint",
        "AWS::EKS::AccessEntry",
        "AWS::Glue::Database",
        "AWS::Glue::Table",
        "AWS::KinesisFirehose::DeliveryStream",
        # a host bundle uses the packages of this machine, so the layer is empty
        "AWS::Lambda::LayerVersion",
    ),
    record,
)
