"""`bursar cluster manifest`: no more than get and list, on no more than what is read."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from bursar.adapters.kubernetes_api.reader import _PATHS
from bursar.cli.main import app


@pytest.fixture
def manifests(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    app(["cluster", "manifest"], result_action="return_value")
    return list(yaml.safe_load_all(capsys.readouterr().out))


def test_it_is_a_role_and_the_binding_of_a_group_to_it(manifests: list[dict[str, Any]]) -> None:
    role, binding = manifests
    assert (role["kind"], binding["kind"]) == ("ClusterRole", "ClusterRoleBinding")
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    (subject,) = binding["subjects"]
    assert (subject["kind"], subject["name"]) == ("Group", "bursar-readers")


def test_it_gives_exactly_get_and_list(manifests: list[dict[str, Any]]) -> None:
    rules = manifests[0]["rules"]
    assert {tuple(rule["verbs"]) for rule in rules} == {("get", "list")}
    assert all(set(rule) == {"apiGroups", "resources", "verbs"} for rule in rules)
    named = {name for rule in rules for name in (*rule["apiGroups"], *rule["resources"])}
    assert not named & {"*", "secrets", "configmaps"}


def test_it_covers_exactly_the_lists_that_are_read(manifests: list[dict[str, Any]]) -> None:
    given = {
        (group, resource)
        for rule in manifests[0]["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    read = set()
    for path in _PATHS.values():
        *_, group, _, resource = path.split("/")
        read.add(("" if group == "api" else group, resource))
    assert given == read


def test_a_prometheus_in_the_cluster_adds_a_role_for_that_service_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["cluster", "manifest", "--metrics", "monitoring/prometheus-server:80"]
    app(command, result_action="return_value")
    *_, role, binding = yaml.safe_load_all(capsys.readouterr().out)
    assert (role["kind"], role["metadata"]["namespace"]) == ("Role", "monitoring")
    assert role["rules"] == [
        {
            "apiGroups": [""],
            "resources": ["services/proxy"],
            "resourceNames": ["prometheus-server:80"],
            "verbs": ["get"],
        }
    ]
    assert (binding["kind"], binding["roleRef"]["name"]) == (
        "RoleBinding",
        role["metadata"]["name"],
    )
    assert binding["subjects"][0]["name"] == "bursar-readers"


def test_stops_have_a_role_of_their_own_with_the_least_writes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    app(["cluster", "manifest", "--stops"], result_action="return_value")
    role, binding = yaml.safe_load_all(capsys.readouterr().out)
    assert binding["subjects"][0]["name"] == role["metadata"]["name"] == "bursar-stoppers"
    writes = {
        (rule["apiGroups"][0], *rule["resources"]): sorted({*rule["verbs"]} - {"get", "list"})
        for rule in role["rules"]
    }
    assert writes == {
        ("", "resourcequotas"): ["create", "delete"],
        ("kueue.x-k8s.io", "localqueues"): ["patch"],
        ("karpenter.sh", "nodepools"): ["patch"],
        ("batch", "jobs"): ["patch"],
    }
