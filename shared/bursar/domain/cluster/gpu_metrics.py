"""NVIDIA DCGM's metrics, as what each GPU did while each pod had it.

Names by docs.nvidia.com/datacenter/dcgm, "Field Identifiers", and dcgm-exporter's labels. GPU
utilisation is in percent, tensor activity a ratio, memory in MiB.
"""

from __future__ import annotations

from collections.abc import Sequence

from bursar.domain.cluster.use import GpuUse
from bursar.domain.usage.counters import (
    POD_LABELS,
    GaugeUse,
    Series,
    Span,
    first_label,
    gauge_use,
)
from bursar.domain.usage.vllm_metrics import NAMESPACE_LABELS

_BUSY = "DCGM_FI_DEV_GPU_UTIL"
_TENSOR = "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE"
_USED = "DCGM_FI_DEV_FB_USED"
_FREE = "DCGM_FI_DEV_FB_FREE"
GPU_METRICS = (_BUSY, _TENSOR, _USED, _FREE)
IDLE_BELOW_PERCENT = 1.0  # the gauge is whole percents: at 0 no kernel ran
_MIB_PER_GIB = 1024
_EXPORTER = "dcgm-exporter"

_Place = tuple[str, str, str]  # GPU or instance, namespace, pod


def gpu_uses(series: Sequence[Series], span: Span) -> tuple[GpuUse, ...]:
    """What each GPU did in the span, by namespace, pod and GPU."""
    labels: dict[_Place, Series] = {}
    gauges: dict[_Place, dict[str, GaugeUse]] = {}
    for each in series:
        place = _place(each)
        use = gauge_use(each.samples, span, idle_below=IDLE_BELOW_PERCENT)
        if use.known_seconds:
            labels[place] = each
            gauges.setdefault(place, {})[each.labels.get("__name__", "")] = use
    places = sorted(gauges, key=lambda place: (place[1], place[2], place[0]))
    return tuple(_use(place, labels[place], gauges[place]) for place in places)


def _place(series: Series) -> _Place:
    labels = series.labels
    gpu = first_label(labels, ("UUID", "uuid", "gpu"))
    instance = labels.get("GPU_I_ID", "")  # of a GPU that is cut up (MIG)
    pod = first_label(labels, POD_LABELS)
    if _EXPORTER in pod:  # the target's own label shows through where no pod has the GPU
        pod = ""
    return (
        f"{gpu}/{instance}" if instance else gpu,
        first_label(labels, NAMESPACE_LABELS) if pod else "",
        pod,
    )


def _use(place: _Place, series: Series, gauges: dict[str, GaugeUse]) -> GpuUse:
    nothing = GaugeUse()
    busy, tensor = gauges.get(_BUSY, nothing), gauges.get(_TENSOR, nothing)
    used, free = gauges.get(_USED, nothing), gauges.get(_FREE, nothing)
    gpu, namespace, pod = place
    return GpuUse(
        gpu=gpu,
        gpu_model=series.labels.get("modelName", ""),
        node=first_label(series.labels, ("Hostname", "node")),
        namespace=namespace,
        pod=pod,
        known_seconds=max(each.known_seconds for each in gauges.values()),
        busy=None if busy.mean is None else busy.mean / 100,
        idle=busy.idle_share,
        tensor=tensor.mean,
        memory_mean_gib=_gib(used.mean),
        memory_peak_gib=_gib(used.most if used.known_seconds else None),
        memory_total_gib=_gib(_sum(used.mean, free.mean)),
    )


def _gib(mib: float | None) -> float | None:
    return None if mib is None else mib / _MIB_PER_GIB


def _sum(used: float | None, free: float | None) -> float | None:
    return None if used is None or free is None else used + free
