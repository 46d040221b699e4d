"""What a cluster's GPUs, served models and pods did in an hour: the evidence beside its costs."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bursar.domain.periods import HOUR
from bursar.domain.usage.records import TokenCounts

LONGEST_UNSEEN = 6 * HOUR  # of a longer outage the hours before these stay as they were stated


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class GpuUse(_Frozen):
    """One GPU (or MIG instance) while one pod had it; shares are 0 to 1, of `known_seconds`.

    `busy`: the share of time with a kernel running (DCGM_FI_DEV_GPU_UTIL), which says nothing
    of how much of the GPU it used; `tensor` is that of the tensor cores, None where it is not
    measured. `idle` is the share of time with no kernel running. A GPU that no pod has keeps an
    empty namespace and pod.
    """

    gpu: str
    gpu_model: str
    node: str
    namespace: str
    pod: str
    known_seconds: float
    busy: float | None
    idle: float | None
    tensor: float | None
    memory_mean_gib: float | None
    memory_peak_gib: float | None
    memory_total_gib: float | None


class ServedModel(_Frozen):
    """What a self-hosted model served from one namespace; times are summed over its requests.

    `complete` is False where a counter was first seen in this hour and had counted before, out of
    sight: `unseen_from` then, in hours before this one too.
    """

    namespace: str
    model: str
    requests: int
    tokens: TokenCounts
    prefill_seconds: float
    decode_seconds: float
    complete: bool = True
    unseen_from: AwareDatetime | None = None

    @property
    def output_weight(self) -> float | None:
        """How many prompt tokens an output token is worth, by the time that each took.

        A prompt token that was read from the cache took none. None: nothing to go by.
        """
        computed = self.tokens.input - self.tokens.cached_input
        if not (computed and self.tokens.output and self.prefill_seconds and self.decode_seconds):
            return None
        each_output = self.decode_seconds / self.tokens.output
        return each_output / (self.prefill_seconds / computed)


class NamespaceTraffic(_Frozen):
    """The bytes that the pods of one namespace sent, wherever to."""

    namespace: str
    sent_bytes: int = Field(ge=0)


class ClusterUse(_Frozen):
    """One UTC hour of one cluster. No `traffic` is none measured, not none sent."""

    cluster: str
    hour: AwareDatetime
    gpus: tuple[GpuUse, ...] = ()
    served: tuple[ServedModel, ...] = ()
    traffic: tuple[NamespaceTraffic, ...] = ()
