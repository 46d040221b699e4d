"""`bursar local`: the whole guard on one machine, on the deployment template, with no account."""

from __future__ import annotations

import errno
import re
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number
from rich.console import Console

from bursar.cli.exits import Exit, leave
from bursar.config import Config
from bursar.config_file import ConfigError, read_config

app = App(name="local", help="Run the whole guard on this machine, with no AWS account.")
clock = App(name="clock", help="The simulated time of `bursar local serve`.")
app.command(clock)

SERVED_AT = "http://127.0.0.1:8787"
_BUILD = Path(".build/demo")
CONFIG = _BUILD / "bursar.yaml"
ASSEMBLY = _BUILD / "assembly"
Help = Parameter
BackfillDays = Annotated[
    int, Help(validator=Number(gte=1, lte=365), help="days before the template is deployed")
]
LiveHours = Annotated[
    int, Help(validator=Number(gte=1, lte=72), help="hours that its schedules then fire")
]
Port = Annotated[int, Help(validator=Number(gte=0, lte=65_535), help="0 for any that is free")]


@app.command
def prepare(config: Path = CONFIG) -> None:
    """Write the demo's bursar.yaml, with ports that are free; `make demo` begins with it."""
    from bursar.local.demo_config import write_demo_config

    write_demo_config(config)


@app.command
def demo(
    config: Path = CONFIG,
    assembly: Path = ASSEMBLY,
    output: Annotated[Path, Help(help="gets summary.json and report.html")] = Path("out/demo"),
    backfill_days: BackfillDays = 57,
    live_hours: LiveHours = 72,
    synth: Annotated[str, Help(help="a command that makes the assembly meanwhile")] = "",
) -> None:
    """Sixty days of a GenAI platform, the last three on the synthesized template."""
    settings = _read(config) if synth else _prepared(config, assembly)
    from bursar.local.past_parent import begin_parent
    from bursar.local.synthesis import SynthesisError, synthesizing

    making = synthesizing(shlex.split(synth)) if synth else nullcontext(lambda: None)
    tell = _progress()
    try:
        with _ended_in_order(), making as synthesized:
            begin_parent()  # it imports what the past needs while we import moto
            from bursar.cli.demo_views import print_demo, write_demo
            from bursar.local.demo import DemoLength, run_demo

            shutil.rmtree(output, ignore_errors=True)
            output.mkdir(parents=True)
            length = DemoLength(backfill_days, live_hours)
            result = run_demo(settings, assembly, output / "lambda", tell, length, synthesized)
    except SynthesisError as error:
        leave(Exit.WRONG_INPUT, [f"no template was synthesized: {error}"])
    write_demo(result, output)
    print_demo(result, output)


@app.command
def serve(
    port: Port = 8787,
    config: Path = CONFIG,
    assembly: Path = ASSEMBLY,
    work: Path = Path("out/serve"),
    backfill_days: BackfillDays = 57,
    live_hours: LiveHours = 72,
) -> None:
    """Keep the demo's guard running on a faster clock, with its report and API on a local port."""
    settings = _prepared(config, assembly)
    from bursar.cli.demo_views import pages
    from bursar.local.demo import DemoLength
    from bursar.local.http_server import listen
    from bursar.local.serve import serve_demo

    try:
        server = listen(port)
    except OSError as error:
        leave(Exit.WRONG_INPUT, [f"port {port}: {error.strerror or error}"])
    length = DemoLength(backfill_days, live_hours)
    with _ended_in_order(Exit.DONE):
        serve_demo(settings, assembly, work, server, pages, _progress(), length)


@app.command
def token(
    *,
    as_: Annotated[str, Help(name="--as", help="the email of an example person or machine")],
    account: str = "123456789012",
) -> None:
    """Print a bearer token for the API of `bursar local serve`."""
    from bursar.local.issuer import LocalIssuer, UnknownPersonError

    try:
        sys.stdout.write(LocalIssuer(account).token(as_) + "\n")
    except UnknownPersonError as error:
        leave(Exit.WRONG_INPUT, [str(error.args[0])])


@clock.command
def advance(
    by: Annotated[str, Help(help="how far: 72h, 90m or 3d")],
    *,
    url: Annotated[str, Help(help="where `bursar local serve` said it is ready")] = SERVED_AT,
) -> None:
    """Let simulated time pass at once, with all that is due in it."""
    from bursar.cli.api import call

    if not (said := re.fullmatch(r"(\d{1,4})([mhd])", by)):
        leave(Exit.WRONG_INPUT, [f"{by!r} is no time like 72h, 90m or 3d"])
    seconds = int(said[1]) * {"m": 60, "h": 3600, "d": 24 * 3600}[said[2]]
    body = {"advance_seconds": seconds}
    told = call(url, "POST", "/local/clock", as_="owner@example.com", body=body)
    sys.stdout.write(f"it is {told['now']}\n")


@contextmanager
def _ended_in_order(interrupted: int = 128 + signal.SIGINT) -> Iterator[None]:
    """Whoever ends us, by Ctrl-C or SIGTERM, ends everything that we started with us."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        sys.stdout.write("stopped\n")
        raise SystemExit(interrupted) from None
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        leave(Exit.WRONG_INPUT, ["a port of the demo's clusters is taken: run `make demo` anew"])


def _prepared(config: Path, assembly: Path) -> Config:
    if not (assembly / "manifest.json").exists() or not config.exists():
        leave(Exit.WRONG_INPUT, [f"{assembly} holds no synthesized template: run `make demo`"])
    return _read(config)


def _read(config: Path) -> Config:
    try:
        return read_config(config)
    except ConfigError as error:
        leave(Exit.WRONG_INPUT, error.problems)


def _progress() -> Callable[[str], None]:
    """One line a step, with the seconds since the start."""
    began = time.monotonic()
    console = Console(highlight=False)

    def tell(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.1f} s[/dim]  {text}")

    return tell
