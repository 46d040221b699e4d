"""Read an hour of Bedrock's own metrics: the tokens of each model, and what was bought ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from bursar.domain.ledger.entries import Entry
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.usage.producers import TenantRefusedError
from bursar.domain.usage.provisioned import provisioned_entry, provisioned_record
from bursar.domain.usage.records import UsageRecord, UsageRecordError
from bursar.domain.usage.rejections import Rejection
from bursar.jobs.ingest_usage import Ingested
from bursar.jobs.take_usage import NotAllPostedError, UsageIntake
from bursar.ports import BedrockMeter

UnitPrice = Callable[[str, str], Money | None]  # of a foundation model and a commitment


def collect_bedrock_usage(
    hour: Window,
    *,
    meter: BedrockMeter,
    unit_price: UnitPrice,
    intake: UsageIntake,
    at: datetime,
) -> Ingested:
    """Collect one UTC hour that is over. Collected again it gives the same entries.

    Provisioned throughput is a fee of its hour. One without a price is posted as unpriced,
    which makes the statement an estimate, and is listed among what was rejected.

    Raises:
        NotAllPostedError: the ledger was too busy: collect the hour again.
    """
    fees: list[Entry] = []
    paid: list[UsageRecord] = []

    def told() -> Iterator[UsageRecord | Rejection]:
        yield from meter.records(hour, intake.producer)
        for each in meter.provisioned(hour):
            try:
                record = provisioned_record(each, intake.producer)
            except (UsageRecordError, TenantRefusedError) as error:
                yield Rejection(each.name, str(error))
                continue
            price = unit_price(each.model, each.commitment)
            fees.append(provisioned_entry(record, each, price))
            paid.append(record)
            if price is None:
                bought = f"{each.model_units} provisioned units of {each.model}"
                yield Rejection(each.name, f"{bought} have no price in usage.provisioned")

    name = f"{intake.producer.name}/{hour.start:%Y-%m-%dT%H}"
    done = intake.take_collected(name, told(), at)
    if fees:
        intake.archive.put(paid, at)
        became = intake.post_entries(fees, at)
        if became.busy or became.too_large:
            raise NotAllPostedError(name)
    return done
