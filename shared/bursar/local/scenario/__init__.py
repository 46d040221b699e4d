"""The demo's scenario: two clusters, their prices and their bill, as pure functions of a seed."""

from bursar.local.scenario.objects import kubernetes_objects
from bursar.local.scenario.records import inventory, pods, volume_specs
from bursar.local.scenario.scenario import ClusterState, Scenario
from bursar.local.scenario.spend import ScenarioSpend
from bursar.local.scenario.truth import true_compute_by_node_group, true_cost

__all__ = [
    "ClusterState",
    "Scenario",
    "ScenarioSpend",
    "inventory",
    "kubernetes_objects",
    "pods",
    "true_compute_by_node_group",
    "true_cost",
    "volume_specs",
]
