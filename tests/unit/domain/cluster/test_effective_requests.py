"""A pod reserves what Kubernetes' scheduler sets aside for it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bursar.domain.cluster.effective_requests import (
    InitContainer,
    effective_requests,
    with_limits,
)

GI = 1024**3


def cpu(milli: int) -> dict[str, int]:
    return {"cpu": milli}


def test_one_container_is_its_own_request() -> None:
    assert effective_requests([{"cpu": 500, "memory": GI}]) == {"cpu": 500, "memory": GI}


def test_containers_add_up_for_each_resource() -> None:
    containers = [{"cpu": 500, "memory": GI}, {"cpu": 250, "nvidia.com/gpu": 2}]
    assert effective_requests(containers) == {"cpu": 750, "memory": GI, "nvidia.com/gpu": 2}


def test_no_containers_and_no_requests_are_nothing() -> None:
    assert effective_requests([]) == {}
    assert effective_requests([{}, {}]) == {}


def test_the_largest_init_container_counts_when_it_exceeds_the_sum() -> None:
    init = [InitContainer(cpu(2000)), InitContainer(cpu(1000))]
    # containers 500 + 300 = 800; init one at a time: max(2000, 1000) = 2000
    assert effective_requests([cpu(500), cpu(300)], init) == cpu(2000)
    assert effective_requests([cpu(5000)], init) == cpu(5000)


def test_a_sidecar_counts_beside_the_containers() -> None:
    assert effective_requests([cpu(500)], [InitContainer(cpu(200), sidecar=True)]) == cpu(700)


def test_only_sidecars_started_before_it_run_beside_an_init_container() -> None:
    before = [InitContainer(cpu(200), sidecar=True), InitContainer(cpu(1000))]
    after = [InitContainer(cpu(1000)), InitContainer(cpu(200), sidecar=True)]
    # running: 500 + 200 = 700 both times
    assert effective_requests([cpu(500)], before) == cpu(1200)  # 1000 beside the sidecar's 200
    assert effective_requests([cpu(500)], after) == cpu(1000)  # 1000 alone


def test_each_resource_takes_its_own_maximum() -> None:
    init = [InitContainer({"cpu": 4000, "memory": GI})]
    containers = [{"cpu": 1000, "memory": 8 * GI}]
    assert effective_requests(containers, init) == {"cpu": 4000, "memory": 8 * GI}


def test_overhead_comes_on_top() -> None:
    overhead = {"cpu": 250, "memory": GI}
    assert effective_requests([cpu(500)], overhead=overhead) == {"cpu": 750, "memory": GI}
    assert effective_requests([cpu(500)], [InitContainer(cpu(900))], overhead=overhead) == {
        "cpu": 1150,  # max(500, 900) + 250
        "memory": GI,
    }


def test_pod_level_requests_replace_only_the_resources_that_they_name() -> None:
    got = effective_requests(
        [{"cpu": 500, "memory": 2 * GI, "nvidia.com/gpu": 1}],
        [InitContainer(cpu(9000))],
        pod_requests=cpu(3000),
        overhead=cpu(100),
    )
    assert got == {"cpu": 3100, "memory": 2 * GI, "nvidia.com/gpu": 1}


def test_a_pod_level_limit_stands_in_only_where_nobody_asks() -> None:
    limits = {"cpu": 8000, "memory": 4 * GI}
    assert effective_requests([cpu(500)], pod_limits=limits) == {"cpu": 500, "memory": 4 * GI}


def test_a_limit_stands_in_for_a_missing_request() -> None:
    assert with_limits({"cpu": 100}, {"cpu": 900, "nvidia.com/gpu": 8}) == {
        "cpu": 100,
        "nvidia.com/gpu": 8,
    }
    assert with_limits({}, {"memory": GI}) == {"memory": GI}


amounts = st.dictionaries(
    st.sampled_from(["cpu", "memory", "nvidia.com/gpu"]), st.integers(0, 1000)
)


@given(
    st.lists(amounts, max_size=4), st.lists(st.tuples(amounts, st.booleans()), max_size=4), amounts
)
def test_the_rule_agrees_with_kubernetes_own_loop(
    containers: list[dict[str, int]],
    init: list[tuple[dict[str, int], bool]],
    overhead: dict[str, int],
) -> None:
    """The reference is the loop of component-helpers' PodRequests, one resource at a time."""
    got = effective_requests(containers, [InitContainer(*one) for one in init], overhead=overhead)
    for name in ("cpu", "memory", "nvidia.com/gpu"):
        running = sum(one.get(name, 0) for one in containers)
        sidecars = peak = 0
        for requests, sidecar in init:
            if sidecar:
                running += requests.get(name, 0)
                sidecars += requests.get(name, 0)
                peak = max(peak, sidecars)
            else:
                peak = max(peak, sidecars + requests.get(name, 0))
        assert got.get(name, 0) == max(running, peak) + overhead.get(name, 0)
