"""DescribeSpotPriceHistory over a few points of one day of 2021."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

from bursar.adapters.memory.ec2 import MemorySpotHistory
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.spot import SpotPoint

NOON = datetime(2021, 2, 8, 12, tzinfo=UTC)
HOUR = Window(NOON, NOON + timedelta(hours=1))


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


HISTORY = [
    SpotPoint("m5.large", "us-east-1a", at(-300), Money.of("0.0367")),
    SpotPoint("m5.large", "us-east-1a", at(-30), Money.of("0.0423")),
    SpotPoint("m5.large", "us-east-1a", at(30), Money.of("0.0437")),
    SpotPoint("m5.large", "us-east-1b", at(-10), Money.of("0.0389")),
    SpotPoint("c5.large", "us-east-1a", at(10), Money.of("0.05")),
]


class SpotServer:
    """DescribeSpotPriceHistory over `HISTORY`, a point a page, as EC2 documents it: the points
    of the span, and of each type and zone the one in force at its start."""

    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []

    def answer(self, body: bytes) -> tuple[int, bytes]:
        asked = parse_qs(body.decode())
        self.asked.append(asked)
        types = {values[0] for name, values in asked.items() if name.startswith("InstanceType.")}
        start, end = (datetime.fromisoformat(asked[name][0]) for name in ("StartTime", "EndTime"))
        known = MemorySpotHistory(HISTORY).points("us-east-1", types, Window(start, end))
        points = list(known)
        page = int(asked.get("NextToken", ["0"])[0])
        items = "".join(
            f"<item><instanceType>{point.instance_type}</instanceType>"
            f"<productDescription>Linux/UNIX</productDescription>"
            f"<spotPrice>{point.usd.plain()}</spotPrice>"
            f"<timestamp>{point.at.isoformat()}</timestamp>"
            f"<availabilityZone>{point.zone}</availabilityZone></item>"
            for point in points[page : page + 1]
        )
        token = str(page + 1) if page + 1 < len(points) else ""
        return 200, (
            f"<DescribeSpotPriceHistoryResponse><spotPriceHistorySet>{items}"
            f"</spotPriceHistorySet><nextToken>{token}</nextToken>"
            "</DescribeSpotPriceHistoryResponse>"
        ).encode()
