"""Which metered costs and which services of the AWS bill are to be compared: one table.

Names are Cost Explorer's values of SERVICE. EKS bills control planes and Fargate's pods, and EC2
the nodes: the ledger does not tell a pod on Fargate from one on a node, so they are one group.
`EC2 - Other` holds EBS volumes and snapshots, and also NAT gateways and traffic.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from bursar.domain.ledger.lines import CostCategory, LineKey


class ServiceGroup(StrEnum):
    COMPUTE = "compute"
    STORAGE = "storage"
    NETWORK = "network"
    MODEL_API = "model API"


SERVICES: Mapping[str, ServiceGroup] = {
    "Amazon Elastic Compute Cloud - Compute": ServiceGroup.COMPUTE,
    "Amazon Elastic Container Service for Kubernetes": ServiceGroup.COMPUTE,
    "Amazon Elastic Kubernetes Service": ServiceGroup.COMPUTE,
    "Savings Plans for AWS Compute usage": ServiceGroup.COMPUTE,
    "EC2 - Other": ServiceGroup.STORAGE,
    "Amazon Elastic File System": ServiceGroup.STORAGE,
    "Amazon FSx": ServiceGroup.STORAGE,
    "Elastic Load Balancing": ServiceGroup.NETWORK,
    "Amazon Elastic Load Balancing": ServiceGroup.NETWORK,
    "Amazon Virtual Private Cloud": ServiceGroup.NETWORK,
    "Amazon Bedrock": ServiceGroup.MODEL_API,
}
_BEDROCK_EDITION = "(Amazon Bedrock Edition)"  # models of others are sold as services of their own
_CATEGORIES: Mapping[CostCategory, ServiceGroup] = {
    CostCategory.STORAGE: ServiceGroup.STORAGE,
    CostCategory.NETWORK: ServiceGroup.NETWORK,
}
BEDROCK = "aws"


def group_of_service(service: str) -> ServiceGroup | None:
    """None for a service that the guard does not meter."""
    if service.endswith(_BEDROCK_EDITION):
        return ServiceGroup.MODEL_API
    return SERVICES.get(service)


def group_of_line(key: LineKey) -> ServiceGroup | None:
    """None for what is not on the AWS bill: another provider's tokens, costs told by hand."""
    if key.cluster:
        return _CATEGORIES.get(key.category, ServiceGroup.COMPUTE)
    return ServiceGroup.MODEL_API if key.seller == BEDROCK else None
