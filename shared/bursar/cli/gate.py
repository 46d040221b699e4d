"""`bursar gate job`: what a job will cost before it runs, and whether it may."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from cyclopts import App, Parameter

from bursar.adapters.csv_prices import CsvPriceBook, CsvPricesError
from bursar.adapters.dynamodb.governance.exceptions import DynamoExceptions
from bursar.adapters.dynamodb.governance.job_approvals import DynamoJobApprovals
from bursar.adapters.ec2_api import Ec2InstanceTypes
from bursar.adapters.job_manifests.files import read_documents, read_job_file
from bursar.adapters.job_manifests.reading import ManifestError
from bursar.adapters.published_instance_types import PublishedInstanceTypes
from bursar.adapters.region_prices import RegionPrices
from bursar.cli import clock
from bursar.cli.api import LOCAL_URL, call
from bursar.cli.deployed import UNANSWERED, deployed_table, leave_unanswered
from bursar.cli.exits import Exit, leave, warn
from bursar.cli.gate_views import print_json, print_table
from bursar.config import Config
from bursar.config.fields import REGION_PATTERN
from bursar.config_file import ConfigError, read_config
from bursar.domain.gate.jobs import DurationError
from bursar.domain.gate.pricing import Terms
from bursar.domain.gate.verdicts import GateVerdict
from bursar.domain.governance.policies import DEFAULT_POLICIES
from bursar.domain.governance.refusals import InvalidRequestError
from bursar.domain.governance.teams import Team
from bursar.domain.instance_types import InstanceType
from bursar.domain.price_list_errors import PriceListError
from bursar.domain.scopes import ScopeError
from bursar.jobs.gate_job import Exceptions, Submission, gate_job, scope_of
from bursar.ports import PriceBook
from bursar.web import gate_answers

NOT_APPROVED = 3
_ANY_REGION = "us-east-1"  # a price file is of the region that is meant
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?", re.ASCII)

app = App(name="gate", help="Ask before spending: what it will cost, and whether it may.")
Help = Parameter


@app.command
def job(
    manifest: Path,
    *,
    hours: Annotated[
        str | None, Help(help="how long each job runs, from its first pod to its last")
    ] = None,
    config: Annotated[
        Path | None, Help(help="bursar.yaml with the policies; default: Bursar's own")
    ] = None,
    prices: Annotated[Path | None, Help(help="CSV instance_type,usd_per_hour")] = None,
    region: Annotated[str | None, Help(help="default: that of bursar.yaml or AWS_REGION")] = None,
    namespace: Annotated[str | None, Help(help="of jobs that name none")] = None,
    cluster: Annotated[
        str | None, Help(help="where it will run; exceptions of one cluster pay for no other")
    ] = None,
    spot_share: Annotated[str, Help(help="what part of the nodes is on spot, 0 to 1")] = "0",
    stack: Annotated[
        str | None, Help(help="the deployed Bursar whose approved exceptions are used")
    ] = None,
    table: Annotated[str | None, Help(help="its table, instead of --stack")] = None,
    pages: Annotated[str, Help(help="where its pages are, for the request link")] = "",
    as_: Annotated[
        str | None,
        Help(name="--as", help="ask the gate of `bursar local serve`, as gateway@example.com"),
    ] = None,
    url: Annotated[str, Help(help="where it said that it is ready")] = LOCAL_URL,
    as_json: Annotated[
        bool, Help(name="--json", negative="", help="print JSON; amounts are strings")
    ] = False,
) -> None:
    """Price a Kubernetes Job, PyTorchJob or Kueue Workload, and judge it by the policies.

    Several documents are judged by their sum. Exit code 0: approved. 2: the input is wrong, or
    nobody says how long it runs. 3: it needs an approval, is denied, or cannot be priced.
    """
    if as_ is not None:
        asked = {"hours": hours, "namespace": namespace, "cluster": cluster, "region": region}
        told = {name: value for name, value in asked.items() if value is not None}
        body = {"manifest": _documents(manifest), "spot_share": spot_share, **told}
        answer = call(url, "POST", "/v1/gate/jobs", as_=as_, body=body)
        _tell(answer, [], as_json=as_json)
        return
    try:
        terms_share = _share(spot_share)
        given_hours = None if hours is None else _hours(hours)
        settings = read_config(config) if config else None
        where = _region(region, settings, offline=prices is not None)
        jobs = read_job_file(manifest, namespace)
        submission = Submission(
            jobs=jobs,
            terms=Terms(where, terms_share),
            scope=scope_of(jobs, *_scoping(settings), cluster),
            hours=given_hours,
            pages=pages,
        )
        book: PriceBook = CsvPriceBook(prices, where) if prices else RegionPrices(where)
    except (ConfigError, ManifestError) as error:
        leave(Exit.WRONG_INPUT, error.problems)
    except OSError as error:
        leave(Exit.WRONG_INPUT, [f"{error.filename}: {error.strerror}"])
    except (CsvPricesError, OptionError, ScopeError, InvalidRequestError) as error:
        leave(Exit.WRONG_INPUT, [str(error)])
    try:
        judged = gate_job(
            submission,
            clock.now(),
            policies=settings.governance.policies if settings else DEFAULT_POLICIES,
            catalogue=PublishedInstanceTypes() if prices else _LiveTypes(where),
            prices=book,
            exceptions=_exceptions(stack, table, settings.region if settings else where),
        )
    except DurationError as error:
        leave(Exit.WRONG_INPUT, [str(error)])
    except PriceListError as error:
        leave(Exit.NO_PRICE, [str(error)])
    except UNANSWERED as error:
        leave_unanswered(error, stack or "")
    notes = book.problems if isinstance(book, RegionPrices) else []
    _tell(gate_answers.as_json(judged), notes, as_json=as_json)


def _tell(answer: Mapping[str, Any], notes: Sequence[str], *, as_json: bool) -> None:
    show = print_json if as_json else print_table
    show(answer)
    verdict = answer["verdict"]
    if verdict != GateVerdict.APPROVED:
        leave(NOT_APPROVED, [*notes, f"{verdict.replace('_', ' ')}: {answer['reason']}"])
    warn(notes)


def _documents(manifest: Path) -> list[Any]:
    """As they are sent: times that YAML has read are text again."""
    try:
        found = [each for each in read_documents(manifest) if each is not None]
    except ManifestError as error:
        leave(Exit.WRONG_INPUT, error.problems)
    documents: list[Any] = json.loads(json.dumps(found, default=str))
    return documents


class OptionError(ValueError):
    """An option is not what it should be."""


def _hours(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise OptionError(f"--hours {text!r} is no number of hours, such as 24 or 0.5")
    return Decimal(text)


def _share(text: str) -> Fraction:
    if not _NUMBER.fullmatch(text) or not 0 <= (share := Fraction(text)) <= 1:
        raise OptionError(f"--spot-share {text!r} is no share, from 0 to 1")
    return share


def _region(named: str | None, settings: Config | None, *, offline: bool) -> str:
    region = named or (settings.region if settings else None)
    region = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region is None and offline:
        region = _ANY_REGION
    if region is None or not re.fullmatch(REGION_PATTERN, region):
        raise OptionError(f"--region {region or ''!r} is not a region, such as eu-west-1")
    return region


def _scoping(settings: Config | None) -> tuple[str | None, Sequence[Team]]:
    return (settings.organisation, settings.governance.teams) if settings else (None, ())


class _LiveTypes:
    """What EC2 says; what AWS publishes where EC2 cannot be asked."""

    def __init__(self, region: str) -> None:
        self._region = region

    def describe(self, names: Collection[str] = ()) -> Mapping[str, InstanceType]:
        try:
            client = boto3.client("ec2", region_name=self._region)
            return Ec2InstanceTypes(client).describe(names)
        except (BotoCoreError, ClientError) as error:
            warn([f"EC2 cannot say what its types hold, so published sizes hold: {error}"])
            return PublishedInstanceTypes().describe(names)


def _exceptions(stack: str | None, table: str | None, region: str) -> Exceptions | None:
    if stack is None and table is None:
        return None
    found = deployed_table(table, stack or "", region)
    store = DynamoExceptions(found)
    return Exceptions(store, store, DynamoJobApprovals(found))
