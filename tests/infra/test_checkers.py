"""What other people's checkers say about the template."""

import json

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs


def test_cfn_lint_finds_nothing(template):
    # W3005: CDK writes dependencies that CloudFormation would find itself
    found = lint(
        json.dumps(template),
        config=ManualArgs(regions=["eu-west-1"], ignore_checks=["W3005"]),
    )

    assert [str(each) for each in found] == []


@pytest.fixture(scope="module")
def checked(synthesize, tmp_path_factory, request):
    """The process that synthesizes the example once more, with every check on."""
    output = tmp_path_factory.mktemp("checked")
    run = synthesize(request.path.with_name("example.yaml"), output, BURSAR_VALIDATE="1")
    return run, output


def test_cdk_nag_finds_nothing_that_is_not_acknowledged(checked):
    run, _ = checked

    assert run.returncode == 0, run.stdout + run.stderr


def test_a_second_synthesis_with_checks_on_deploys_the_same(checked, template):
    _, output = checked

    assert json.loads((output / "Bursar.template.json").read_text()) == template
