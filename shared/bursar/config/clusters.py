"""`clusters:` of bursar.yaml: what is priced, and how its cost is split."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from bursar.config.fields import (
    AccountId,
    CertificateAuthority,
    Endpoint,
    Name,
    Region,
    RoleArn,
    Section,
)
from bursar.config.metrics import ClusterMetrics
from bursar.config.networks import PrivateNetwork
from bursar.domain.cluster.bases import Basis

DEFAULT_MODEL_LABELS = ("model", "app.kubernetes.io/model", "serving.kserve.io/inferenceservice")
CapacityReservationId = Annotated[str, Field(pattern=r"^cr-[0-9a-f]+$")]


class Cluster(Section):
    name: Name = Field(description="the EKS cluster's name; it signs the token")
    region: Region
    account: AccountId | None = Field(default=None, description="default: Bursar's own")
    role_arn: RoleArn | None = Field(
        default=None,
        description="assumed to read a cluster of another account, which must let Bursar in: the "
        "role trusts RoleSnapshotCluster and RoleCloseHour of the stack's outputs, an EKS access "
        "entry puts it into the group bursar-readers, and it may ec2:DescribeVolumes, "
        "ec2:DescribeSnapshots, ec2:DescribeCapacityReservations, "
        "elasticfilesystem:DescribeFileSystems and fsx:DescribeFileSystems",
    )
    endpoint: Endpoint = Field(description="the cluster's API endpoint")
    certificate_authority: CertificateAuthority | None = Field(
        default=None, description="base64, as `aws eks describe-cluster` has it"
    )
    network: PrivateNetwork | None = Field(default=None, description="only for a private endpoint")
    snapshot_every_minutes: Literal[1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60] = 5
    basis: Basis = Basis.RESIDUAL
    shared_namespaces: tuple[str, ...] = ("kube-system",)
    spread_shared: Literal["none", "even", "weighted"] = "weighted"
    model_labels: tuple[str, ...] = Field(default=DEFAULT_MODEL_LABELS, min_length=1)
    labels: tuple[str, ...] = Field(default=(), description="further pod labels to break down by")
    support: Literal["auto", "standard", "extended"] = "auto"
    capacity_reservations: tuple[CapacityReservationId, ...] = Field(
        default=(), description="bought for this cluster; what lies unused is its cost"
    )
    metrics: ClusterMetrics | None = Field(
        default=None, description="what its models served and its GPUs did, from a Prometheus"
    )

    @model_validator(mode="after")
    def _can_be_trusted(self) -> Cluster:
        if ".eks.amazonaws.com" in self.endpoint and self.certificate_authority is None:
            raise ValueError("an EKS endpoint has a certificate_authority of its own: name it")
        if self.network and self.metrics and self.metrics.service:
            raise ValueError("metrics.service is not reached in a private network: name a url")
        return self
