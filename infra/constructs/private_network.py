"""A function's place in a private network that exists already: no NAT gateway, no internet."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from bursar.config.networks import PrivateNetwork
from infra.constructs.function import Placement


class PrivateNetworkPlace(Construct):
    """Gateway endpoints, which are free, carry snapshots to S3 and facts to DynamoDB.

    Nothing else is called from there: the cluster's token is signed without a call, and logs,
    traces and failed events leave by the Lambda service, not by the function's network.
    """

    def __init__(self, scope: Construct, networks: list[PrivateNetwork]) -> None:
        """Networks of one VPC, as each of its clusters describes it."""
        vpc_id = networks[0].vpc_id
        super().__init__(scope, vpc_id.title().replace("-", ""))
        self.placement = Placement(
            vpc=ec2.Vpc.from_vpc_attributes(
                self,
                "Vpc",
                vpc_id=vpc_id,
                availability_zones=_all(*(network.availability_zones for network in networks)),
            ),
            subnets=[
                ec2.Subnet.from_subnet_attributes(self, subnet_id, subnet_id=subnet_id)
                for subnet_id in _all(*(network.subnet_ids for network in networks))
            ],
            security_groups=[
                ec2.SecurityGroup.from_security_group_id(self, group_id, group_id, mutable=False)
                for group_id in _all(*(network.security_group_ids for network in networks))
            ],
        )
        if not all(network.create_gateway_endpoints for network in networks):
            return
        for name, service in (("S3", "s3"), ("Dynamodb", "dynamodb")):
            # No endpoint policy: the route tables are not ours alone, and one would bind all
            # other traffic in these subnets. The function's role says what it may touch.
            ec2.CfnVPCEndpoint(
                self,
                f"{name}Endpoint",
                vpc_id=vpc_id,
                vpc_endpoint_type="Gateway",
                service_name=f"com.amazonaws.{Stack.of(self).region}.{service}",
                route_table_ids=_all(*(network.route_table_ids for network in networks)),
            )


def _all(*groups: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys(one for group in groups for one in group))
