"""Step Functions: what a state machine does, by its ARN."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bursar.local.embedded.cloudformation_types.resources import Create, Created, Request
from bursar.local.embedded.workflows import check


def _state_machine(request: Request) -> Created:
    definition = json.loads(request.properties["DefinitionString"])
    check(request.logical_id, definition)
    name = request.properties.get("StateMachineName", request.name)
    arn = f"arn:aws:states:{request.stack.region}:{request.stack.account}:stateMachine:{name}"
    request.stack.state_machines[arn] = definition
    return Created(arn, {"Arn": arn, "Name": name})


TYPES: Mapping[str, Create] = {"AWS::StepFunctions::StateMachine": _state_machine}
