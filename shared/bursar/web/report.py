"""The cost report as one HTML file: no script, no request, readable on paper and on a phone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bursar.adapters.alert_texts import body
from bursar.domain.alerts import Alert, OutboxRow, Severity, age
from bursar.domain.cluster.hours import Category
from bursar.domain.cost_report import (
    CostReport,
    NamedCost,
    Ranking,
    apportion,
    settle,
)
from bursar.domain.money import Money
from bursar.web import bars, charts, wording

_ATTENTION = (Severity.CRITICAL, Severity.WARNING)


@dataclass(frozen=True, slots=True)
class NamedRow:
    """One line of a ranking, in cents that sum to the table's."""

    cost: NamedCost
    total: Decimal
    bar: Markup


@dataclass(frozen=True, slots=True)
class RankingTable:
    rows: tuple[NamedRow, ...]
    ranking: Ranking
    total: Decimal


@dataclass(frozen=True, slots=True)
class AlertCard:
    """An alert's text as it was sent: its title, then the rest with its link."""

    row: OutboxRow
    title: str
    rest: Markup


def render_report(report: CostReport) -> str:
    """The whole page; names that come from clusters are escaped."""
    statement = settle([(each.cluster, each.parts) for each in report.clusters])
    month = (report.starts_at.date(), report.ends_at.date())
    limit = report.limit.limit if report.limit else None
    charged = wording.charged(report)
    cards = [_card(row) for row in report.alerts]
    newest = _newest_of_each_policy(cards)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            statement=statement,
            idle_gpus=_in_cents(
                each.idle_by_category.get(Category.GPU) for each in report.clusters
            ),
            attention=newest,
            earlier=[card for card in cards if card not in newest],
            wide=charts.daily_chart(report.days, month, limit, charts.WIDE, "wide"),
            narrow=charts.daily_chart(report.days, month, limit, charts.NARROW, "narrow"),
            pace=charts.even_pace(limit, month) if limit else None,
            namespaces=_table(report.namespaces, charged),
            models=_table(report.models, charged),
            addition=wording.addition(report),
        )
    )


def _table(ranking: Ranking, whole: Decimal | None) -> RankingTable:
    lines = ranking.lines
    cents = apportion([line.total for line in lines], whole)
    longest = max((line.total for line in lines), key=lambda m: m.amount, default=Money.zero())
    return RankingTable(
        rows=tuple(
            NamedRow(line, amount, bars.named_bar(line, longest))
            for line, amount in zip(lines, cents, strict=True)
        ),
        ranking=ranking,
        total=sum(cents, Decimal(0)),
    )


def _newest_of_each_policy(cards: list[AlertCard]) -> list[AlertCard]:
    """A budget that was told at 80% and then at 100% needs attention once: for the 100%."""
    newest: dict[str, AlertCard] = {}
    for card in sorted(cards, key=lambda card: card.row.alert.raised_at):
        newest[card.row.alert.policy] = card
    kept = {card.row.id for card in newest.values()}
    return [
        card for card in cards if card.row.id in kept and card.row.alert.severity in _ATTENTION
    ]


def _card(row: OutboxRow) -> AlertCard:
    title, _, rest = body(row.alert).partition("\n")
    return AlertCard(row, title, _linked(rest.rstrip("\n"), row.alert))


def _linked(text: str, alert: Alert) -> Markup:
    """The text, with the alert's own link as a link; nothing else in it becomes one."""
    link = alert.link
    if not link or not link.startswith(("https://", "http://")) or link not in text:
        return Markup("{}").format(text)
    before, _, after = text.rpartition(link)
    anchor = Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(link)
    return Markup("{}{}{}").format(before, anchor, after)


def _in_cents(amounts: Iterable[Money | None]) -> list[Decimal]:
    """In cents that add up; nothing is said of one that is unknown."""
    return apportion([amount or Money.zero() for amount in amounts])


def _legend(entries: Iterable[tuple[str, str]]) -> Markup:
    return Markup().join(
        Markup('<li><i class="{}"></i>{}</li>').format(key, text) for key, text in entries
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bursar.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "dollars": wording.dollars,
        "in_cents": _in_cents,
        "percent": wording.percent,
        "stamp": wording.stamp,
        "hours": wording.hours,
        "shown_name": wording.name_of,
        "cluster_quality": wording.cluster_quality,
        "legend": _legend,
    }
    environment.globals |= {
        "wording": wording,
        "zero": Money.zero(),
        "age": age,
        "budget_bar": bars.budget_bar,
        "compute_bar": bars.compute_bar,
        "part_class": bars.part_class,
        "named_stack": bars.NAMED_STACK,
        "day_stack": charts.DAY_STACK,
    }
    return environment
