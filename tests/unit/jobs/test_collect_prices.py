"""Keeping the price book: what is recorded, told, and said of each source's health."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.clusters import MemorySnapshotStore
from bursar.adapters.memory.ec2 import MemorySpotHistory
from bursar.adapters.memory.notices import MemoryHealthLog
from bursar.adapters.memory.prices import MemoryPriceList, MemoryPriceStore
from bursar.config import Config
from bursar.config.bursar_yaml import validated
from bursar.domain.cluster.records import CapacityType, ClusterSnapshot, Inventory, Node
from bursar.domain.money import Money
from bursar.domain.price_list_errors import PriceListError
from bursar.domain.prices import PriceRow, control_plane, on_demand, spot
from bursar.domain.quality import Quality
from bursar.domain.spot import SpotPoint
from bursar.events.prices import PriceBookPart, PriceRun
from bursar.jobs.collect_prices import CollectedPrices, PricesNotCollectedError, collect_prices

NOW = datetime(2025, 6, 23, 6, tzinfo=UTC)
MAY = datetime(2025, 5, 1, tzinfo=UTC)
JUNE = datetime(2025, 6, 1, tzinfo=UTC)
VIRGINIA, IRELAND = "us-east-1", "eu-west-1"
P5, P4D = on_demand(VIRGINIA, "p5.48xlarge"), on_demand(VIRGINIA, "p4d.24xlarge")


def config(**prices: Any) -> Config:
    return validated(
        {
            "version": 1,
            "organisation": "acme",
            "account": "111122223333",
            "region": VIRGINIA,
            "clusters": [{"name": "prod", "region": IRELAND, "endpoint": "https://prod.example"}],
            "notifications": {"catch_all": ["ops@example.com"]},
            "prices": prices,
        }
    )


def row(key: Any, usd: str, since: datetime = MAY) -> PriceRow:
    return PriceRow(
        key=key, usd=Money.of(usd), unit="hour", source="AWS Price List", effective_from=since
    )


LIST = [
    row(P5, "98.32"),
    row(P4D, "32.7726"),
    row(control_plane(VIRGINIA), "0.1"),
    row(on_demand(IRELAND, "m5.large"), "0.107"),
]
CHEAPER = [row(P5, "55.04", JUNE), row(P4D, "21.957642", JUNE), *LIST[2:]]


class Book:
    """The job with everything it needs, in memory."""

    def __init__(self) -> None:
        self.prices = MemoryPriceStore()
        self.outbox = MemoryOutbox()
        self.health = MemoryHealthLog()
        self.snapshots = MemorySnapshotStore()
        self.spot_points: list[SpotPoint] = []

    def collect(
        self,
        rows: list[PriceRow] | MemoryPriceList = LIST,
        settings: Config | None = None,
        at: datetime = NOW,
        part: PriceBookPart = PriceBookPart.LIST,
    ) -> CollectedPrices:
        return collect_prices(
            PriceRun(scheduled_at=at, part=part),
            settings or config(),
            prices=self.prices,
            price_list=rows if isinstance(rows, MemoryPriceList) else MemoryPriceList(rows),
            spot_history=MemorySpotHistory(self.spot_points),
            snapshots=self.snapshots,
            outbox=self.outbox,
            health=self.health,
        )

    def usd(self, key: Any, at: datetime = NOW) -> str:
        return self.prices.prices_at([key], at)[key].usd.plain()


@pytest.fixture
def book() -> Book:
    return Book()


def test_the_list_of_every_region_in_use_is_recorded(book: Book) -> None:
    done = book.collect()
    assert (done.rows, done.changed) == (4, ())
    assert book.usd(P5) == "98.32"
    assert [(seen.source, seen.quality, seen.good_at) for seen in book.health.all()] == [
        ("prices/eu-west-1", Quality.FINAL, NOW),
        ("prices/us-east-1", Quality.FINAL, NOW),
    ]


def test_first_prices_are_no_news(book: Book) -> None:
    book.collect()
    assert book.outbox.all() == []


def test_changed_prices_are_told_in_one_message(book: Book) -> None:
    book.collect(at=MAY)
    done = book.collect(CHEAPER)
    assert [str(change) for change in done.changed] == [
        "p5.48xlarge 98.32 -> 55.04 on 2025-06-01",
        "p4d.24xlarge 32.7726 -> 21.957642 on 2025-06-01",
    ]
    (posted,) = book.outbox.all()
    alert = posted.alert
    assert alert.title == (
        "p5.48xlarge in us-east-1 98.32 -> 55.04 USD an hour, and 1 more prices changed"
    )
    assert [driver.amount.plain() for driver in alert.drivers] == [
        "-43.28",  # 55.04 - 98.32
        "-10.814958",  # 21.957642 - 32.7726
    ]
    assert (alert.severity, alert.since, alert.data_as_of) == ("info", JUNE, NOW)


def test_a_repeated_run_tells_nothing_twice(book: Book) -> None:
    book.collect(at=MAY)
    for _ in range(2):
        book.collect(CHEAPER)
    assert len(book.outbox.all()) == 1


def test_a_run_that_died_before_it_recorded_still_tells_once(book: Book) -> None:
    book.collect(at=MAY)
    alive = book.prices

    class Dying(MemoryPriceStore):
        def prices_at(self, keys: Any, at: datetime) -> Any:
            return alive.prices_at(keys, at)

        def record(self, rows: Any) -> Any:
            if list(rows):
                raise ConnectionError("gone")
            return []

    book.prices = Dying()
    with pytest.raises(ConnectionError):
        book.collect(CHEAPER)
    book.prices = alive
    assert len(book.collect(CHEAPER).changed) == 2
    assert len(book.outbox.all()) == 1


def test_a_change_of_something_else_than_an_instance_is_kept_but_not_told(book: Book) -> None:
    book.collect(at=MAY)
    done = book.collect([*LIST[:2], row(control_plane(VIRGINIA), "0.2", JUNE), LIST[3]])
    assert (len(done.changed), book.outbox.all()) == (1, [])


def test_a_list_is_read_again_when_it_is_half_a_day_old(book: Book) -> None:
    first = datetime(2025, 6, 22, 18, 3, tzinfo=UTC)
    assert book.collect(at=first).rows == len(LIST)  # never read before
    assert book.collect(CHEAPER, at=first + timedelta(hours=11)).rows == 0
    assert len(book.collect(CHEAPER, at=first + timedelta(hours=12)).changed) == 2


def test_a_list_that_could_not_be_read_is_tried_again_at_the_next_hour(book: Book) -> None:
    book.collect(at=MAY)
    nothing = MemoryPriceList([])
    nothing.rows = _refused  # type: ignore[method-assign]
    with pytest.raises(PricesNotCollectedError):
        book.collect(nothing)
    assert book.collect(at=NOW + timedelta(hours=1)).rows == len(LIST)


def _refused(region: str, at: datetime) -> Any:
    raise PriceListError(f"{region} does not answer")


MANUAL = {
    "instance_type": "p5.48xlarge",
    "region": VIRGINIA,
    "usd_per_hour": "40",
    "effective_from": "2025-04-01T00:00:00Z",
    "author": "ana",
    "reason": "private offer",
}


def test_a_persons_price_stands_in_the_place_of_the_lists(book: Book) -> None:
    book.collect(settings=config(manual=[MANUAL]))
    found = book.prices.prices_at([P5], NOW)[P5]
    assert (found.usd.plain(), found.source, found.author) == ("40", "manual", "ana")
    assert book.usd(P4D) == "32.7726"


def test_the_list_returns_when_the_persons_price_is_taken_out(book: Book) -> None:
    book.collect(at=MAY)
    book.collect(settings=config(manual=[MANUAL]))
    assert book.usd(P5, NOW - timedelta(seconds=1)) == "98.32"  # what was in force stays so
    assert book.usd(P5, NOW) == "40"
    tomorrow = NOW + timedelta(days=1)
    book.collect(at=tomorrow)
    assert (book.usd(P5, NOW), book.usd(P5, tomorrow)) == ("40", "98.32")


def test_a_persons_price_waits_for_its_date(book: Book) -> None:
    later = {**MANUAL, "effective_from": "2025-07-01T00:00:00Z"}
    book.collect(settings=config(manual=[later]))
    assert book.usd(P5) == "98.32"
    book.collect(settings=config(manual=[MANUAL, later]), at=datetime(2025, 7, 2, tzinfo=UTC))
    assert book.usd(P5, datetime(2025, 7, 1, tzinfo=UTC)) == "40"


@pytest.mark.parametrize(
    ("usd", "alone"),
    [("294.96", True), ("294.97", False), ("32.78", True), ("32.77", False)],  # 98.32 x 3, / 3
)
def test_beyond_a_factor_of_three_a_persons_price_waits_for_a_second_person(
    usd: str, alone: bool, book: Book
) -> None:
    price = {**MANUAL, "usd_per_hour": usd}
    done = book.collect(settings=config(manual=[price]), at=MAY)
    assert book.usd(P5, MAY) == (usd if alone else "98.32")
    told = f"p5.48xlarge 98.32 -> {usd} by ana is a change beyond x3"
    assert [each.startswith(told) for each in done.unconfirmed] == [True] * (not alone)
    listed = next(each for each in book.health.all() if each.source == f"prices/{VIRGINIA}")
    assert ("approved_by" in listed.detail) is not alone
    signed = config(manual=[price | {"approved_by": "bo"}])
    assert book.collect(settings=signed, at=NOW).unconfirmed == ()
    assert book.usd(P5) == usd


@pytest.mark.parametrize("second", ["ana", " Ana "])
def test_nobody_is_their_own_second_person(second: str) -> None:
    with pytest.raises(ValueError, match="another person than the author"):
        config(manual=[MANUAL | {"approved_by": second}])


class HalfDeadList(MemoryPriceList):
    """Ireland cannot be read."""

    def rows(self, region: str, at: datetime) -> Iterator[PriceRow]:
        if region == IRELAND:
            raise PriceListError("not today")
        yield from super().rows(region, at)


def test_a_region_that_cannot_be_read_does_not_stop_the_others(book: Book) -> None:
    book.collect(at=MAY)
    with pytest.raises(PricesNotCollectedError, match="eu-west-1: not today"):
        book.collect(HalfDeadList(CHEAPER))
    assert book.usd(P5) == "55.04"
    ireland, virginia = book.health.all()
    assert (ireland.quality, ireland.good_at, ireland.detail) == (
        Quality.UNKNOWN,
        MAY,
        "not today",
    )
    assert (virginia.quality, virginia.good_at) == (Quality.FINAL, NOW)


def test_what_has_no_price_is_named_in_the_sources_health(book: Book) -> None:
    gaps = MemoryPriceList(LIST)
    gaps.unmatched = ["AmazonSageMaker eu-west-1 Cluster"]
    done = book.collect(gaps)
    assert "AmazonSageMaker eu-west-1 Cluster" in done.unpriced
    assert "not priced: AmazonSageMaker" in book.health.all()[0].detail


# --- spot -------------------------------------------------------------------------------------

HALF_PAST = datetime(2025, 6, 23, 6, 30, tzinfo=UTC)
FIVE = datetime(2025, 6, 23, 5, tzinfo=UTC)


def node(name: str, zone: str, capacity: CapacityType = CapacityType.SPOT) -> Node:
    return Node(name, "g5.xlarge", zone, capacity, 4_000, 2**34, {}, None)


def see(book: Book, *nodes: Node, minutes: int = 85) -> None:
    seen = int((FIVE + timedelta(minutes=minutes)).timestamp())
    inventory = Inventory(nodes, (), (), "1.33", True)
    book.snapshots.put(ClusterSnapshot("prod", seen, 300, inventory, ()))


def point(zone: str, minutes: int, usd: str) -> SpotPoint:
    return SpotPoint("g5.xlarge", zone, FIVE + timedelta(minutes=minutes), Money.of(usd))


def test_the_last_hours_spot_price_is_averaged_over_the_time_it_held(book: Book) -> None:
    see(book, node("a", "eu-west-1a"), node("b", "eu-west-1b", CapacityType.ON_DEMAND))
    book.spot_points = [
        point("eu-west-1a", -600, "0.40"),  # in force at 5:00
        point("eu-west-1a", 15, "0.60"),
        point("eu-west-1b", -600, "9"),  # nobody runs spot there
    ]
    done = book.collect(at=HALF_PAST, part=PriceBookPart.SPOT)
    key = spot(IRELAND, "g5.xlarge", "eu-west-1a")
    found = book.prices.prices_at([key], FIVE)[key]
    assert found.usd == Money.of("0.55")  # (15 x 0.40 + 45 x 0.60) / 60
    assert (found.effective_from, done.rows) == (FIVE, 2)  # and that of the hour before
    assert [seen.source for seen in book.health.all()] == ["prices/eu-west-1/spot"]


def test_a_node_that_went_before_the_hour_ended_has_that_hours_price(book: Book) -> None:
    see(book, node("a", "eu-west-1a"), minutes=10)
    see(book, minutes=55)  # gone at 5:55, and at every look since
    see(book)
    book.spot_points = [point("eu-west-1a", -600, "0.40"), point("eu-west-1a", 0, "0.60")]
    book.collect(at=FIVE + timedelta(minutes=69), part=PriceBookPart.SPOT)
    assert book.usd(spot(IRELAND, "g5.xlarge", "eu-west-1a"), FIVE) == "0.6"


def test_a_node_of_long_ago_is_not_asked_about(book: Book) -> None:
    see(book, node("a", "eu-west-1a"), minutes=-15)  # two looks before 5:00 are 4:50 and 4:55
    see(book)
    assert book.collect(at=HALF_PAST, part=PriceBookPart.SPOT).unpriced == ()


def test_a_node_that_joined_late_has_the_price_of_the_hour_it_started_in(book: Book) -> None:
    key, hour = spot(IRELAND, "g5.xlarge", "eu-west-1a"), timedelta(hours=1)
    book.spot_points = [point("eu-west-1a", -600, "0.40"), point("eu-west-1a", 60, "0.60")]
    see(book, minutes=5)
    book.collect(at=FIVE + timedelta(minutes=69), part=PriceBookPart.SPOT)
    see(book, node("a", "eu-west-1a"), minutes=70)  # EC2 started it at 5:59, it joined at 6:10
    done = book.collect(at=FIVE + timedelta(minutes=129), part=PriceBookPart.SPOT)
    assert (done.rows, book.usd(key, FIVE), book.usd(key, FIVE + hour)) == (2, "0.4", "0.6")
    again = book.collect(at=FIVE + timedelta(minutes=129), part=PriceBookPart.SPOT)
    assert (again.changed, len(book.prices.history(key))) == ((), 2)


def test_a_spot_node_without_a_known_price_is_named(book: Book) -> None:
    see(book, node("a", "eu-west-1a"))
    done = book.collect(at=HALF_PAST, part=PriceBookPart.SPOT)
    assert (done.rows, done.unpriced) == (0, ("AmazonEC2Spot eu-west-1 g5.xlarge@eu-west-1a",))


def test_without_spot_nodes_nothing_is_asked_or_said(book: Book) -> None:
    see(book, node("a", "eu-west-1a", CapacityType.ON_DEMAND))
    assert book.collect(at=HALF_PAST, part=PriceBookPart.SPOT).rows == 0
    assert book.health.all() == []
