"""`bursar snapshot`: what a cluster costs per hour right now; read-only, nothing deployed."""

from __future__ import annotations

import base64
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from bursar.adapters.csv_prices import CsvPriceBook, CsvPricesError
from bursar.adapters.kubernetes_api.access import ClusterAccess
from bursar.adapters.kubernetes_api.kubeconfig import read_kubeconfig
from bursar.adapters.kubernetes_api.reader import KubernetesApiReader
from bursar.adapters.kubernetes_api.transport import KubernetesTransport
from bursar.adapters.live_prices import LivePrices
from bursar.adapters.memory.clusters import MemoryFileSystemCatalogue, MemoryVolumeCatalogue
from bursar.cli import clock
from bursar.cli.exits import Exit, leave, warn
from bursar.cli.snapshot_views import print_json, print_table
from bursar.config.clusters import DEFAULT_MODEL_LABELS
from bursar.config.fields import REGION_PATTERN
from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.costs import CostPolicy
from bursar.domain.cluster.records import ClusterUnreadableError
from bursar.jobs.price_cluster import price_cluster

Help = Parameter
BasisName = Literal["residual", "aws_split", "opencost"]


def snapshot(
    *,
    region: Annotated[str, Help(help="the AWS region whose prices hold")],
    kubeconfig: Annotated[Path | None, Help(help="default: KUBECONFIG, ~/.kube/config")] = None,
    context: Annotated[str | None, Help(help="default: the current context")] = None,
    server: Annotated[
        str | None, Help(help="an API server's URL, instead of a kubeconfig")
    ] = None,
    token: Annotated[str | None, Help(help="a bearer token for --server")] = None,
    ca: Annotated[Path | None, Help(help="the CA certificate of --server, PEM")] = None,
    insecure: Annotated[bool, Help(negative="", help="trust any certificate")] = False,
    basis: Annotated[BasisName, Help(help="how a node's price splits")] = "residual",
    prices: Annotated[Path | None, Help(help="CSV instance_type,usd_per_hour")] = None,
    model_label: Annotated[tuple[str, ...], Help(help="labels that name a model, in order")] = (
        DEFAULT_MODEL_LABELS
    ),
    shared_namespace: Annotated[tuple[str, ...], Help(help="namespaces that serve all others")] = (
        "kube-system",
    ),
    json: Annotated[bool, Help(negative="", help="print JSON; amounts are strings")] = False,
) -> None:
    """Price every node, pod and volume of a cluster at this moment, in USD per hour.

    Exit code 2: wrong input. 3: a node has no price. 4: the cluster cannot be read.
    """
    try:
        _check_region(region)
        book = CsvPriceBook(prices, region) if prices else None
        access = _Target(kubeconfig, context, server, token, ca, insecure).access()
        transport = KubernetesTransport(access)
    except OSError as error:
        leave(Exit.WRONG_INPUT, [f"{error.filename}: {error.strerror}"])
    except (CsvPricesError, UsageError) as error:
        leave(Exit.WRONG_INPUT, [str(error)])
    except ClusterUnreadableError as error:
        leave(Exit.UNREADABLE, [str(error)])
    live = LivePrices(region)
    reader = KubernetesApiReader(transport, model_labels=model_label, usage=True)
    try:
        rate = price_cluster(
            reader,
            prices=book or live,
            volumes=NO_VOLUMES if book else live,
            file_systems=NO_FILE_SYSTEMS if book else live.file_systems,
            fsx=NO_FILE_SYSTEMS if book else live.fsx,
            policy=CostPolicy(region, Basis(basis), frozenset(shared_namespace)),
            at=clock.now(),
        )
    except ClusterUnreadableError as error:
        leave(Exit.UNREADABLE, [f"the cluster cannot be read, so its cost is unknown: {error}"])
    finally:
        transport.close()
    show = print_json if json else print_table
    show(access.name, rate)
    notes = [*live.problems, *reader.oddities]
    if any(price.usd_per_hour is None for _, price in rate.nodes):
        leave(Exit.NO_PRICE, [*notes, "some nodes are unpriced; they are listed, not counted"])
    warn(notes)


NO_VOLUMES = MemoryVolumeCatalogue()  # with a price file, AWS is not asked about anything

NO_FILE_SYSTEMS = MemoryFileSystemCatalogue()


class UsageError(ValueError):
    """Options that contradict each other, or one that is not what it should be."""


def _check_region(region: str) -> None:
    if not re.fullmatch(REGION_PATTERN, region):
        raise UsageError(f"--region {region!r} is not a region, such as eu-west-1")


@dataclass(frozen=True)
class _Target:
    """The options that say which cluster is meant."""

    kubeconfig: Path | None
    context: str | None
    server: str | None
    token: str | None
    ca: Path | None
    insecure: bool

    def access(self) -> ClusterAccess:
        """How to reach it.

        Raises:
            UsageError: an option would be ignored, or is not what it should be.
            KubeconfigError: the kubeconfig has no such cluster.
        """
        return self._in_kubeconfig() if self.server is None else self._at(self.server)

    def _in_kubeconfig(self) -> ClusterAccess:
        given = {"--token": self.token, "--ca": self.ca, "--insecure": self.insecure}
        if needless := [name for name, value in given.items() if value]:
            raise UsageError(f"{needless[0]} goes with --server; a kubeconfig has its own")
        named = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
        default = Path(named) if named else Path.home() / ".kube" / "config"
        return read_kubeconfig(self.kubeconfig or default, self.context)

    def _at(self, server: str) -> ClusterAccess:
        if self.kubeconfig or self.context:
            raise UsageError("give --server, or a kubeconfig and its --context, not both")
        if not re.match("https?://[^/]", server):
            raise UsageError(f"--server {server!r} is not a URL, such as https://10.0.0.1:6443")
        if self.ca and self.insecure:
            raise UsageError("give --ca or --insecure, not both")
        token = self.token
        return ClusterAccess(
            endpoint=server,
            certificate_authority=_in_base64(self.ca) if self.ca else None,
            insecure=self.insecure,
            token=(lambda: token) if token else None,
            name=server,
        )


def _in_base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
