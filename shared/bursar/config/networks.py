"""`clusters[].network` of bursar.yaml: how a private endpoint is reached."""

from __future__ import annotations

from pydantic import Field

from bursar.config.fields import Section


class PrivateNetwork(Section):
    """Where a private cluster endpoint can be reached: one function is placed there per VPC."""

    vpc_id: str = Field(pattern=r"^vpc-[0-9a-f]+$")
    availability_zones: tuple[str, ...] = Field(min_length=1)
    subnet_ids: tuple[str, ...] = Field(min_length=1)
    route_table_ids: tuple[str, ...] = Field(
        min_length=1, description="of those subnets, for the S3 and DynamoDB gateway endpoints"
    )
    security_group_ids: tuple[str, ...] = Field(
        min_length=1, description="allowed to reach the cluster endpoint on 443"
    )
    create_gateway_endpoints: bool = Field(
        default=True, description="false where the VPC has those for S3 and DynamoDB already"
    )
