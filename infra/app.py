"""`python -m infra.app --config bursar.yaml --output cdk.out` writes what `cdk deploy` deploys.

Read from the environment, here only: BURSAR_BUNDLE (`lambda`, or `host` for a guard that runs
on this machine), BURSAR_VALIDATE=1 (check the template and the rules of cdk-nag; seconds
slower), and CDK_OUTDIR, which the CDK's own command line sets.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from aws_cdk import App, Environment

from bursar.config import Config
from bursar.config_file import ConfigError, read_config
from infra.bundling import Target, bundle
from infra.stack import BursarStack


def main(arguments: Sequence[str] | None = None) -> None:
    asked = _parser().parse_args(arguments)
    try:
        config = read_config(asked.config)
    except ConfigError as error:  # said without a traceback
        raise SystemExit(str(error)) from None
    synthesize(
        config,
        asked.output,
        target=Target(os.environ.get("BURSAR_BUNDLE", Target.LAMBDA)),
        validate=os.environ.get("BURSAR_VALIDATE") == "1",
        retain_data=not asked.disposable,
        grant_cluster_access=not asked.without_cluster_access,
    )


def synthesize(
    config: Config,
    output: Path,
    *,
    target: Target,
    validate: bool = False,
    retain_data: bool = True,
    grant_cluster_access: bool = True,
) -> None:
    """Write the cloud assembly to `output`."""
    app = App(
        outdir=str(output),
        builtin_cloud_formation_validation=validate,
        analytics_reporting=False,
        stack_traces=False,
        tree_metadata=False,
        post_cli_context={
            "@aws-cdk/aws-iam:minimizePolicies": True,
            "@aws-cdk/core:enablePartitionLiterals": True,
            "@aws-cdk/core:target-partitions": ["aws"],
        },
    )
    stack = BursarStack(
        app,
        "Bursar",
        description="Bursar: a cost guard for GenAI on Amazon EKS",
        env=Environment(account=config.account, region=config.region),
        config=config,
        bundle=bundle(config, target),
        retain_data=retain_data,
        grant_cluster_access=grant_cluster_access,
    )
    if validate:
        from infra.acknowledgements import check  # here: loading cdk-nag takes a while

        check(app, stack)
    app.synth()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.app", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="bursar.yaml")
    parser.add_argument(
        "--output", type=Path, default=Path(os.environ.get("CDK_OUTDIR", "cdk.out"))
    )
    parser.add_argument(
        "--disposable", action="store_true", help="delete the data with the stack (for a trial)"
    )
    parser.add_argument(
        "--without-cluster-access",
        action="store_true",
        help="create no EKS access entries; make them yourself for the Role outputs",
    )
    return parser


if __name__ == "__main__":
    main()
