"""The rollup of the bulk path, with DuckDB in Athena's place."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from bursar.adapters.athena.sums import parameters, read_sums, rollup_sql
from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.conflicts import MemoryConflictLog
from bursar.adapters.memory.ledger import MemoryLedger
from bursar.adapters.memory.quarantine import MemoryQuarantine
from bursar.adapters.memory.usage import MemoryUsageArchive
from bursar.adapters.token_prices.genai import GenaiTokenPrices
from bursar.adapters.usage_formats.reading import read
from bursar.domain.ledger.enforced_budgets import EnforcedBudgets
from bursar.domain.ledger.entries import Leaf, LeafKey
from bursar.domain.periods import HOUR, Window
from bursar.domain.usage.bulk import BulkUsage
from bursar.domain.usage.producers import ANY_TENANT, ProducerPolicy
from bursar.domain.usage.routes import ModelRoutes
from bursar.jobs.bill_usage import UsageBilling
from bursar.jobs.post_usage import Patience
from bursar.jobs.rollup_usage import RolledUp, rollup_usage
from bursar.jobs.take_usage import UsageIntake

TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)
ELEVEN = Window(TEN + HOUR, TEN + 2 * HOUR)
TWELVE = Window(ELEVEN.end, ELEVEN.end + HOUR)
GATEWAY = ProducerPolicy(name="gateway", tenants=frozenset({ANY_TENANT}))
COLUMNS = (
    *("id", "at", "tenant", "model", "provider", "feature", "key", "currency", "batch"),
    *("requests", "input_tokens", "cached_input_tokens", "cache_write_tokens"),
    *("cache_write_1h_tokens", "output_tokens", "reasoning_tokens"),
)


class DuckSums:
    """BulkUsageSums over files in Firehose's folders, by the query that Athena is given."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._files = 0

    def arrive(self, at: datetime, *rows: dict[str, Any], producer: str = "gateway") -> None:
        folder = self.root / f"producer={producer}/day={at:%Y-%m-%d}/hour={at:%H}"
        folder.mkdir(parents=True, exist_ok=True)
        self._files += 1
        lines = "\n".join(json.dumps(row) for row in rows)
        (folder / f"{self._files:03}.json").write_text(lines)

    def between(self, hours: Window) -> BulkUsage:
        with duckdb.connect() as db:
            db.execute("CREATE MACRO regexp_like(a, b) AS regexp_matches(a, b)")
            db.execute("CREATE MACRO array_join(a, b) AS array_to_string(a, b)")
            columns = ", ".join(f"'{name}': 'VARCHAR'" for name in COLUMNS)
            db.execute(
                f"CREATE VIEW usage AS SELECT * REPLACE (strftime(day, '%Y-%m-%d') AS day) FROM "  # noqa: S608
                f"(SELECT * REPLACE (CAST(day AS DATE) AS day) FROM read_json("
                f"'{self.root}/*/*/*/*.json', columns={{{columns}}}, hive_partitioning=true, "
                f"filename='$path', "
                f"hive_types={{'hour': VARCHAR, 'day': VARCHAR, 'producer': VARCHAR}}))"
            )
            found = db.execute(rollup_sql(), parameters(hours)).fetchall()
        return read_sums([str(cell) for cell in row] for row in found)


class Guard:
    def __init__(self, root: Path) -> None:
        self.sums, self.ledger = DuckSums(root), MemoryLedger()
        self.quarantine, self.archive = MemoryQuarantine(), MemoryUsageArchive()

    def intake(self, name: str) -> UsageIntake:
        assert name == "gateway"
        return UsageIntake(
            producer=GATEWAY,
            read=read,
            archive=self.archive,
            quarantine=self.quarantine,
            billing=UsageBilling(
                routes=ModelRoutes(),
                prices=GenaiTokenPrices(),
                ledger=self.ledger,
                conflicts=MemoryConflictLog(MemoryOutbox()),
                windows=self.ledger,
                budgets=EnforcedBudgets((), "acme", lambda _: ""),
                patience=Patience(lambda _: None, lambda low, _: low),
            ),
        )

    def run(self, hour: Window = ELEVEN) -> RolledUp:
        at = hour.end + timedelta(minutes=17)
        return rollup_usage(hour, sums=self.sums, entries=self.ledger, intakes=self.intake, at=at)

    def leaves(self, hour: datetime = TEN) -> dict[LeafKey, Leaf]:
        return dict(self.ledger.leaves(hour))


def told(id_: str, minute: int = 5, **changes: Any) -> dict[str, Any]:
    row = {
        "id": id_,
        "at": f"2026-11-20T10:{minute:02}:00Z",
        "tenant": "acme",
        "model": "gpt-4.1-mini",
        "provider": "openai",
        "input_tokens": 1000,
        "cached_input_tokens": 200,
        "output_tokens": 100,
    }
    return row | changes
