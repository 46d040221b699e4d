"""The CloudFormation types that moto lacks, or has without what Bursar needs; by service."""

from __future__ import annotations

from collections.abc import Mapping

from bursar.local.embedded.cloudformation_types import (
    compute,
    http,
    messaging,
    observability,
    recorded,
    state_machines,
    storage,
)
from bursar.local.embedded.cloudformation_types.resources import Create

TYPES: Mapping[str, Create] = {
    **compute.TYPES,
    **http.TYPES,
    **messaging.TYPES,
    **observability.TYPES,
    **recorded.TYPES,
    **state_machines.TYPES,
    **storage.TYPES,
}
