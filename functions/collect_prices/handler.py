"""Every hour the spot prices, and twice a day the list prices: keep what changed."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.prices import PriceRun
from bursar.jobs.collect_prices import collect_prices
from bursar.settings import CollectPricesSettings
from bursar.wiring import Ports


@entrypoint(PriceRun.model_validate, CollectPricesSettings)
def handler(run: PriceRun, ports: Ports) -> dict[str, Any]:
    done = collect_prices(
        run,
        ports.config,
        prices=ports.prices,
        price_list=ports.price_list,
        spot_history=ports.spot_history,
        snapshots=ports.snapshots,
        outbox=ports.outbox,
        health=ports.health,
    )
    return {"part": run.part, "rows": done.rows, "changed": len(done.changed)}
