"""`metrics:` of a cluster: the Prometheus that knows what its models served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from bursar.config.fields import Endpoint, Region, Section

if TYPE_CHECKING:
    from bursar.domain.usage.producers import ProducerPolicy

WorkspaceEndpoint = Annotated[Endpoint, Field(pattern=r"/workspaces/ws-[a-z0-9-]+/?$")]
Service = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,63}/[a-z0-9-]{1,63}:[a-z0-9-]{1,63}$")]


class AmazonManaged(Section):
    """A workspace of Amazon Managed Service for Prometheus."""

    endpoint: WorkspaceEndpoint = Field(description="ends in /workspaces/ws-...")
    region: Region

    @property
    def workspace_id(self) -> str:
        return self.endpoint.rstrip("/").rsplit("/", 1)[-1]


class ClusterMetrics(Section):
    """Where the Prometheus is, and whose the tokens are that its models served."""

    url: Endpoint | None = None
    amazon_managed: AmazonManaged | None = None
    service: Service | None = Field(
        default=None,
        description="namespace/name:port, through the API server's proxy; "
        "`bursar cluster manifest --metrics` prints the Role that it takes",
    )
    tenants_by_namespace: bool = Field(
        default=False, description="a model's namespace is the tenant that it serves"
    )
    tenant: str = Field(default="", description="the tenant of all that is served here")
    network_by_bytes: bool = Field(
        default=False,
        description="give the cluster's network row to namespaces, by the bytes that they sent",
    )

    @model_validator(mode="after")
    def _is_one_place_and_somebodys(self) -> ClusterMetrics:
        if sum(bool(each) for each in (self.url, self.amazon_managed, self.service)) != 1:
            raise ValueError("metrics are at one of url, amazon_managed and service")
        if self.tenants_by_namespace == bool(self.tenant):
            raise ValueError("metrics need a tenant, or tenants_by_namespace: true, not both")
        return self

    def policy(self, cluster: str) -> ProducerPolicy:
        from bursar.domain.usage.producers import ANY_TENANT, ProducerPolicy  # few ask for it

        tenants = frozenset({ANY_TENANT} if self.tenants_by_namespace else ())
        return ProducerPolicy(name=f"prometheus:{cluster}", tenant=self.tenant, tenants=tenants)
