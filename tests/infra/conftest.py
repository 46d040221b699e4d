import json
from pathlib import Path

import pytest


class Deployed:
    """A synthesized template, asked in the words of the system."""

    def __init__(self, template):
        self.resources = template["Resources"]
        self.outputs = template["Outputs"]

    def all(self, type_):
        """Logical id to properties."""
        return {
            id_: resource.get("Properties", {})
            for id_, resource in self.resources.items()
            if resource["Type"] == type_
        }

    def functions(self):
        """`verb_noun` to its Lambdas: one, or one more in each private network."""
        found = {}
        for id_, properties in self.all("AWS::Lambda::Function").items():
            found.setdefault(properties["Handler"].split(".")[1], {})[id_] = properties
        return found

    def allowed(self, name):
        """Action to the resources on which a function may do it, all its twins together."""
        roles = {f["Role"]["Fn::GetAtt"][0] for f in self.functions()[name].values()}
        allowed = {}
        for policy in self.all("AWS::IAM::Policy").values():
            if roles & {role["Ref"] for role in policy["Roles"]}:
                for statement in policy["PolicyDocument"]["Statement"]:
                    assert statement["Effect"] == "Allow"
                    for action in _listed(statement["Action"]):
                        allowed.setdefault(action, []).extend(_listed(statement["Resource"]))
        return allowed

    def schedules(self):
        """(verb_noun, input, cron) of every schedule."""
        name_of = {id_: name for name, ids in self.functions().items() for id_ in ids}
        return [
            (
                name_of[schedule["Target"]["Arn"]["Fn::GetAtt"][0]],
                json.loads(schedule["Target"]["Input"]),
                schedule["ScheduleExpression"],
            )
            for schedule in self.all("AWS::Scheduler::Schedule").values()
        ]

    def id_of(self, type_, part):
        """The only resource of that type with that word in its logical id."""
        [id_] = [id_ for id_ in self.all(type_) if part in id_]
        return id_


def _listed(value):
    return value if isinstance(value, list) else [value]


@pytest.fixture(scope="session")
def deployed(template):
    return Deployed(template)


@pytest.fixture(scope="session")
def smallest(synthesized_once):
    """No clusters, no spend, no Slack, and nothing to keep."""
    config = Path(__file__).with_name("smallest.yaml")
    output = synthesized_once("smallest", config, "--disposable")
    return Deployed(json.loads((output / "Bursar.template.json").read_text()))
