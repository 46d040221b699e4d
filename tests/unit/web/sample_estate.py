"""Sixty days of an estate: serving, training, a runaway, a day unseen and a day half seen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from bursar.adapters.memory.budgets import MemoryBudgetStore, MemoryOutbox
from bursar.adapters.memory.costs import MemoryCostHistory
from bursar.adapters.memory.notices import MemoryHealthLog
from bursar.adapters.memory.spend import MemorySpendStore
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.config import Config
from bursar.config.bursar_yaml import validated
from bursar.domain.alerts import OutboxRow
from bursar.domain.attribution.hours import attribute_hour
from bursar.domain.attribution.rules import Attribution
from bursar.domain.blindness import blind
from bursar.domain.books import Book, News
from bursar.domain.cluster.bases import Basis
from bursar.domain.cluster.hours import Category, HourCosts, RowKey, Unpriced
from bursar.domain.cluster.unowned import CONTROL_PLANE, IDLE, NETWORK, SHARED, UNALLOCATED
from bursar.domain.cost_report import CostReport
from bursar.domain.health import SourceHealth
from bursar.domain.money import Money
from bursar.domain.periods import DAY, HOUR, Window, day_of
from bursar.domain.prices import PriceChange, PriceRow, on_demand
from bursar.domain.quality import Quality
from bursar.domain.spend import TOTAL_GROUP, Metric, SpendFact
from bursar.jobs.check_budgets import check_budgets
from bursar.jobs.publish_report import gather_report

NOW = datetime(2026, 11, 20, 10, 40, tzinfo=UTC)
UNSEEN = date(2026, 11, 8)  # by anybody
HALF_SEEN = date(2026, 11, 13)  # nine hours of it, in research
_NEWS = (
    *(News(Book.METERED, name) for name in ("prod", "research")),
    *(News(Book.LEDGER), News(Book.BILLED)),
)
RUNAWAY = date(2026, 11, 17)  # and since
HOSTILE = "<script>alert(1)</script>"

# USD an hour: GPU, CPU, memory, storage, load balancers
_SERVING = {
    ("search", "llama-70b", "llama-3.3-70b"): ("21.40", "2.10", "1.35", "0.42", "0.0504"),
    ("support", "chat", "llama-3.3-70b"): ("9.85", "0.92", "0.61", "0.18", "0.0252"),
    ("support", "rerank", "bge-reranker-v2"): ("2.11", "0.31", "0.20", "0.02", "0"),
    ("documents", "embed", "bge-m3"): ("3.62", "0.55", "0.41", "0.09", "0.0252"),
    ("documents", "ocr", "qwen2.5-vl-7b"): ("4.48", "0.61", "0.44", "0.11", "0"),
    ("voice", "transcribe", "whisper-large-v3"): ("3.05", "0.38", "0.22", "0.05", "0.0252"),
    ("moderation", "guard", "llama-guard-3-8b"): ("1.74", "0.20", "0.14", "0.03", "0"),
    ("codegen", "complete", "qwen2.5-coder-32b"): ("6.30", "0.74", "0.50", "0.12", "0.0252"),
    ("translate", "nmt", "madlad400-10b"): ("1.20", "0.17", "0.11", "0.02", "0"),
    ("gateway", "router", UNALLOCATED): ("0", "1.20", "0.55", "0.02", "0.0504"),
    ("observability", "prometheus", UNALLOCATED): ("0", "0.85", "1.10", "0.44", "0"),
    ("vectors", "milvus", UNALLOCATED): ("0", "1.90", "2.75", "1.30", "0.0252"),
    ("staging", "llama-canary", "llama-3.3-70b"): ("0.95", "0.11", "0.08", "0.02", "0"),
    ("batch-scoring", "nightly", UNALLOCATED): ("0.66", "0.30", "0.15", "0.03", "0"),
    ("sandbox", HOSTILE, HOSTILE): ("0.31", "0.05", "0.03", "0.01", "0"),
}
_TRAINING = {
    ("pretraining", "moe-run-7", "acme-moe-12b"): ("17.60", "2.20", "1.45", "1.10", "0"),
    ("finetune", "support-lora", "llama-3.3-70b"): ("4.90", "0.70", "0.45", "0.22", "0"),
    ("notebooks", "jupyter", UNALLOCATED): ("3.85", "0.62", "0.44", "0.35", "0.0252"),
    ("evals", "harness", "acme-moe-12b"): ("1.10", "0.20", "0.12", "0.05", "0"),
}
_RUNAWAY_KEY = ("notebooks", "grid-search-without-an-end", UNALLOCATED)
_RUNAWAY_RATES = ("40.18", "8.10", "6.76", "0.20", "0")
_CLUSTER_WIDE = {
    (IDLE, Category.GPU): "9.70",
    (IDLE, Category.CPU): "1.62",
    (IDLE, Category.MEMORY): "1.18",
    (SHARED, Category.CPU): "0.74",
    (SHARED, Category.MEMORY): "0.52",
    (CONTROL_PLANE, Category.CONTROL_PLANE): "0.10",
    (NETWORK, Category.NETWORK): "0.06",
}
_PARTS = (
    Category.GPU,
    Category.CPU,
    Category.MEMORY,
    Category.STORAGE,
    Category.LOAD_BALANCERS,
)
_WEEK = (100, 103, 104, 102, 98, 71, 64)  # percent of a weekday's serving, from Monday


def config() -> Config:
    return validated(
        {
            "version": 1,
            "organisation": "acme",
            "account": "111122223333",
            "region": "eu-west-1",
            "clusters": [
                {"name": "prod", "region": "eu-west-1", "endpoint": "https://p.example"},
                {"name": "research", "region": "eu-west-1", "endpoint": "https://r.example"},
            ],
            "budgets": [
                {"id": "prod", "scope": "cluster=prod", "limit": "62000", "owner": "platform"},
                {
                    "id": "research",
                    "scope": "cluster=research",
                    "limit": "28000",
                    "owner": "science",
                    "link": "https://wiki.example.com/research-budget",
                    "thresholds": [
                        {"percent": 80, "basis": "actual", "severity": "warning"},
                        {"percent": 100, "basis": "actual", "severity": "critical"},
                        {"percent": 120, "basis": "projected", "severity": "warning"},
                    ],
                },
                {
                    "id": "search",
                    "scope": "cluster=prod,namespace=search",
                    "limit": "17500",
                    "owner": "platform",
                },
                {"id": "whole-bill", "scope": "org=acme", "limit": "140000", "owner": "platform"},
                {
                    "id": "other-account",
                    "scope": "account=444455556666",
                    "limit": "5000",
                    "owner": "platform",
                },
            ],
            "owners": {
                "platform": {"emails": ["platform@example.com"]},
                "science": {"emails": ["science@example.com"]},
            },
            "notifications": {"catch_all": ["finops@example.com"]},
        }
    )


def days(cluster: str) -> Iterator[HourCosts]:
    """The cluster's stored days; of an unseen day there is nothing."""
    day = day_of(NOW - 59 * DAY)
    while day.start < NOW:
        known = min(24 * HOUR, NOW.replace(minute=0) - day.start)
        if (cluster, day.start.date()) == ("research", HALF_SEEN):
            known = 9 * HOUR
        if day.start.date() != UNSEEN:
            yield _day(cluster, day, known)
        day = Window(day.end, day.end + DAY)


def _day(cluster: str, day: Window, known: timedelta) -> HourCosts:
    weekday = Fraction(_WEEK[day.start.weekday()], 100)
    growth = 1 + Fraction((day.start - (NOW - 60 * DAY)) // DAY, 300)
    workloads = _SERVING if cluster == "prod" else _TRAINING
    busy = weekday * growth if cluster == "prod" else Fraction(100 + day.start.day % 7 * 3, 110)
    hours = Fraction(known // HOUR)
    rows: dict[RowKey, dict[Category, Money]] = {
        RowKey(*key): _amounts(rates, busy * hours) for key, rates in workloads.items()
    }
    if cluster == "research" and day.start.date() >= RUNAWAY:
        rows[RowKey(*_RUNAWAY_KEY)] = _amounts(_RUNAWAY_RATES, hours)
    for (name, category), rate in _CLUSTER_WIDE.items():
        share = 2 - weekday if name == IDLE and cluster == "prod" else Fraction(2, 3)
        rows.setdefault(RowKey(name), {})[category] = Money.of(rate).times(share * hours)
    unpriced = cluster == "research"
    return HourCosts(
        cluster=cluster,
        window=day,
        quality=Quality.ESTIMATED if unpriced or known < 9 * HOUR else Quality.FINAL,
        known_seconds=int(known.total_seconds()),
        basis=Basis.RESIDUAL,
        rows=rows,
        unpriced=(Unpriced("fsx-scratch-0", "no price for an FSx volume"),) if unpriced else (),
        as_of=int((day.start + known).timestamp()),
    )


def _amounts(rates: tuple[str, ...], hours: Fraction) -> dict[Category, Money]:
    pairs = zip(_PARTS, rates, strict=True)
    return {category: Money.of(rate).times(hours) for category, rate in pairs if rate != "0"}


def estate_report(now: datetime = NOW) -> CostReport:
    """The report as the job gathers it, after the budgets were checked every day at noon."""
    settings, history, spend = config(), MemoryCostHistory(), MemorySpendStore()
    statements = MemoryStatementStore()
    outbox, health = MemoryOutbox(), MemoryHealthLog()
    budgets = MemoryBudgetStore(outbox)
    spend.record(list(_bill()))
    for each in ("prod", "research"):
        for day in days(each):
            history.put_hour(day)
            if each == "research":
                closed = [c for name in ("prod", each) for c in history.hours(name, day.window)]
                as_of = int(day.window.end.timestamp())
                stated = attribute_hour(day.window, {}, closed, Attribution(), as_of=as_of)
                statements.put_hour(stated.statement)
            if each == "research" and day.window.start.date() > RUNAWAY - 2 * DAY:
                at = min(day.window.end, NOW)
                for news in _NEWS:
                    check_budgets(
                        settings,
                        at,
                        news=news,
                        history=history,
                        statements=statements,
                        spend=spend,
                        budgets=budgets,
                    )
    health.saw(_heard("cluster/prod", now - timedelta(minutes=4)))
    health.saw(_heard("cluster/research", now - timedelta(minutes=7)))
    health.saw(_heard("prices/eu-west-1", now - 5 * HOUR))
    health.saw(
        SourceHealth(
            source="spend",
            at=now - HOUR,
            quality=Quality.UNKNOWN,
            good_at=now - 51 * HOUR,
            detail="Cost Explorer answered ThrottlingException",
        )
    )
    known = {each.source: each for each in health.all()}
    outbox.post(
        OutboxRow(alert=blind("spend", known["spend"], now, "Look at the log."), due_at=now)
    )
    for row in outbox.all()[:-1]:
        outbox.mark_sent(row, row.alert.raised_at + timedelta(minutes=1))
    return gather_report(
        settings,
        now,
        history=history,
        statements=statements,
        spend=spend,
        budgets=budgets,
        outbox_rows=outbox.all(),
        health=health,
        price_changes=[_price_change()],
    )


def _heard(source: str, at: datetime) -> SourceHealth:
    return SourceHealth(source=source, at=at, quality=Quality.FINAL, good_at=at)


def _bill() -> Iterator[SpendFact]:
    for number in range(1, 18):
        for group, usd in ((TOTAL_GROUP, 3900 + 11 * number), ("service=Amazon EC2", 3200)):
            yield SpendFact(
                account="111122223333",
                metric=Metric.UNBLENDED,
                day=date(2026, 11, number),
                group=group,
                amount=Money.of(usd),
                estimated=number > 14,
                as_of=NOW - 51 * HOUR,
            )


def _price_change() -> PriceChange:
    key = on_demand("eu-west-1", "g6e.12xlarge")
    old = PriceRow(
        key=key,
        usd=Money.of("11.7050"),
        unit="hour",
        source="price list",
        effective_from=NOW - 90 * DAY,
    )
    new = old.model_copy(update={"usd": Money.of("11.4100"), "effective_from": NOW - 9 * DAY})
    return PriceChange(old=old, new=new)
