"""`make demo`: sixty days of a GenAI platform, the last three on the deployed template."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bursar.adapters.dynamodb.closed_months import DynamoClosedMonthStore
from bursar.adapters.memory.prices import MemoryPriceStore
from bursar.config import Config
from bursar.domain.chargeback import Chargeback
from bursar.domain.cost_report import CostReport
from bursar.domain.ledger.gaps import Gaps
from bursar.domain.ledger.lines import Statement
from bursar.domain.ledger.months import month_name
from bursar.domain.money import Money
from bursar.domain.periods import DAY, HOUR, SECOND, Window, month_of
from bursar.domain.spend import Metric
from bursar.jobs.charge_back import charge_back
from bursar.jobs.publish_report import gather_report
from bursar.jobs.read_statements import find_gaps
from bursar.jobs.reconcile import ReconciledMonth, reconcile_month
from bursar.local.embedded.clock import Clock
from bursar.local.embedded.schedules import Step
from bursar.local.exception_requests import ExceptionRequests
from bursar.local.guard import LocalGuard
from bursar.local.long_lived import collect_rarely
from bursar.local.past_processes import living_through
from bursar.local.scenario import Scenario, true_cost
from bursar.local.services import Services

SEED = 7
START = datetime(2026, 8, 24, tzinfo=UTC)
RUNAWAY_DAYS = 3  # the scenario's runaway begins that long before its end

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DemoLength:
    """How much of the platform's life is lived through before the template, and then with it."""

    backfill_days: int = 57
    live_hours: int = 72

    @property
    def live(self) -> timedelta:
        return timedelta(hours=self.live_hours)

    @property
    def scenario_days(self) -> int:
        """So many that the runaway begins on the first live day."""
        return self.backfill_days + RUNAWAY_DAYS


WHOLE = DemoLength()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one cluster really cost in the live hours, and what the guard says."""

    cluster: str
    hours: int
    true: Money
    guard: Money

    @property
    def difference_percent(self) -> Decimal:
        share = (self.guard - self.true).over(self.true) or 0
        percent = Decimal(share.numerator) / Decimal(share.denominator) * 100
        return percent.quantize(Decimal("0.0001")) + 0  # plus zero: never minus zero

    def as_json(self) -> dict[str, Any]:
        return {
            "cluster": self.cluster,
            "hours": self.hours,
            "true_usd": self.true.plain(),
            "guard_usd": self.guard.plain(),
            "difference_percent": str(self.difference_percent),
        }


@dataclass(frozen=True, slots=True)
class LedgerAccounts:
    """The month's statements, the month before as it was closed, and the books compared."""

    window: Window
    statements: Sequence[Statement]
    gaps: Gaps
    closed: Chargeback | None
    reconciled: ReconciledMonth


class Demo:
    """One scenario, its past lived through, and the guard that goes on from there."""

    def __init__(
        self, config: Config, guard: LocalGuard, scenario: Scenario, now: datetime
    ) -> None:
        self.config, self.guard, self.scenario = config, guard, scenario
        self.began = self.now = now

    def go_on(self, until: datetime, tell: Tell, asking: ExceptionRequests | None = None) -> int:
        """Let the schedules fire up to a time; answers how many did."""
        day = self.now

        def on_step(step: Step) -> None:
            nonlocal day
            if asking:
                asking.go_on(step.due)
            if step.due >= day:
                tell(f"simulated {step.due:%a %Y-%m-%d}")
                day += DAY

        fired = self.guard.run(self.now, until, on_step)
        self.now = until
        self.guard.cloud.clock.set(until)
        return fired

    def report(self) -> CostReport:
        stores = self.guard.stores
        return gather_report(
            self.config,
            self.now - SECOND,  # at midnight a new day has begun, of which nothing is known yet
            history=stores.history,
            statements=stores.statements,
            spend=stores.spend,
            budgets=stores.budgets,
            outbox_rows=stores.outbox.recent(),
            health=stores.health,
            forecasts=stores.forecasts,
        )

    def accounts(self) -> LedgerAccounts:
        """What the ledger says of this month, of the one that was closed, and of the bill."""
        stores, month = self.guard.stores, month_of(self.now - SECOND)
        closed_months = DynamoClosedMonthStore(stores.table)
        before = month_name(month.start - HOUR)
        window = Window(month.start, self.now)
        statements = stores.statements.days(window)
        return LedgerAccounts(
            window=window,
            statements=statements,
            gaps=find_gaps(window, self.now, statements, stores.statements),
            closed=charge_back(
                before, self.now, statements=stores.statements, closed_months=closed_months
            )
            if closed_months.frozen(before)
            else None,
            reconciled=reconcile_month(
                month_name(month.start),
                self.now,
                account=self.config.account,
                metric=Metric.UNBLENDED,
                statements=stores.statements,
                spend=stores.spend,
            ),
        )

    def comparisons(self) -> list[Comparison]:
        """The guard's figures beside the true cost, over the live hours that are closed."""
        live = Window(self.began, self.now)
        return [self._compare(cluster.name, live) for cluster in self.config.clusters]

    def _compare(self, cluster: str, live: Window) -> Comparison:
        closed = self.guard.stores.history.hours(cluster, live)
        window = Window(live.start, max((hour.window.end for hour in closed), default=live.start))
        true = sum(true_cost(self.scenario, cluster, window).values(), Decimal(0))
        return Comparison(
            cluster=cluster,
            hours=len(closed),
            true=Money.of(true),
            guard=Money.sum(hour.total for hour in closed),
        )


@contextmanager
def open_demo(
    config: Config,
    assembly: Path,
    work: Path,
    tell: Tell,
    length: DemoLength = WHOLE,
    api_url: str = "",
    synthesized: Callable[[], None] = lambda: None,
) -> Iterator[Demo]:
    """Backfill, deploy and seed: a guard that stands at the end of its past.

    `synthesized` waits for the assembly, if somebody makes it meanwhile.
    """
    collect_rarely()
    days = length.scenario_days
    scenario = Scenario(seed=SEED, start=START, days=days, account=config.account)
    now = START + length.backfill_days * DAY
    with ExitStack() as stack:
        services = stack.enter_context(closing(Services(scenario, config, clock := Clock(START))))
        tell(f"backfilling {length.backfill_days} days through the jobs")
        rows = services.read_price_list().rows(config.region, START)
        prices = MemoryPriceStore(rows).newest()
        # of what people may tell late usage; without an API, of what is young
        since = month_of(now).start if api_url else now - 2 * DAY
        with living_through(config, scenario, Window(START, now), prices, since) as store:
            clock.set(now)
            synthesized()
            tell("deploying the synthesized template into the embedded AWS")
            guard = stack.enter_context(
                LocalGuard(config, scenario, services, clock, assembly, work, api_url)
            )
            tell(f"{len(guard.deployment.resources)} resources deployed; the past goes on")
            guard.cloud.warm_up()
            store(guard.address)
        tell("the past is stored")
        yield Demo(config, guard, scenario, now)


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demo ends with: the guard's report, beside what is true."""

    report: CostReport
    accounts: LedgerAccounts
    comparisons: tuple[Comparison, ...]
    exceptions: Sequence[dict[str, Any]]
    schedules_fired: int
    messages_sent: int


def run_demo(
    config: Config,
    assembly: Path,
    work: Path,
    tell: Tell,
    length: DemoLength = WHOLE,
    synthesized: Callable[[], None] = lambda: None,
) -> DemoResult:
    """Live through all of it, and end every process that was started."""
    with open_demo(config, assembly, work, tell, length, synthesized=synthesized) as demo:
        asking = ExceptionRequests(demo.guard.cloud, config.account, demo.now)
        fired = demo.go_on(demo.now + length.live, tell, asking)
        tell(f"{fired} schedules fired")
        return DemoResult(
            report=demo.report(),
            accounts=demo.accounts(),
            comparisons=tuple(demo.comparisons()),
            exceptions=asking.shown(),
            schedules_fired=fired,
            messages_sent=len(demo.guard.cloud.sent()),
        )
