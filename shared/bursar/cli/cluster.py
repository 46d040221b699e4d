"""`bursar cluster manifest`: what a cluster's administrator applies so that Bursar can read it."""

from __future__ import annotations

import re
import sys
from typing import Annotated

import yaml
from cyclopts import App, Parameter

from bursar.adapters.kubernetes_api.roles import manifests, metrics_manifests, stop_manifests

app = App(name="cluster", help="What a cluster needs to let Bursar read it.")

_SERVICE = re.compile(r"([a-z0-9-]{1,63})/([a-z0-9-]{1,63}:[a-z0-9-]{1,63})")


def _is_service(_: object, told: str | None) -> None:
    if told is not None and not _SERVICE.fullmatch(told):
        raise ValueError("must be NAMESPACE/NAME:PORT")


@app.command
def manifest(
    *,
    metrics: Annotated[str | None, Parameter(validator=_is_service)] = None,
    stops: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Print the ClusterRole and its binding: get and list on what is read, and nothing else.

    Parameters
    ----------
    metrics
        A Prometheus in the cluster, as NAMESPACE/NAME:PORT, that is read through the API
        server's proxy: adds a Role that may get that one service's proxy. Not needed where
        Prometheus is reached by its URL.
    stops
        Prints instead what a stop may write, and who may: quotas are created and deleted, and
        LocalQueues, NodePools and Jobs patched. Apply it only where stops shall be enforced.
    """
    if stops:
        printed = stop_manifests()
    else:
        printed = manifests() + (metrics_manifests(*metrics.split("/")) if metrics else [])
    sys.stdout.write(yaml.safe_dump_all(printed, sort_keys=False))
