"""What a running pod really uses: around its request, sometimes above, by its habit."""

from __future__ import annotations

from collections.abc import Mapping

from bursar.local.scenario.calendar import MINUTE
from bursar.local.scenario.lives import PodLife
from bursar.local.scenario.shapes import ContainerShape, Habit

_METRICS_AFTER = 30  # seconds: a pod that has just started has no sample yet
_SAMPLE = 15  # seconds between samples

# the share of its request that a pod uses: the least, and the most
_CPU: Mapping[Habit, tuple[float, float]] = {
    Habit.SERVING: (0.1, 1.15),
    Habit.STEADY: (0.3, 1.1),
    Habit.TRAINING: (0.8, 1.12),
    Habit.INTERACTIVE: (0.01, 0.4),
    Habit.RUNAWAY: (0.02, 0.05),
}
_MEMORY: Mapping[Habit, tuple[float, float]] = {
    Habit.SERVING: (0.82, 1.02),
    Habit.STEADY: (0.6, 1.05),
    Habit.TRAINING: (0.75, 0.98),
    Habit.INTERACTIVE: (0.25, 0.7),
    Habit.RUNAWAY: (0.1, 0.12),
}


def usage(pod: PodLife, at: int, load: float) -> list[tuple[ContainerShape, int, int]]:
    """Each container with its CPU (thousandths) and memory (KiB); none before the first sample."""
    if not pod.started + _METRICS_AFTER <= at < pod.finished:
        return []
    habit = pod.shape.habit
    used = []
    for order, (container, cpu, memory) in enumerate(pod.shape.running):
        busy = _level(pod.seed + order, at, load, habit, *_CPU[habit])
        full = _level(pod.seed - order - 1, at, load, habit, *_MEMORY[habit])
        used.append((container, max(int(cpu * busy), 1), int(memory * full) // 1024))
    return used


def gpu_utilisation(pod: PodLife, at: int, load: float) -> float:
    """How busy the pod's GPUs are, 0 to 1: what DCGM would say."""
    if not pod.running(at) or not pod.shape.accelerators:
        return 0.0
    habit = pod.shape.habit
    return min(_level(pod.seed + 7, at, load, habit, *_CPU[habit]), 1.0)


def _level(seed: int, at: int, load: float, habit: Habit, least: float, most: float) -> float:
    noise = _noise(seed, at // _SAMPLE)
    if habit is Habit.SERVING:
        noise = min(load, 1.0) * (0.85 + 0.15 * noise)
    elif habit is Habit.INTERACTIVE:
        noise = noise if _noise(seed, at // (30 * MINUTE)) > 0.7 else 0.0
    return least + (most - least) * noise


def _noise(seed: int, tick: int) -> float:
    """0 to 1, the same whenever it is asked for the same tick."""
    mixed = (seed ^ tick * 0x9E3779B1) & 0xFFFFFFFF
    mixed = (mixed ^ mixed >> 15) * 0x85EBCA6B & 0xFFFFFFFF
    mixed = (mixed ^ mixed >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return (mixed ^ mixed >> 16) / 2**32
