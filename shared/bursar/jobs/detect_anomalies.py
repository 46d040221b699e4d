"""Notice what is unusual, find out what made it, and tell its owner once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bursar.config import Config
from bursar.domain.alerts import SYSTEM_OWNER, Alert, OutboxRow
from bursar.domain.anomaly_events import cells as found_in
from bursar.domain.anomaly_events.deviations import find_deviations
from bursar.domain.anomaly_events.events import AnomalyEvent, Difference
from bursar.domain.anomaly_events.lines import Cell, Comparison, compare
from bursar.domain.anomaly_events.news import anomaly_alert
from bursar.domain.anomaly_events.same_money import SameMoney
from bursar.domain.anomaly_events.transitions import Step, Weights, weigh
from bursar.domain.books import Book
from bursar.domain.periods import DAY, Window, midnight
from bursar.domain.scopes import Dimension
from bursar.domain.series.amounts import Amounts
from bursar.domain.series.names import Grain, SeriesName
from bursar.domain.spend import SpendFact
from bursar.events.series import SeriesRun
from bursar.jobs.read_series import BookRead
from bursar.ports import AnomalyStore, CostHistory, SpendStore, StatementStore

_ENDED_LATELY = timedelta(days=8)  # an event that ended may go on within 7 days
_MORE_IN_A_CLUSTER = 2  # a namespace that made a half is looked into


class AnomalyContentionError(Exception):
    """Somebody else changed an event while it was being judged; the next try reads it again."""


@dataclass(frozen=True, slots=True)
class DetectedAnomalies:
    """What one run did: the series it judged, the events that it wrote, and what it told."""

    series: int
    events: tuple[AnomalyEvent, ...]
    alerts: tuple[Alert, ...]


def detect_anomalies(
    run: SeriesRun,
    config: Config,
    *,
    statements: StatementStore,
    spend: SpendStore,
    history: CostHistory,
    anomalies: AnomalyStore,
) -> DetectedAnomalies:
    """Judge the run's book up to its last whole period. Again tells nothing again.

    Raises:
        AnomalyContentionError: a person, or another run, changed an event meanwhile.
    """
    if not config.anomalies.enabled:
        return DetectedAnomalies(0, (), ())
    return detect_read(BookRead(run, config, statements, spend), run, config, history, anomalies)


def detect_read(
    read: BookRead,
    run: SeriesRun,
    config: Config,
    history: CostHistory,
    anomalies: AnomalyStore,
) -> DetectedAnomalies:
    """Judge a book that has been read; otherwise as `detect_anomalies`."""
    known = anomalies.known(run.scheduled_at - _ENDED_LATELY)
    since = {
        each.series: each.started_at
        for each in known
        if each.grain is run.grain and each.ended is None
    }
    floors = config.anomalies
    steps = weigh(
        find_deviations(read.amounts, run.grain, since),
        known,
        Weights(
            floors.at_least_hourly if run.grain is Grain.HOUR else floors.at_least,
            floors.at_least_tokens,
        ),
        newest_known(read.amounts, since),
        SameMoney(books := _Cells(read, config, run.book), read.amounts.beginnings),
    )
    explained = [_explain(step, books, read, config, history) for step in steps]
    alerts = [
        alert for step in explained for alert in _commit(step, config, run.scheduled_at, anomalies)
    ]
    return DetectedAnomalies(
        len(read.amounts.units), tuple(step.new for step in explained), tuple(alerts)
    )


def newest_known(amounts: Amounts, names: Iterable[SeriesName]) -> dict[SeriesName, datetime]:
    """The newest known period of each of these series that there is."""
    found = {}
    for name in names:
        pairs = zip(amounts.beginnings, amounts.units.get(name, ()), strict=False)
        if at := max((at for at, units in pairs if units is not None), default=None):
            found[name] = at
    return found


class _Cells:
    """The cells of the book that was read, by their period; each made when it is asked for."""

    def __init__(self, read: BookRead, config: Config, book: Book) -> None:
        self._organisation = config.organisation
        self.dimensions: Sequence[str] = found_in.LEDGER_DIMENSIONS
        self._statements = {each.window.start: each for each in read.statements}
        self._by_tokens = read.grain is Grain.HOUR
        self._facts: dict[datetime, list[SpendFact]] = {}
        self._made: dict[datetime, list[Cell]] = {}
        if book is Book.BILLED:
            self.dimensions = (*found_in.BILLED_DIMENSIONS, f"tag:{config.spend.tag}")
            for fact in read.facts:
                self._facts.setdefault(midnight(fact.day), []).append(fact)

    def __call__(self, at: datetime) -> list[Cell]:
        if at not in self._made:
            stated = [self._statements[at]] if at in self._statements else []
            cells = [
                *found_in.ledger_cells(stated, self._organisation),
                *found_in.billed_cells(self._facts.get(at, ()), self._organisation),
            ]
            self._made[at] = [each for each in cells if each.quantity or not self._by_tokens]
        return self._made[at]


def _explain(
    step: Step, cells_at: _Cells, read: BookRead, config: Config, history: CostHistory
) -> Step:
    event = step.new
    off = [each.at for each in event.readings if each.is_off]
    if not off:
        return step
    comparison = compare(off, read.amounts.beginnings, event.grain)
    scope = event.series.scope
    mine = [cell for at in sorted(comparison.times) for cell in cells_at(at) if cell.is_in(scope)]
    own = {part.partition("=")[0] for part in scope.split(",")}
    asked = [each for each in cells_at.dimensions if each not in own]
    drivers = comparison.differences(mine, asked, event.size)
    if event.series.book is Book.LEDGER and event.grain is Grain.DAY:
        deeper = _in_clusters(event, comparison, mine, config, history)
        drivers = (
            *comparison.differences(deeper, found_in.CLUSTER_DIMENSIONS, event.size),
            *drivers,
        )
    new = event.model_copy(update={"drivers": drivers})
    return Step(step.old, new, step.is_news)


def _in_clusters(
    event: AnomalyEvent,
    comparison: Comparison,
    mine: Sequence[Cell],
    config: Config,
    history: CostHistory,
) -> list[Cell]:
    """The rows of the namespaces that made at least half of it: their workloads, their nodes."""
    found: list[Cell] = []
    for cluster in {cell.dimensions.get(Dimension.CLUSTER, "") for cell in mine} - {""}:
        inside = [cell for cell in mine if cell.dimensions.get(Dimension.CLUSTER) == cluster]
        made = comparison.differences(inside, [Dimension.NAMESPACE], event.size)
        names = {each.name for each in made if _is_half(each, event)}
        if names:
            days = _days_of(comparison, cluster, history, config.organisation)
            found += (cell for cell in days if cell.dimensions[Dimension.NAMESPACE] in names)
    return found


def _is_half(made: Difference, event: AnomalyEvent) -> bool:
    return abs(made.more.units) * _MORE_IN_A_CLUSTER >= abs(event.size.units)


def _days_of(
    comparison: Comparison, cluster: str, history: CostHistory, organisation: str
) -> Iterator[Cell]:
    for at in sorted(comparison.times):
        yield from found_in.cluster_cells(
            history.days(cluster, Window(at, at + DAY)), organisation
        )


def _commit(step: Step, config: Config, now: datetime, anomalies: AnomalyStore) -> Iterator[Alert]:
    alerts = []
    if step.is_news:
        floors = config.anomalies
        alerts.append(
            anomaly_alert(
                step.new,
                step.is_news,
                owner=owner_of(step.new, config),
                floors=(
                    floors.at_least_hourly if step.new.grain is Grain.HOUR else floors.at_least
                ),
                now=now,
            )
        )
    rows = [OutboxRow(alert=alert, due_at=now) for alert in alerts]
    if not anomalies.commit(step.old, step.new, rows):
        raise AnomalyContentionError(step.new.id)
    yield from alerts


def owner_of(event: AnomalyEvent, config: Config) -> str:
    """Who has a budget for that scope, or is the team of that name; else for another scope in
    which the same shows, the organisation last. An anomaly of nobody's reaches the catch-all."""
    owners = {str(budget.scope): budget.owner for budget in reversed(config.budgets)}
    owners = {f"team={name}": name for name in config.owners} | owners
    also = [each.split("/", 1)[1].rsplit("/", 1)[0] for each in event.also]
    also.sort(key=lambda scope: scope.startswith(f"{Dimension.ORG}="))
    scopes = (event.series.scope, *also, f"{Dimension.ORG}={config.organisation}")
    return next((owners[scope] for scope in scopes if scope in owners), SYSTEM_OWNER)
