"""A resource type, in the shape that moto's CloudFormation expects of a model class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bursar.local.embedded.functions import (
    InvokeConfig,
    LambdaFunction,
    QueueMapping,
    Route,
    Schedule,
    StreamMapping,
)

Properties = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A resource that nothing here reads at run time: an access entry, a chat channel."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]


@dataclass(slots=True)
class Stack:
    """What a deployment creates beside the resources that live in moto."""

    client: Callable[[str], Any]
    account: str
    region: str
    api_url: str = ""  # where the HTTP API is served, if anywhere
    functions: dict[str, LambdaFunction] = field(default_factory=dict)
    invoke_configs: dict[str, InvokeConfig] = field(default_factory=dict)
    streams: list[StreamMapping] = field(default_factory=list)
    queues: list[QueueMapping] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)
    state_machines: dict[str, Mapping[str, Any]] = field(default_factory=dict)  # by ARN
    recorded: list[Recorded] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Request:
    """One resource to create: its properties have every reference resolved."""

    logical_id: str
    type: str
    name: str
    properties: Properties
    stack: Stack

    def only(self, *names: str) -> Properties:
        return {name: self.properties[name] for name in names if name in self.properties}


@dataclass(frozen=True, slots=True)
class Created:
    """What Ref and Fn::GetAtt of the resource answer."""

    ref: str
    attributes: Mapping[str, str | None] = field(default_factory=dict)


Create = Callable[[Request], Created]


class Resource:
    """A created resource, as moto keeps it in a stack."""

    cf_resource_type: str
    logical_resource_id: str

    def __init__(self, type_: str, created: Created) -> None:
        self._type = type_
        self._created = created
        self.physical_resource_id = created.ref

    def get_cfn_attribute(self, name: str) -> str:
        value = self._created.attributes.get(name)
        if value is None:
            raise LookupError(f"{self._type} has no attribute {name} here")
        return value

    def is_created(self) -> bool:
        return True

    def delete(self, _account_id: str, _region_name: str) -> None:
        """Nothing to do: a cloud is thrown away whole."""


class ResourceType:
    """Stands where moto expects a subclass of its CloudFormationModel.

    Not a subclass: moto finds those by reflection, and one that outlives its cloud would
    answer for the next.
    """

    def __init__(self, name: str, create: Create, stack: Stack, name_property: str = "") -> None:
        self._name = name
        self._create = create
        self._stack = stack
        self._name_property = name_property

    def cloudformation_type(self) -> str:
        return self._name

    def cloudformation_name_type(self) -> str:
        return self._name_property

    def has_cfn_attr(self, _attribute: str) -> bool:
        return True

    def create_from_cloudformation_json(
        self,
        resource_name: str,
        cloudformation_json: dict[str, Any],
        _account_id: str,
        _region_name: str,
        **moto: Any,
    ) -> Resource:
        request = Request(
            logical_id=moto["LogicalId"],
            type=self._name,
            name=resource_name,
            properties=typed(cloudformation_json.get("Properties", {})),
            stack=self._stack,
        )
        return Resource(self._name, self._create(request))


def typed(value: Any) -> Any:
    """CloudFormation also takes "true" where an API wants a boolean."""
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
