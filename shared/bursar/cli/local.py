"""`bursar local`: the whole guard on one machine, on the deployment template, with no account."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from bursar.cli.exits import Exit, leave
from bursar.config import Config

app = App(name="local", help="Run the whole guard on this machine, with no AWS account.")

_BUILD = Path(".build/demo")
CONFIG = _BUILD / "bursar.yaml"
ASSEMBLY = _BUILD / "assembly"
Help = Parameter


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
) -> None:
    """Sixty days of a GenAI platform, the last three on the synthesized template."""
    from bursar.cli.demo_views import print_demo, write_demo
    from bursar.local.demo import run_demo

    settings = _prepared(config, assembly)
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    result = run_demo(settings, assembly, output / "lambda", _progress())
    write_demo(result, output)
    print_demo(result, output)


@app.command
def serve(
    port: int = 8787,
    config: Path = CONFIG,
    assembly: Path = ASSEMBLY,
    work: Path = Path("out/serve"),
) -> None:
    """Keep the demo's guard running on a faster clock, and its report on a local port."""
    from bursar.cli.demo_views import pages
    from bursar.local.serve import serve_demo

    settings = _prepared(config, assembly)
    try:
        serve_demo(settings, assembly, work, port, pages, _progress())
    except OSError as error:
        leave(Exit.WRONG_INPUT, [f"port {port}: {error.strerror or error}"])
    except KeyboardInterrupt:
        sys.stdout.write("stopped\n")


def _prepared(config: Path, assembly: Path) -> Config:
    from bursar.local.demo_config import read_demo_config

    if not (assembly / "manifest.json").exists() or not config.exists():
        leave(Exit.WRONG_INPUT, [f"{assembly} holds no synthesized template: run `make demo`"])
    return read_demo_config(config)


def _progress() -> Callable[[str], None]:
    """One line a step, with the seconds since the start."""
    began = time.monotonic()
    console = Console(highlight=False)

    def tell(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.1f} s[/dim]  {text}")

    return tell
