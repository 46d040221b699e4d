"""What other people's checkers say about the template."""

import json

from cfnlint.api import lint
from cfnlint.config import ManualArgs


def test_cfn_lint_finds_nothing(template):
    # W3005: CDK writes dependencies that CloudFormation would find itself
    found = lint(
        json.dumps(template),
        config=ManualArgs(regions=["eu-west-1"], ignore_checks=["W3005"]),
    )

    assert [str(each) for each in found] == []


def test_cdk_nag_finds_nothing_that_is_not_acknowledged(synthesize, tmp_path, request):
    example = request.path.with_name("example.yaml")

    run = synthesize(example, tmp_path / "out", BURSAR_VALIDATE="1")

    assert run.returncode == 0, run.stdout + run.stderr
