"""`bursar local serve`: the demo's guard goes on living, with its report and its API."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from shlex import quote

from bursar.config import Config
from bursar.domain.cost_report import CostReport
from bursar.local.clock_control import BeyondTheEndError, ClockControl
from bursar.local.demo import WHOLE, DemoLength, open_demo
from bursar.local.embedded.http_gateway import HttpAnswer, HttpGateway, HttpRequest
from bursar.local.http_server import NewestPages, Pages, answering, handler
from bursar.local.issuer import LocalIssuer
from bursar.local.pace import Pace
from bursar.local.sign_in import LocalSignIn
from bursar.settings import TIME_FILE

ENVIRONMENT, TIME = "aws.env", "now"
_STEP = timedelta(hours=1)  # of the simulated clock
_GOES_ON = timedelta(days=6)  # the scenario reaches a week beyond its end
_CAN_BE_ADVANCED = timedelta(days=90)  # its Jobs and autoscaling have ended then, and most pods

Render = Callable[[CostReport], Pages]


def serve_demo(
    config: Config,
    assembly: Path,
    work: Path,
    server: ThreadingHTTPServer,
    render: Render,
    tell: Callable[[str], None],
    length: DemoLength = WHOLE,
) -> None:
    """Run until interrupted. Prints `ready URL` on a line of its own once the page is there."""
    one_at_a_time = threading.Lock()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        with open_demo(config, assembly, work, tell, length, url) as demo:
            demo.go_on(demo.now + length.live, tell)
            write_time(demo.now, work)
            pages = NewestPages()
            pages.put(render(demo.report()))
            issuer = LocalIssuer(config.account)
            end = demo.scenario.end + _GOES_ON
            last = demo.scenario.end + _CAN_BE_ADVANCED

            def advance(by: timedelta) -> datetime:
                if demo.now + by > last:
                    raise BeyondTheEndError(f"the scenario ends at {last.isoformat()}")
                demo.go_on(demo.now + by, tell)
                write_time(demo.now, work)
                pages.put(render(demo.report()))
                return demo.now

            gateway = HttpGateway(demo.guard.cloud, issuer.authorize)
            clock = ClockControl(issuer, advance)
            sign_in = LocalSignIn(issuer, url)
            answer = answering(pages, gateway, clock, sign_in, one_at_a_time)
            pace = Pace()

            def answer_meanwhile(request: HttpRequest) -> HttpAnswer:
                pace.asked()
                try:
                    return answer(request)
                finally:
                    pace.asked()

            server.RequestHandlerClass = handler(answer_meanwhile)
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            tell(f"ask for an approval, and sign it, at {url}/exceptions")
            shell = write_environment(demo.guard.cloud.environment, work)
            tell(f"commands that ask AWS ask this one, at its time, after: . {shell}")
            sys.stdout.write(f"ready {url}\n")
            sys.stdout.flush()
            while demo.now < end:
                pace.wait()
                with one_at_a_time:
                    if demo.now < end:  # somebody may have advanced it meanwhile
                        advance(min(_STEP, end - demo.now))
            tell("time stands still until you advance it; this answers until you stop it")
            thread.join()
    finally:
        server.server_close()


def write_environment(aws: Mapping[str, str], work: Path) -> Path:
    """Write what a shell needs so that the AWS it asks, and its time, are the embedded ones."""
    path = work / ENVIRONMENT
    variables = {**aws, TIME_FILE: str((work / TIME).resolve())}
    path.write_text("".join(f"export {name}={quote(text)}\n" for name, text in variables.items()))
    return path


def write_time(now: datetime, work: Path) -> None:
    """Tell commands up to when the guard has lived; whoever reads meanwhile reads all of it."""
    written = work / f"{TIME}.new"
    written.write_text(f"{now.isoformat()}\n")
    written.replace(work / TIME)
