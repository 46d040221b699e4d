"""For each EC2 state change: keep when the instance began or ceased to run."""

from typing import Any

from bursar.domain.cluster.lifetimes import InstanceState
from bursar.entrypoint import entrypoint
from bursar.events.instances import InstanceStateChange
from bursar.jobs.record_node_lifetimes import record_node_lifetimes
from bursar.settings import RecordNodeLifetimesSettings
from bursar.wiring import Ports


@entrypoint(InstanceStateChange.model_validate, RecordNodeLifetimesSettings)
def handler(change: InstanceStateChange, ports: Ports) -> dict[str, Any]:
    state = InstanceState(change.detail.instance_id, change.detail.state, change.time)
    record_node_lifetimes(state, lifetimes=ports.lifetimes)
    return {"instance": state.instance_id, "state": state.state}
