"""cAdvisor's counters of bytes sent, as what each namespace's pods sent.

`container_network_transmit_bytes_total` (kubelet, /metrics/cadvisor) counts at the pod's own
interfaces, wherever the bytes go. Of a pod on the host's network it tells the whole node's, once
for each such pod (google/cadvisor issue 2615), so only pods are counted that kube-state-metrics
says have a network of their own: `kube_pod_info{host_network="false"}`.
"""

from __future__ import annotations

from collections.abc import Sequence

from bursar.domain.cluster.use import NamespaceTraffic
from bursar.domain.usage.counters import Increases, Series, Span, increase
from bursar.domain.usage.vllm_metrics import pod_of, starts_by

SENT_BYTES = 'container_network_transmit_bytes_total{id!="/",interface!="lo"}'
OWN_NETWORK = 'kube_pod_info{host_network="false"}'
STEP_SECONDS = 300  # a sample each: thousands of pods are asked about at once


def sent_by_namespace(
    series: Sequence[Series],
    span: Span,
    *,
    asked_from: float,
    own_network: Sequence[Series],
    pod_starts: Sequence[Series],
) -> tuple[NamespaceTraffic, ...]:
    """Bytes sent in the span by namespace, in order of its name; without those that sent none.

    Args:
        series: of `SENT_BYTES`, reaching back to `asked_from`.
        own_network: of `OWN_NETWORK`; without them nothing is known of anybody.
        pod_starts: a counter that is first seen in the span counts from zero where its pod began
            no earlier than `asked_from`; else what it counted before is left out.
    """
    own = {pod_of(each.labels) for each in own_network}
    starts = starts_by(pod_of, pod_starts)
    rises = Increases()
    for each in series:
        pod = pod_of(each.labels)
        if pod in own:
            started_at = starts.get(pod)
            rise = increase(each.samples, span, asked_from=asked_from, started_at=started_at)
            rises.add((pod[0],), each.labels, rise)
    return tuple(
        NamespaceTraffic(namespace=namespace, sent_bytes=sent)
        for (namespace,), rise in sorted(rises.sums().items())
        if (sent := round(rise.value))
    )
