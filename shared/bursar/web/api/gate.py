"""`POST /v1/gate/jobs`: a machine asks whether a job may start, before it does."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call] # powertools has no hint here


@router.post("/v1/gate/jobs")
def post_jobs() -> Response[str]:
    """200 with the verdict, whatever it is. What an exception pays for is paid once."""
    # manifests and the gate are a tenth of what the API imports: its other callers do not wait
    from bursar.web.api.gated_jobs import judge

    return judge(router.current_event.raw_event, router.context["ports"], router.context["at"])
