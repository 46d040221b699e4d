"""`make bench`: every benchmark in one run, each beside its peer; writes nothing but to stdout.

    python -m benchmarks.run [--quick]

Ratios are what counts: both sides of each ran on the same machine within minutes. `--quick`
lists a tenth of the nodes and a fifteenth of the pods, where the interpreter's start weighs
more, so its ratios are lower.
"""

from __future__ import annotations

import argparse
import os
import platform
from typing import Any

from benchmarks import admission, cluster_listing, handler_init, ingest, usage_cost

QUICK: dict[str, Any] = {"nodes": 500, "pods": 10_000}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smaller cluster, fewer repeats")
    quick = parser.parse_args().quick
    print(
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()},"
        f" {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n",
        flush=True,
    )
    listing = cluster_listing.measure(**QUICK) if quick else cluster_listing.measure()
    _print("Listing and pricing a cluster", cluster_listing.table(listing))
    init = handler_init.measure(runs=3) if quick else handler_init.measure()
    _print("A handler's cold start, in CPU time", handler_init.table(init))
    usage = usage_cost.measure(records=300_000, runs=1) if quick else usage_cost.measure()
    _print("Costing usage records", usage_cost.table(usage))
    taken = ingest.measure(records=10_000, runs=1) if quick else ingest.measure()
    _print("Taking usage in, beside json.loads", ingest.table(taken))
    held = admission.measure(rounds=3) if quick else admission.measure()
    _print("A reservation over three budgets, beside its transaction", admission.table(held))


def _print(title: str, lines: list[str]) -> None:
    print(title, "-" * len(title), *lines, "", sep="\n", flush=True)


if __name__ == "__main__":
    main()
