"""Objects that can be written in the local Kubernetes API: as the real one takes and refuses it.

RBAC rules decide first (403), then whether the kind is served (404), then the object itself:
versions and uids that no longer hold (409), names that are taken (409), patches of a type that
the kind does not take (415), values that no schema allows (422). Pods are admitted by quotas.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bursar.domain.cluster.quantities import count

Object = dict[str, Any]
_PATH = re.compile(
    r"^/(?:api|apis/(?P<group>[^/]+))/(?P<version>v[^/]+)"
    r"(?:/namespaces/(?P<namespace>[^/]+))?/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+))?$"
)
_MERGE = "application/merge-patch+json"
_VERBS = {"POST": "create", "PATCH": "patch", "DELETE": "delete"}
_STOP_POLICIES = (None, "None", "Hold", "HoldAndDrain")
_ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class Kind:
    """A resource that is served in one version of its group."""

    group: str
    version: str
    plural: str
    kind: str


KUBERNETES = (
    Kind("", "v1", "pods", "Pod"),
    Kind("", "v1", "resourcequotas", "ResourceQuota"),
    Kind("batch", "v1", "jobs", "Job"),
)
KUEUE = Kind("kueue.x-k8s.io", "v1beta1", "localqueues", "LocalQueue")
KARPENTER = Kind("karpenter.sh", "v1", "nodepools", "NodePool")


class RefusedError(Exception):
    """What the API answers instead: a status, its reason and its message."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    content_type: str = ""
    body: bytes = b""


class KubernetesObjects:
    """What is stored of each kind, who may write it, and what the scenario's pods use."""

    def __init__(
        self,
        kinds: Iterable[Kind] = (*KUBERNETES, KUEUE, KARPENTER),
        pods: Callable[[], Sequence[Object]] = tuple,
    ) -> None:
        self._kinds = {(each.group, each.version, each.plural): each for each in kinds}
        self._pods = pods
        self._lock = threading.RLock()
        self._objects: dict[tuple[str, str, str], Object] = {}  # plural, namespace, name
        self._rules: list[Mapping[str, Any]] = []
        self._version = 40_000

    def grant(self, *roles: Mapping[str, Any]) -> None:
        """Allow what the rules of these Roles or ClusterRoles say; before it, nothing is."""
        self._rules += [rule for role in roles for rule in role.get("rules", ())]

    def put(self, plural: str, object_: Object) -> Object:
        """What somebody else applies: the whole object, whatever stood there."""
        meta = object_["metadata"]
        with self._lock:
            key = (plural, meta.get("namespace", ""), meta["name"])
            old = self._objects.get(key, {}).get("metadata", {})
            uid = old.get("uid") or f"{plural}-{self._next()}"
            stored = {**object_, "metadata": {**meta, "uid": uid, "resourceVersion": self._next()}}
            self._objects[key] = stored
            return stored

    def get(self, plural: str, name: str, namespace: str = "") -> Object | None:
        return self._objects.get((plural, namespace, name))

    def answer(self, call: Call) -> Object:
        """The object, or list.

        Raises:
            RefusedError: with what the API says instead.
        """
        match = _PATH.match(call.path)
        if match is None:
            raise _no_such_resource()
        group, namespace = match["group"] or "", match["namespace"] or ""
        plural, name = match["plural"], match["name"] or ""
        verb = _VERBS.get(call.method, "get" if name else "list")
        self._authorize(verb, group, plural, namespace)
        kind = self._kinds.get((group, match["version"], plural))
        if kind is None:
            raise _no_such_resource()
        key = (plural, namespace, name)
        with self._lock:
            if verb == "list":
                return self._list(kind, namespace, call.query.get("labelSelector", ""))
            if verb == "create":
                return self._create(kind, namespace, call)
            if key not in self._objects:
                raise RefusedError(404, "NotFound", f'{_resource(kind)} "{name}" not found')
            if verb == "patch":
                return self._patch(kind, key, call)
            if verb == "delete":
                self._check(key, json.loads(call.body or b"{}").get("preconditions") or {})
                return self._objects.pop(key)
            return self._objects[key]

    def _authorize(self, verb: str, group: str, plural: str, namespace: str) -> None:
        for rule in self._rules:
            if (
                group in rule["apiGroups"]
                and plural in rule["resources"]
                and verb in rule["verbs"]
            ):
                return
        where = f' in the namespace "{namespace}"' if namespace else " at the cluster scope"
        raise RefusedError(
            403,
            "Forbidden",
            f'{plural}{"." if group else ""}{group} is forbidden: User "bursar" cannot {verb} '
            f'resource "{plural}" in API group "{group}"{where}',
        )

    def _list(self, kind: Kind, namespace: str, selector: str) -> Object:
        wanted = dict(part.split("=", 1) for part in selector.split(",") if part)
        stored = [
            object_
            for (plural, inside, _), object_ in self._objects.items()
            if plural == kind.plural and namespace in ("", inside)
        ]
        if kind.plural == "pods":
            stored += [each for each in self._pods() if namespace in ("", _namespace(each))]
        items = [
            each
            for each in stored
            if wanted.items() <= (each["metadata"].get("labels") or {}).items()
        ]
        group = f"{kind.group}/" if kind.group else ""
        return {
            "kind": f"{kind.kind}List",
            "apiVersion": f"{group}{kind.version}",
            "metadata": {"resourceVersion": str(self._version)},
            "items": items,
        }

    def _create(self, kind: Kind, namespace: str, call: Call) -> Object:
        made: Object = json.loads(call.body)
        name = made["metadata"]["name"]
        key = (kind.plural, namespace, name)
        if key in self._objects:
            raise RefusedError(409, "AlreadyExists", f'{_resource(kind)} "{name}" already exists')
        made["metadata"] = {**made["metadata"], "namespace": namespace}
        if kind.plural == "pods":
            self._admit(made, namespace)
        made["metadata"]["managedFields"] = [{"manager": call.query.get("fieldManager", "")}]
        return self.put(kind.plural, made)

    def _patch(self, kind: Kind, key: tuple[str, str, str], call: Call) -> Object:
        if call.content_type != _MERGE:
            raise RefusedError(
                415, "UnsupportedMediaType", f"the body of the request must be {_MERGE}"
            )
        patch: Object = json.loads(call.body)
        told = patch.get("metadata") or {}
        self._check(key, told)
        new = merged(self._objects[key], patch)
        _validate(kind, new)
        new["metadata"]["managedFields"] = [{"manager": call.query.get("fieldManager", "")}]
        return self.put(kind.plural, new)

    def _check(self, key: tuple[str, str, str], told: Mapping[str, Any]) -> None:
        stored = self._objects[key]["metadata"]
        for name in ("uid", "resourceVersion"):
            if told.get(name) not in (None, stored[name]):
                raise RefusedError(
                    409,
                    "Conflict",
                    f'Operation cannot be fulfilled on {key[0]} "{key[2]}": the object has been '
                    "modified; please apply your changes to the latest version and try again",
                )

    def _admit(self, pod: Object, namespace: str) -> None:
        """As the ResourceQuota admission plugin: what is used, and what is asked for beside it."""
        asked = _requests(pod)
        used: Counter[str] = Counter()
        for each in self._list(Kind("", "v1", "pods", "Pod"), namespace, "")["items"]:
            if each.get("status", {}).get("phase") not in _ENDED:
                used.update(_requests(each))
        for (plural, inside, name), quota in self._objects.items():
            if (plural, inside) != ("resourcequotas", namespace):
                continue
            for resource, limit in quota["spec"]["hard"].items():
                more = asked[resource.removeprefix("requests.")]
                now = used[resource.removeprefix("requests.")]
                if more and now + more > count(limit):
                    raise RefusedError(
                        403,
                        "Forbidden",
                        f'pods "{pod["metadata"]["name"]}" is forbidden: exceeded quota: {name}, '
                        f"requested: {resource}={more}, used: {resource}={now}, "
                        f"limited: {resource}={limit}",
                    )

    def _next(self) -> str:
        self._version += 1
        return str(self._version)


def merged(target: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7396): null removes, objects merge, anything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def _validate(kind: Kind, new: Object) -> None:
    spec = new.get("spec") or {}
    policy, suspend = spec.get("stopPolicy"), spec.get("suspend", False)
    if kind is KUEUE and policy not in _STOP_POLICIES:
        told = f'spec.stopPolicy: Unsupported value: "{policy}"'
        raise RefusedError(422, "Invalid", told)
    if kind.plural == "jobs" and not isinstance(suspend, bool):
        raise RefusedError(422, "Invalid", "spec.suspend: must be boolean")


def _requests(pod: Object) -> Counter[str]:
    total: Counter[str] = Counter()
    for container in pod["spec"].get("containers") or ():
        for name, units in ((container.get("resources") or {}).get("requests") or {}).items():
            if "/" in name:  # an extended resource: it comes whole
                total[name] += count(str(units))
    return total


def _namespace(object_: Object) -> str:
    return str(object_["metadata"].get("namespace", ""))


def _resource(kind: Kind) -> str:
    return f"{kind.plural}.{kind.group}" if kind.group else kind.plural


def _no_such_resource() -> RefusedError:
    return RefusedError(404, "NotFound", "the server could not find the requested resource")
