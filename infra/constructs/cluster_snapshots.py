"""Who reads which cluster: one function for all, and one more in each private network."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_eks as eks
from constructs import Construct

from bursar.config import Config
from bursar.config.clusters import Cluster
from bursar.config.networks import PrivateNetwork
from bursar.settings import SnapshotClusterSettings
from infra.constructs.function import Function, Shared
from infra.constructs.private_network import PrivateNetworkPlace

READERS = "bursar-readers"  # the Kubernetes group that the printed ClusterRoleBinding names


class ClusterSnapshots(Construct):
    """A function for each network, and its entry into each cluster of this account."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: Config,
        shared: Shared,
        settings: SnapshotClusterSettings,
        grant_cluster_access: bool,
    ) -> None:
        super().__init__(scope, id_)
        self._clusters = config.clusters
        self._shared = shared
        self._settings = settings
        self._by_vpc: dict[str | None, Function] = {}
        networks = [cluster.network for cluster in config.clusters if cluster.network]
        if any(cluster.network is None for cluster in config.clusters):
            self._by_vpc[None] = self._function(None)
        for vpc_id in dict.fromkeys(network.vpc_id for network in networks):
            here = [network for network in networks if network.vpc_id == vpc_id]
            self._by_vpc[vpc_id] = self._function(here)
        for cluster in config.clusters:
            at_home = (config.account_of(cluster), cluster.region) == (
                config.account,
                config.region,
            )
            if cluster.network and not at_home:
                raise ValueError(
                    f"cluster {cluster.name!r}: a private network must be in {config.account}, "
                    f"{config.region}, where Bursar is deployed"
                )
            if at_home and grant_cluster_access:
                self._admit(cluster)

    @property
    def functions(self) -> list[Function]:
        return list(self._by_vpc.values())

    @property
    def functions_abroad(self) -> list[Function]:
        """Those that assume roles of other accounts; none in a private network can."""
        return [self.function_for(each) for each in self._clusters if each.role_arn][:1]

    def function_for(self, cluster: Cluster) -> Function:
        return self._by_vpc[cluster.network.vpc_id if cluster.network else None]

    def _function(self, networks: list[PrivateNetwork] | None) -> Function:
        place = PrivateNetworkPlace(self, networks) if networks else None
        return Function(
            self,
            "snapshot_cluster",
            self._settings,
            shared=self._shared,
            timeout_seconds=120,
            memory_mib=512,
            give_up_after=Duration.minutes(5),  # the next snapshot is due then
            placement=place.placement if place else None,
            suffix=f"In{place.node.id}" if place else "",
        )

    def _admit(self, cluster: Cluster) -> None:
        eks.CfnAccessEntry(
            self,
            f"Access-{cluster.name}",
            cluster_name=cluster.name,
            principal_arn=cluster.role_arn or self.function_for(cluster).role_arn,
            type="STANDARD",
            kubernetes_groups=[READERS],
        )
