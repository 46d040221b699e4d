"""Which cost category a row of a cluster's costs belongs to: exactly one.

| the cluster's category | the cost category |
|---|---|
| gpu, cpu, memory | gpu_compute, cpu_compute, memory; training for the pods of a training job |
| storage | storage |
| load_balancers, network | network |
| control_plane, reservation | infrastructure |

The configuration may name other rows' category, such as a namespace of data pipelines; what
is not compute keeps its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bursar.domain.attribution.rules import CategoryRule
from bursar.domain.attribution.selection import Facts
from bursar.domain.cluster.hours import COMPUTE, Category
from bursar.domain.ledger.lines import CostCategory

COST_CATEGORIES: Mapping[Category, CostCategory] = {
    Category.GPU: CostCategory.GPU_COMPUTE,
    Category.CPU: CostCategory.CPU_COMPUTE,
    Category.MEMORY: CostCategory.MEMORY,
    Category.STORAGE: CostCategory.STORAGE,
    Category.LOAD_BALANCERS: CostCategory.NETWORK,
    Category.NETWORK: CostCategory.NETWORK,
    Category.CONTROL_PLANE: CostCategory.INFRASTRUCTURE,
    Category.RESERVATION: CostCategory.INFRASTRUCTURE,
}

# Labels that Kubeflow's training operators, JobSet and Kubernetes' own Job controller put on
# pods. They are known of a row only where `labels` of its cluster keeps them.
TRAINING_LABELS = (
    "training.kubeflow.org/job-name",
    "trainer.kubeflow.org/trainjob-ancestor-step",
    "jobset.sigs.k8s.io/jobset-name",
    "batch.kubernetes.io/job-name",
)


def cost_category(category: Category, facts: Facts, rules: Sequence[CategoryRule]) -> CostCategory:
    """The first rule that selects the row decides; training labels come after the rules."""
    if category not in COMPUTE:
        return COST_CATEGORIES[category]
    for rule in rules:
        if rule.where.selects(facts):
            return rule.category
    if any(label in facts.labels for label in TRAINING_LABELS):
        return CostCategory.TRAINING
    return COST_CATEGORIES[category]
