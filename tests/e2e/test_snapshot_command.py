"""`bursar snapshot`, as a person runs it: figures that add up, or a reason in one line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.aws_loopback import serving
from tests.contract.price_list_server import answering, product
from tests.e2e.snapshot_command import (
    NOBODY,
    TOKEN,
    Ran,
    cluster,
    node,
    plain_server,
    pod,
    snapshot,
)

REAL = Path(__file__).resolve().parents[3] / "shared/data/kubernetes"
LISTS = {
    "/api/v1/nodes": REAL / "NodeList.json",
    "/api/v1/pods": REAL / "PodList.json",
    "/api/v1/persistentvolumes": REAL / "PersistentVolumeList.json",
    "/api/v1/persistentvolumeclaims": REAL / "PersistentVolumeClaimList.json",
}
BASES = ("residual", "aws_split", "opencost")
GPU = "nvidia.com/gpu"


def compute_product(instance_type: str, usd: str) -> dict[str, Any]:
    return product(
        "AmazonEC2",
        f"BoxUsage:{instance_type}",
        usd,
        family="Compute Instance",
        instanceType=instance_type,
        operatingSystem="Linux",
        tenancy="Shared",
        preInstalledSw="NA",
        capacitystatus="Used",
        marketoption="OnDemand",
    )


@pytest.fixture(scope="module")
def price_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("prices") / "prices.csv"
    path.write_text(
        "instance_type,usd_per_hour\n"
        "m7g.8xlarge,1.3056\nr6i.8xlarge,2.016\nm6i.24xlarge,4.608\n"
        "g5.xlarge,1.006\nm5.xlarge,0.192\n"
    )
    return path


@pytest.fixture(scope="module")
def real_cluster() -> Iterator[str]:
    if not all(path.exists() for path in LISTS.values()):
        pytest.skip("the shared lists of a real cluster are not beside this repository")
    with plain_server(LISTS) as url:
        yield url


@pytest.fixture(scope="module")
def gpu_cluster() -> Iterator[str]:
    nodes = [
        node("gpu-1", "g5.xlarge", **{GPU: "1"}),
        node("gpu-2", "g5.xlarge", **{GPU: "1"}),
        node("cpu-1", "m5.xlarge"),
    ]
    pods = [
        pod("llama-0", "gpu-1", {"cpu": "3", "memory": "12Gi", GPU: "1"}, model="llama"),
        pod("embed-0", "cpu-1", {"cpu": "500m", "memory": "2G"}, namespace="rag"),
        pod("dns-0", "cpu-1", {"cpu": "100m", "memory": "70Mi"}, namespace="kube-system"),
        pod("bare-0", "cpu-1", None, namespace="rag"),
    ]
    with cluster(nodes=nodes, pods=pods) as server:
        yield server.url


@pytest.fixture(scope="module")
def pricing() -> Iterator[str]:
    products = [compute_product("g5.xlarge", "1.006"), compute_product("m5.xlarge", "0.192")]
    with serving(answering(products)) as url:
        yield url


def assert_adds_up(told: dict[str, Any]) -> None:
    """The sums that the documentation promises, to the last digit."""
    hour = {name: Decimal(amount) for name, amount in told["usd_per_hour"].items()}
    parts = ("gpu_usd_per_hour", "cpu_usd_per_hour", "memory_usd_per_hour")
    allocated = sum(Decimal(each[part]) for each in told["allocations"] for part in parts)
    idle, shared = Decimal(told["idle_usd_per_hour"]), Decimal(told["shared_usd_per_hour"])
    priced = (each["usd_per_hour"] for each in told["nodes"] if each["usd_per_hour"] is not None)
    assert allocated + idle + shared == hour["compute"] == sum(map(Decimal, priced))
    assert hour["total"] == sum(amount for name, amount in hour.items() if name != "total")
    for each in told["allocations"]:
        whole = sum(Decimal(each[part]) for part in (*parts, "storage_usd_per_hour"))
        assert Decimal(each["usd_per_hour"]) == whole


def assert_documented(told: dict[str, Any]) -> None:
    assert set(told) == {
        "cluster",
        "at",
        "quality",
        "basis",
        "usd_per_hour",
        "nodes",
        "allocations",
        "idle_usd_per_hour",
        "shared_usd_per_hour",
        "unpriced",
    }
    assert set(told["usd_per_hour"]) == {
        "total",
        "compute",
        "storage",
        "control_plane",
        "load_balancers",
        "network",
    }
    node_fields = "name instance_type zone capacity_type usd_per_hour price_source"
    allocation_fields = (
        "namespace workload model pods usd_per_hour gpu_usd_per_hour cpu_usd_per_hour "
        "memory_usd_per_hour storage_usd_per_hour"
    )
    assert {" ".join(each) for each in told["nodes"]} <= {node_fields}
    assert {" ".join(each) for each in told["allocations"]} <= {allocation_fields}
    assert all(set(each) == {"name", "reason"} for each in told["unpriced"])


@pytest.mark.parametrize("basis", BASES)
def test_a_real_cluster_behind_a_plain_server_is_priced(
    real_cluster: str, price_file: Path, basis: str
) -> None:
    ran = snapshot("--server", real_cluster, "--prices", price_file, "--basis", basis, "--json")
    assert (ran.code, ran.problems) == (0, [])
    assert_documented(ran.json)
    assert_adds_up(ran.json)
    assert (ran.json["cluster"], ran.json["basis"]) == (real_cluster, basis)
    assert ran.json["usd_per_hour"]["total"] == "15.8784"  # 8 nodes: 4 + 3 + 1 of the file's types
    assert {each["price_source"] for each in ran.json["nodes"]} == {"file prices.csv"}
    assert sum(each["pods"] for each in ran.json["allocations"]) == 20


def test_the_table_fits_80_columns_and_cuts_no_name(real_cluster: str, price_file: Path) -> None:
    ran = snapshot("--server", real_cluster, "--prices", price_file)
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in ran.out
    table = lines[lines.index(next(line for line in lines if line.startswith("Workloads"))) :]
    assert "GPU" not in table[1]  # no workload of it uses one
    column = table[1].index("workload"), table[1].index("model")
    names = "".join(line[slice(*column)].strip() for line in table)
    assert "search-llama-3-1-70b-job-49-2e01e" in names


@pytest.mark.parametrize("basis", BASES)
def test_gpu_pods_are_priced_by_the_price_list(gpu_cluster: str, pricing: str, basis: str) -> None:
    ran = snapshot(
        *("--server", gpu_cluster, "--token", TOKEN, "--basis", basis, "--json"),
        AWS_ENDPOINT_URL_PRICING=pricing,
    )
    assert (ran.code, ran.problems) == (0, [])
    told = ran.json
    assert_documented(told)
    assert_adds_up(told)
    assert told["usd_per_hour"]["compute"] == "2.204"
    by_workload = {each["workload"]: each for each in told["allocations"]}
    llama = by_workload["llama-0"]
    assert (llama["model"], llama["namespace"]) == ("llama", "search")
    assert Decimal(llama["gpu_usd_per_hour"]) > 0
    assert Decimal(told["idle_usd_per_hour"]) > 1  # a GPU node that nobody uses, and more
    assert by_workload["bare-0"]["usd_per_hour"] == "0"
    assert Decimal(told["shared_usd_per_hour"]) > 0
    assert all(each["namespace"] != "kube-system" for each in told["allocations"])


@pytest.mark.parametrize("form", ["--json", "table"])
def test_without_a_price_list_nodes_are_unpriced_and_the_code_is_3(
    gpu_cluster: str, form: str
) -> None:
    flags = [form] if form == "--json" else []
    ran = snapshot("--server", gpu_cluster, "--token", TOKEN, *flags)
    assert ran.code == 3
    assert len(ran.problems) == 2
    assert ran.problems[0].startswith("bursar: no prices: ")
    assert ran.problems[1] == "bursar: some nodes are unpriced; they are listed, not counted"
    if form == "--json":
        assert {each["usd_per_hour"] for each in ran.json["nodes"]} == {None}
        assert ran.json["usd_per_hour"]["total"] == "0"
        assert len(ran.json["unpriced"]) == 3
        assert ran.json["quality"] == "estimated"
        assert_adds_up(ran.json)
    else:
        assert "no price for g5.xlarge" in ran.out


def test_many_unpriced_nodes_are_told_by_their_reason(price_file: Path) -> None:
    nodes = [node(f"n-{n}", "x9.huge") for n in range(400)]
    with cluster(nodes=nodes) as server:
        ran = snapshot("--server", server.url, "--token", TOKEN, "--prices", price_file)
    assert ran.code == 3
    assert len(ran.out.splitlines()) < 40
    assert "and 397 more" in ran.out


def assert_ends(ran: Ran, code: int, said: str) -> None:
    assert (ran.code, ran.out) == (code, ""), ran.problems
    (problem,) = ran.problems
    assert problem.startswith("bursar: ")
    assert said in problem


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (["--server", "{gpu}", "--token", "wrong"], 4, "answered 401"),
        (["--server", "{gpu}"], 4, "answered 401"),
        (["--server", NOBODY], 4, "Connection refused"),
        (["--server", "{gpu}", "--token", "two\nlines"], 4, "cannot stand in a header"),
        (["--server", "https://127.0.0.1:1", "--ca", "{prices}"], 4, "certificates cannot be"),
        (["--server", "{gpu}", "--ca", "/no/such.pem"], 2, "/no/such.pem: No such file"),
        (["--server", "127.0.0.1:6443"], 2, "is not a URL, such as https://"),
        (["--server", "{gpu}", "--context", "prod"], 2, "not both"),
        (["--server", "https://x", "--ca", "{prices}", "--insecure"], 2, "--ca or --insecure"),
        (["--token", "lost"], 2, "--token goes with --server"),
        (["--insecure"], 2, "--insecure goes with --server"),
        (["--server", "{gpu}", "--prices", "/no/prices.csv"], 2, "/no/prices.csv: No such file"),
        (["--kubeconfig", "/no/config"], 4, "/no/config"),
        ([], 4, "/nonexistent/.kube/config"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    gpu_cluster: str, price_file: Path, flags: list[str], code: int, said: str
) -> None:
    filled = [flag.format(gpu=gpu_cluster, prices=price_file) for flag in flags]
    assert_ends(snapshot(*filled), code, said)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"instance_type,usd_per_hour\nm5.large,1\nm5.xlarge,free\n", "line 3: 'free' is not an"),
        (b"instance_type,usd_per_hour\nm5.\xff,1\n", "line 2: is not UTF-8"),
    ],
)
def test_a_malformed_price_file_is_named_with_its_line(
    tmp_path: Path, gpu_cluster: str, content: bytes, said: str
) -> None:
    path = tmp_path / "prices.csv"
    path.write_bytes(content)
    assert_ends(snapshot("--server", gpu_cluster, "--prices", path), 2, said)


@pytest.mark.parametrize(
    ("flags", "region", "said"),
    [
        (["--basis", "cost"], "us-east-1", 'Choose from: "residual", "aws_split"'),
        ([], None, "--region"),
        (["--colour"], "us-east-1", "--colour"),
    ],
)
def test_a_wrong_option_is_explained(flags: list[str], region: str | None, said: str) -> None:
    ran = snapshot("--server", NOBODY, *flags, region=region)
    assert ran.code == 2
    assert said in " ".join(" ".join(ran.problems).replace("│", " ").split())


def test_a_region_that_is_none_is_refused() -> None:
    assert_ends(snapshot("--server", NOBODY, region="Ireland"), 2, "--region 'Ireland' is not")


def kubeconfig(path: Path, server: str, token: str = TOKEN) -> Path:
    path.write_text(
        yaml.safe_dump(
            {
                "current-context": "here",
                "clusters": [{"name": "c", "cluster": {"server": server}}],
                "users": [{"name": "u", "user": {"token": token}}],
                "contexts": [
                    {"name": "here", "context": {"cluster": "c", "user": "u"}},
                    {"name": "there", "context": {"cluster": "gone", "user": "u"}},
                ],
            }
        )
    )
    return path


def test_a_kubeconfig_is_read_from_wherever_it_is_named(
    tmp_path: Path, gpu_cluster: str, price_file: Path
) -> None:
    path = kubeconfig(tmp_path / "config", gpu_cluster)
    for flags, environ in (
        (["--kubeconfig", path], {}),
        (["--kubeconfig", path, "--context", "here"], {}),
        ([], {"KUBECONFIG": str(path)}),
    ):
        ran = snapshot("--prices", price_file, "--json", *flags, **environ)
        assert (ran.code, ran.json["cluster"]) == (0, "here")


@pytest.mark.parametrize(
    ("context", "said"), [("nowhere", "no context 'nowhere'"), ("there", "no cluster 'gone'")]
)
def test_a_context_that_leads_nowhere_is_named(
    tmp_path: Path, gpu_cluster: str, context: str, said: str
) -> None:
    path = kubeconfig(tmp_path / "config", gpu_cluster)
    assert_ends(snapshot("--kubeconfig", path, "--context", context), 4, said)


def test_an_empty_cluster_costs_nothing(price_file: Path) -> None:
    with cluster() as server:
        ran = snapshot("--server", server.url, "--token", TOKEN, "--prices", price_file, "--json")
        table = snapshot("--server", server.url, "--token", TOKEN, "--prices", price_file)
    assert (ran.code, table.code) == (0, 0)
    assert ran.json["usd_per_hour"]["total"] == "0"
    assert (ran.json["nodes"], ran.json["allocations"], ran.json["unpriced"]) == ([], [], [])


def test_a_node_without_labels_is_unpriced_and_what_runs_on_it_is_listed(
    price_file: Path,
) -> None:
    nodes = [node("odd", None), node("fine", "m5.xlarge")]
    pods = [pod("a", "odd", {"cpu": "1"}), pod("b", "fine", {"cpu": "1"})]
    with cluster(nodes=nodes, pods=pods) as server:
        ran = snapshot("--server", server.url, "--token", TOKEN, "--prices", price_file, "--json")
    assert ran.code == 3
    assert_adds_up(ran.json)
    assert ran.json["unpriced"] == [
        {"name": "odd", "reason": "the node has no instance type label"}
    ]
    assert ran.json["usd_per_hour"]["compute"] == "0.192"
    assert {each["workload"]: each["pods"] for each in ran.json["allocations"]} == {
        "a": 1,
        "b": 1,
    }


def test_absurd_quantities_are_named_and_invent_nothing(price_file: Path) -> None:
    pods = [
        pod("negative", "n", {"cpu": "-4", "memory": "-1Gi"}),
        pod("words", "n", {"cpu": "lots", "memory": "12 GB"}),
        pod("huge", "n", {"cpu": "1e30", "memory": "9Ei"}),
        pod("fine", "n", {"cpu": "1", "memory": "4Gi"}),
    ]
    with cluster(nodes=[node("n", "m5.xlarge")], pods=pods) as server:
        ran = snapshot("--server", server.url, "--token", TOKEN, "--prices", price_file, "--json")
    assert ran.code == 0
    assert_adds_up(ran.json)
    assert ran.json["usd_per_hour"]["compute"] == "0.192"
    told = {each["workload"]: Decimal(each["usd_per_hour"]) for each in ran.json["allocations"]}
    assert told["negative"] == told["words"] == 0
    assert all(amount >= 0 for amount in told.values())
    assert any("search/negative" in problem for problem in ran.problems)
    assert any("search/words" in problem for problem in ran.problems)


def test_a_half_listed_cluster_has_no_number(price_file: Path) -> None:
    pods = [pod(f"p-{n}", "n", {"cpu": "1m"}) for n in range(600)]
    with cluster(nodes=[node("n", "m5.xlarge")], pods=pods) as server:
        server.forbid("pods")
        ran = snapshot("--server", server.url, "--token", TOKEN, "--prices", price_file)
    assert_ends(ran, 4, "pods: the API server answered 403")


def test_a_reader_that_has_enough_gets_no_traceback(real_cluster: str, price_file: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        ran = snapshot("--server", real_cluster, "--prices", price_file, "--json", stdout=closed)
    assert (ran.code, ran.problems) == (141, [])
