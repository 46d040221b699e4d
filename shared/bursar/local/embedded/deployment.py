"""Deploying a synthesized assembly, as `cdk deploy` would."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from moto.cloudformation import parsing
from moto.cloudformation.models import cloudformation_backends

from bursar.local.embedded.cloudformation_types import TYPES
from bursar.local.embedded.cloudformation_types.resources import (
    Recorded,
    ResourceType,
    Stack,
)
from bursar.local.embedded.errors import (
    DeploymentError,
    UnknownFunctionError,
    UnsupportedResourceError,
)
from bursar.local.embedded.functions import (
    InvokeConfig,
    LambdaFunction,
    QueueMapping,
    Route,
    Schedule,
    StreamMapping,
)
from bursar.local.embedded.replacements import replaced

_NAME_PROPERTIES = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::DynamoDB::GlobalTable": "TableName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::Scheduler::ScheduleGroup": "Name",
}


@dataclass(frozen=True, slots=True)
class Deployment:
    """One stack that was created whole."""

    stack_name: str
    outputs: Mapping[str, str]
    resources: Mapping[str, str]  # logical id -> physical id
    resource_types: Mapping[str, str]  # logical id -> type
    functions: Mapping[str, LambdaFunction]  # by logical id
    invoke_configs: Mapping[str, InvokeConfig]  # by function ARN
    schedules: tuple[Schedule, ...]
    streams: tuple[StreamMapping, ...]
    queues: tuple[QueueMapping, ...]
    routes: tuple[Route, ...]
    state_machines: Mapping[str, Mapping[str, Any]]  # by ARN
    recorded: tuple[Recorded, ...]

    def function(self, name: str) -> LambdaFunction:
        """By logical id, physical name or ARN, or by the verb_noun of its handler's folder.

        Raises:
            UnknownFunctionError: none, or more than one, has that name.
        """
        found = [
            function
            for function in self.functions.values()
            if name in (function.logical_id, function.name, function.arn, *_folders(function))
        ]
        if len(found) != 1:
            raise UnknownFunctionError(f"{len(found)} functions are called {name!r}")
        return found[0]

    def of_type(self, type_: str) -> dict[str, str]:
        """Logical to physical ids of one resource type."""
        return {
            logical: self.resources[logical]
            for logical, found in self.resource_types.items()
            if found == type_
        }


def _folders(function: LambdaFunction) -> tuple[str, ...]:
    parts = function.handler.replace("/", ".").split(".")
    return (parts[1],) if parts[0] == "functions" else ()


def deploy(
    assembly: Path,
    client: Callable[[str], Any],
    account: str,
    region: str,
    api_url: str = "",
) -> Deployment:
    """Upload the assets, create the stack, tell what there is. Its HTTP API is at `api_url`.

    Raises:
        UnsupportedResourceError: a resource type is not known here.
        DeploymentError: the assembly holds more or less than one stack, or a resource failed.
    """
    template_file = _only_stack(assembly)
    template = json.loads(template_file.read_text(encoding="utf-8"))
    _refuse_unknown_types(template)
    assets = template_file.with_name(template_file.name.replace(".template.json", ".assets.json"))
    if assets.exists():
        _upload(assets, client("s3"), account, region)
    _bootstrap(template, client)
    stack = Stack(client, account, region, api_url)
    name = template_file.name.removesuffix(".template.json")
    with _types_installed(stack):
        created = _create(name, template, account, region)
    resources = created.resource_map
    physical = {logical: resources[logical] for logical in template["Resources"]}
    if missing := sorted(logical for logical, resource in physical.items() if resource is None):
        raise DeploymentError(f"not created: {', '.join(missing)}")
    return Deployment(
        stack_name=name,
        outputs={output["OutputKey"]: output["OutputValue"] for output in created.outputs or ()},
        resources={
            # some of moto's have no name of their own: a permission, a policy
            logical: getattr(resource, "physical_resource_id", logical)
            for logical, resource in physical.items()
        },
        resource_types={
            logical: resource["Type"] for logical, resource in template["Resources"].items()
        },
        functions=stack.functions,
        invoke_configs=stack.invoke_configs,
        schedules=tuple(stack.schedules),
        streams=tuple(stack.streams),
        queues=tuple(stack.queues),
        routes=tuple(stack.routes),
        state_machines=stack.state_machines,
        recorded=tuple(stack.recorded),
    )


def _only_stack(assembly: Path) -> Path:
    templates = sorted(assembly.glob("*.template.json"))
    if len(templates) != 1:
        raise DeploymentError(f"{assembly} holds {len(templates)} stacks, not one")
    return templates[0]


def _refuse_unknown_types(template: Mapping[str, Any]) -> None:
    known = TYPES.keys() | parsing.get_model_map().keys()
    unknown = [
        f"{logical} ({resource['Type']})"
        for logical, resource in template["Resources"].items()
        if resource["Type"] not in known
    ]
    if unknown:
        raise UnsupportedResourceError(f"cannot create {', '.join(unknown)}")


def _bootstrap(template: Mapping[str, Any], client: Callable[[str], Any]) -> None:
    """Answer the template's question whether the account was bootstrapped for CDK."""
    for parameter in template.get("Parameters", {}).values():
        default = parameter.get("Default", "")
        if str(default).startswith("/cdk-bootstrap/"):
            client("ssm").put_parameter(Name=default, Value="999", Type="String", Overwrite=True)


def _upload(assets: Path, s3: Any, account: str, region: str) -> None:
    manifest = json.loads(assets.read_text(encoding="utf-8"))
    buckets: set[str] = set()
    for asset in manifest["files"].values():
        source = assets.parent / asset["source"]["path"]
        zipped = asset["source"]["packaging"] == "zip" and source.is_dir()
        body = _zip(source) if zipped else source.read_bytes()
        for destination in asset["destinations"].values():
            bucket, key = (
                destination[part]
                .replace("${AWS::AccountId}", account)
                .replace("${AWS::Region}", region)
                for part in ("bucketName", "objectKey")
            )
            if bucket not in buckets:
                _make_bucket(s3, bucket, region)
                buckets.add(bucket)
            s3.put_object(Bucket=bucket, Key=key, Body=body)


def _make_bucket(s3: Any, bucket: str, region: str) -> None:
    if region == "us-east-1":  # which S3 refuses as a location constraint
        s3.create_bucket(Bucket=bucket)
    else:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})


def _zip(folder: Path) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                file.write(path, path.relative_to(folder))
    return archive.getvalue()


def _create(name: str, template: Mapping[str, Any], account: str, region: str) -> Any:
    backend = cloudformation_backends[account][region]
    try:
        stack = backend.create_stack(name, json.dumps(template), parameters={})
    except (ClientError, LookupError, TypeError, ValueError) as error:
        raise DeploymentError(f"{name}: {error}") from error
    if stack.status != "CREATE_COMPLETE":
        raise DeploymentError(f"{name} is {stack.status}")
    return stack


@contextmanager
def _types_installed(stack: Stack) -> Iterator[None]:
    own = [
        ResourceType(name, create, stack, _NAME_PROPERTIES.get(name, ""))
        for name, create in TYPES.items()
    ]
    theirs = [
        model for model in parsing.get_model_list() if model.cloudformation_type() not in TYPES
    ]
    caches = (parsing.get_model_map, parsing.get_name_type_map)
    with replaced(parsing, "get_model_list", lambda: [*theirs, *own]):
        for cache in caches:
            cache.cache_clear()
        try:
            yield
        finally:
            for cache in caches:
                cache.cache_clear()
