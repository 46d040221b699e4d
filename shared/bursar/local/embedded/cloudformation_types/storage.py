"""DynamoDB tables and S3 bucket policies."""

from __future__ import annotations

from collections.abc import Mapping

from bursar.local.embedded.cloudformation_types.resources import Create, Created, Request


def _global_table(request: Request) -> Created:
    properties = request.properties
    client = request.stack.client("dynamodb")
    definition = {
        "TableName": request.name,
        "BillingMode": "PAY_PER_REQUEST",
        **request.only("AttributeDefinitions", "KeySchema", "LocalSecondaryIndexes"),
    }
    if indexes := properties.get("GlobalSecondaryIndexes"):
        definition["GlobalSecondaryIndexes"] = [
            {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
            for index in indexes
        ]
    if stream := properties.get("StreamSpecification"):
        definition["StreamSpecification"] = {"StreamEnabled": True, **stream}
    table = client.create_table(**definition)["TableDescription"]
    if "TimeToLiveSpecification" in properties:
        client.update_time_to_live(
            TableName=request.name,
            TimeToLiveSpecification=properties["TimeToLiveSpecification"],
        )
    return Created(
        request.name,
        {
            "Arn": table["TableArn"],
            "StreamArn": table.get("LatestStreamArn"),
            "TableId": table.get("TableId"),
        },
    )


def _bucket_policy(request: Request) -> Created:
    """Only recorded: moto would apply a Deny without its condition, and so refuse everything
    that is not TLS's business here."""
    return Created(request.logical_id)


TYPES: Mapping[str, Create] = {
    "AWS::DynamoDB::GlobalTable": _global_table,
    "AWS::S3::BucketPolicy": _bucket_policy,
}
