"""Jobs as they are handed to the gate, and its answer."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel, ConfigDict, Field

from bursar.adapters.job_manifests.models import NAMESPACE
from bursar.adapters.job_manifests.reading import ManifestError, read_jobs
from bursar.domain.gate.jobs import LONGEST_HOURS, DurationError
from bursar.domain.gate.pricing import Terms
from bursar.domain.governance.refusals import InvalidRequestError
from bursar.domain.scopes import ScopeError
from bursar.jobs.gate_job import Submission, gate_job, scope_of
from bursar.web.api.bodies import read_json
from bursar.web.api.callers import signing_producer
from bursar.web.api.problems import ProblemError, answer_json
from bursar.web.gate_answers import as_json
from bursar.wiring import Ports

Hours = Annotated[Decimal, Field(gt=0, le=LONGEST_HOURS, max_digits=24, allow_inf_nan=False)]
Share = Annotated[Decimal, Field(ge=0, le=1, max_digits=24, allow_inf_nan=False)]


class GatedJobs(BaseModel):
    """A manifest, or several that are handed in together; `hours` is how long each runs.

    Exceptions of one cluster pay for jobs of that `cluster` alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    manifest: dict[str, Any] | list[dict[str, Any]]
    hours: Hours | None = None
    namespace: str | None = Field(default=None, pattern=NAMESPACE)
    cluster: str | None = None
    region: str | None = None
    spot_share: Share = Decimal(0)


def judge(event: dict[str, Any], ports: Ports, at: datetime) -> Response[str]:
    """The verdict on the jobs of a request.

    Raises:
        ProblemError: nobody signed it, or no verdict can be given on what it hands in.
    """
    producer = signing_producer(ports, event)
    body = read_json(event, GatedJobs)
    config = ports.config
    region = body.region or config.region
    if region not in config.price_regions:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "region: no prices are kept of this region"
        )
    if body.cluster not in (None, *(each.name for each in config.clusters)):
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "cluster: no cluster of this name is configured"
        )
    told = body.manifest if isinstance(body.manifest, list) else [body.manifest]
    try:
        jobs = read_jobs(told, body.namespace)
        submission = Submission(
            jobs=jobs,
            terms=Terms(region, Fraction(body.spot_share)),
            scope=scope_of(jobs, config.organisation, config.governance.teams, body.cluster),
            hours=body.hours,
            actor=producer.name,
            pages=ports.pages_url,
        )
        answer = gate_job(
            submission,
            at,
            policies=config.governance.policies,
            catalogue=ports.instance_types,
            prices=ports.prices,
            exceptions=ports.gate_exceptions,
        )
    except ManifestError as error:
        told_problems = "; ".join(error.problems)
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, told_problems) from None
    except (DurationError, InvalidRequestError, ScopeError) as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
    return answer_json(HTTPStatus.OK, as_json(answer))
