"""What jobs cost, by arithmetic that can be done in the head."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.domain.gate.fitting import fitting, pods_per_node
from bursar.domain.gate.jobs import (
    DurationError,
    JobShape,
    PodSet,
    duration_of,
    identity_of,
    shown_number,
)
from bursar.domain.gate.pricing import UnpricedJobError
from bursar.domain.money import Money
from tests.unit.domain.gate.sample_jobs import (
    CATALOGUE,
    G5,
    GIB,
    GPU,
    INF2,
    LISTED,
    M5,
    P4D,
    P5,
    book,
    job,
    on,
    pods,
    priced,
)

BOTH: tuple[str, ...] = ("Master", "Worker")
TYPE = "node.kubernetes.io/instance-type"
FAMILY = "karpenter.k8s.aws/instance-family"


def test_pods_with_all_gpus_of_a_machine_pay_for_a_whole_node_each() -> None:
    """4 pods of 8 GPUs are 4 nodes; 10 h at 20 USD, the p4d being the cheapest with 8 GPUs."""
    found = priced(pods(4, 90, 1000, 8))
    assert found.pods[0].instance_type == "p4d.24xlarge"
    assert found.usd == Money.of(4 * 10 * 20)
    assert found.arithmetic[-1] == "4 nodes x 10 h x 20 USD/h on demand (list) = 800 USD"


def test_memory_decides_too() -> None:
    """2,000 GiB are only in the p5: 4 nodes x 10 h x 50 USD."""
    assert priced(pods(4, 90, 2000, 8)).usd == Money.of(2000)


def test_gpus_are_paid_as_they_are_sold_and_not_as_they_are_used() -> None:
    """3 pods of 3 GPUs: 1 on each g5.12xlarge of 4 GPUs (3 x 6 = 18 USD/h), 2 on a p4d of 8
    (2 nodes x 20 = 40 USD/h)."""
    found = priced(pods(3, 1, 1, 3))
    assert (found.pods[0].instance_type, found.pods[0].nodes) == ("g5.12xlarge", Fraction(3))
    assert found.usd == Money.of(3 * 6 * 10)


def test_alike_masters_and_workers_fill_each_others_nodes() -> None:
    """1 + 7 pods of one GPU on a p5 are one node, not two."""
    term = (on(TYPE, "p5.48xlarge"),)
    found = priced(pods(1, 1, 1, 1, term, name="Master"), pods(7, 1, 1, 1, term, name="Worker"))
    assert [(each.names, each.nodes) for each in found.pods] == [(BOTH, Fraction(1))]
    assert found.usd == Money.of(500)


def test_pods_without_gpus_pay_the_larger_of_their_shares() -> None:
    """1 of 4 vCPU and 8 of 16 GiB: half a node. 6 x 1/2 x 10 h x 0.20 USD = 6 USD."""
    found = priced(pods(6, 1, 8))
    assert (found.pods[0].instance_type, found.pods[0].nodes) == ("m5.xlarge", Fraction(3))
    assert found.usd == Money.of(6)


def test_arm_is_taken_only_where_it_is_asked_for() -> None:
    """The m7g costs half, but an image for x86 does not start on it."""
    term = (on("kubernetes.io/arch", "arm64"),)
    assert priced(pods(6, 1, 8)).usd == Money.of(6)
    assert priced(pods(6, 1, 8, 0, term)).usd == Money.of(3)


def test_a_share_on_spot_is_priced_at_the_dearest_zone() -> None:
    """Half of 2 nodes x 10 h at 50, half at 30: 2 x 10 x (25 + 15) = 800 USD."""
    term = (on(TYPE, "p5.48xlarge"),)
    found = priced(pods(2, 1, 1, 8, term), prices_by_key=book(a="20", b="30"), spot_share="1/2")
    assert found.usd == Money.of(800)
    assert "0.5 x 30 USD/h on spot" in found.arithmetic[-1]


def test_without_a_spot_price_the_share_on_spot_is_priced_on_demand_and_that_is_said() -> None:
    found = priced(pods(2, 1, 1, 8), spot_share="1/2")
    assert found.usd == Money.of(2 * 10 * 20)
    assert "no spot price is known" in found.arithmetic[-1]


def test_an_instance_type_that_is_called_by_name_and_has_no_price_is_named() -> None:
    others = {name: usd for name, usd in LISTED.items() if name != "p5.48xlarge"}
    for named in (("p5.48xlarge",), ("p4d.24xlarge", "p5.48xlarge")):
        with pytest.raises(UnpricedJobError, match=r"p5\.48xlarge is unpriced"):
            priced(pods(1, 1, 1, 8, (on(TYPE, *named),)), prices_by_key=book(others))


def test_an_instance_type_that_nobody_knows_is_refused_with_a_price_and_without() -> None:
    asked = pods(1, 1, 1, 8, (on(TYPE, "p99.48xlarge"),))
    with pytest.raises(UnpricedJobError, match=r"p99\.48xlarge is unpriced: nobody knows"):
        priced(asked)
    with pytest.raises(UnpricedJobError, match="nobody knows what it holds"):
        priced(asked, prices_by_key=book({**LISTED, "p99.48xlarge": "1"}))


def test_what_fits_nowhere_and_what_is_priced_nowhere_is_refused() -> None:
    with pytest.raises(UnpricedJobError, match="holds a pod of pods"):
        priced(pods(1, 10**15))
    with pytest.raises(UnpricedJobError, match=r"unpriced: .* g5.12xlarge"):
        priced(pods(1, 1, 1, 2), prices_by_key={})


@pytest.mark.parametrize(
    ("label", "value", "type_"),
    [
        (FAMILY, "p5", "p5.48xlarge"),
        ("eks.amazonaws.com/instance-family", "p4de", "p4de.24xlarge"),
        ("karpenter.k8s.aws/instance-gpu-name", "h100", "p5.48xlarge"),
        ("karpenter.k8s.aws/instance-category", "p", "p4d.24xlarge"),
        ("nvidia.com/gpu.product", "NVIDIA-A100-SXM4-40GB", "p4d.24xlarge"),
        ("nvidia.com/gpu.product", "NVIDIA-A100-SXM4-80GB", "p4de.24xlarge"),
        ("nvidia.com/gpu.product", "NVIDIA-H100-80GB-HBM3", "p5.48xlarge"),
        ("example.com/pool", "research", "p4d.24xlarge"),  # says nothing of the machine
    ],
)
def test_placement_narrows_the_choice(label: str, value: str, type_: str) -> None:
    assert priced(pods(1, 1, 1, 8, (on(label, value),))).pods[0].instance_type == type_


def test_one_of_the_terms_is_enough_and_a_term_can_exclude() -> None:
    either = ((on(FAMILY, "p5"),), (on(FAMILY, "p4de"),))
    assert priced(pods(1, 1, 1, 8, *either)).pods[0].instance_type == "p4de.24xlarge"
    without = (on(FAMILY, "p4d", negated=True),)
    assert priced(pods(1, 1, 1, 8, without)).pods[0].instance_type == "p4de.24xlarge"


@pytest.mark.parametrize(
    ("requests", "machine", "held"),
    [
        ({GPU: 1}, P5, 8),
        ({GPU: 3}, P5, 2),
        ({GPU: 1, "cpu": 100_000}, P5, 1),
        ({"nvidia.com/mig-3g.40gb": 1}, P5, 16),  # 2 on each of 8: 7 // 3
        ({"nvidia.com/mig-3g.24gb": 1}, G5, 0),  # an A10G has no MIG
        ({"aws.amazon.com/neuroncore": 4}, INF2, 3),  # 6 chips of 2 cores
        ({"aws.amazon.com/neuron": 4}, INF2, 1),
        ({GPU: 1}, INF2, 0),
        ({GPU: 1, "amd.com/gpu": 1}, P5, 0),
        ({"cpu": 1500, "memory": GIB}, M5, 2),
    ],
)
def test_a_node_holds_so_many(requests: dict[str, int], machine: object, held: int) -> None:
    assert pods_per_node(machine, requests) == held  # type: ignore[arg-type]


def test_hours_are_as_given_then_the_deadline_then_the_annotation() -> None:
    full = job(pods(1, 1), deadline_seconds=5400, hours=Decimal("7"))
    assert duration_of(full, Decimal(2)).hours == 2
    assert duration_of(full, None).hours == Fraction(3, 2)
    assert duration_of(job(pods(1, 1), hours=Decimal("7")), None).hours == 7
    with pytest.raises(DurationError, match=r"bursar\.dev/hours"):
        duration_of(job(pods(1, 1)), None)


@pytest.mark.parametrize("hours", ["0", "-1", "8784.01", "NaN", "Infinity"])
def test_impossible_hours_are_refused(hours: str) -> None:
    with pytest.raises(DurationError):
        duration_of(job(pods(1, 1)), Decimal(hours))


def test_a_longer_deadline_than_the_hours_given_is_said() -> None:
    source = duration_of(job(pods(1, 1), deadline_seconds=36_000), Decimal(1)).source
    assert source == "as given; Kubernetes would let it run 10 h"


def test_the_same_job_is_known_again_and_another_is_not() -> None:
    def name(shape: JobShape, hours: int = 1) -> str:
        return identity_of([shape], [Fraction(hours)])

    assert name(job(pods(2, 1))) == name(job(pods(2, 1)))
    different = [
        name(job(pods(2, 1)), 2),
        name(job(pods(3, 1))),
        name(job(pods(2, 1), namespace="other")),
        name(job(pods(2, 1), name="other")),
        name(job(pods(2, 1, 0, 0, (on(FAMILY, "p5"),)))),
        name(job(pods(2, 1), uid="u")),
    ]
    assert len({name(job(pods(2, 1))), *different}) == 7
    # a uid names one run, whatever became of its size
    assert name(job(pods(2, 1), uid="u")) == name(job(pods(9, 1), uid="u"), 5)


def test_numbers_are_shown_without_exponent_or_needless_places() -> None:
    shown = [shown_number(Fraction(*each)) for each in ((24, 1), (1, 2), (100, 3600), (0, 1))]
    assert shown == ["24", "0.5", "0.027778", "0"]


sizes = st.integers(0, 8)


@given(st.integers(1, 500), st.integers(1, 96), st.integers(1, 500), sizes, st.integers(1, 8784))
def test_the_cheapest_is_never_dearer_than_any_single_type_that_fits(
    count: int, cpu: int, gib: int, gpus: int, hours: int
) -> None:
    asked = pods(count, cpu, gib, gpus)
    fits = fitting(asked, CATALOGUE.values())
    if not fits:
        return
    usd = priced(asked, hours=str(hours)).usd
    for each in fits:
        alone = priced(pods(count, cpu, gib, gpus, (on(TYPE, each.name),)), hours=str(hours))
        assert usd <= alone.usd
        assert alone.pods[0].instance_type == each.name


@given(st.integers(1, 200), st.integers(1, 90), st.integers(1, 8), st.integers(1, 100))
def test_more_pods_or_hours_are_never_cheaper(count: int, cpu: int, gpus: int, hours: int) -> None:
    usd = priced(pods(count, cpu, 1, gpus), hours=str(hours)).usd
    assert usd <= priced(pods(count + 1, cpu, 1, gpus), hours=str(hours)).usd
    assert usd.times(2) == priced(pods(count, cpu, 1, gpus), hours=str(2 * hours)).usd


@given(st.integers(1, 400), st.integers(1, 8))
def test_whole_nodes_hold_all_pods_with_less_than_one_to_spare(count: int, gpus: int) -> None:
    [found] = priced(PodSet("pods", count, {GPU: gpus}, ((on(TYPE, P4D.name),),))).pods
    held = 8 // gpus
    assert found.nodes * held >= count > (found.nodes - 1) * held
