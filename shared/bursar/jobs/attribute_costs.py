"""State an hour: its usage and its clusters' costs, with whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from fractions import Fraction

from bursar.domain.attribution.hours import AttributedHour, attribute_hour
from bursar.domain.attribution.late_usage import late_usage, with_late_usage
from bursar.domain.attribution.rules import Attribution
from bursar.domain.attribution.self_hosted import ServingSeconds
from bursar.domain.cluster.use import LONGEST_UNSEEN, ClusterUse
from bursar.domain.ledger.adjustments import Adjustment, adjust, with_adjustments
from bursar.domain.ledger.lines import Statement, sum_lines
from bursar.domain.ledger.months import MonthState, month_name
from bursar.domain.periods import ForgottenHoursError, Window, day_of, hour_of, month_of
from bursar.ports import (
    ClusterUseStore,
    CostHistory,
    LedgerStore,
    MonthGates,
    StatementStore,
    TouchedHours,
)

_MICROSECONDS = 10**6
_LONGEST_REASON = 500


class HoursNotRestatedError(Exception):
    """Hours could not be stated again, and stay touched. All others were stated."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What a statement is made from."""

    clusters: Sequence[str]
    policy: Attribution
    ledger: LedgerStore
    history: CostHistory
    use: ClusterUseStore


@dataclass(frozen=True, slots=True)
class StatedHours:
    """What was written: the hour, those stated anew, and those adjusted in their closed month."""

    statement: Statement | None
    restated: tuple[Window, ...] = ()
    adjusted: tuple[Window, ...] = ()


def attribute_costs(
    hour: Window,
    *,
    sources: Sources,
    touched: TouchedHours,
    gates: MonthGates,
    statements: StatementStore,
    as_of: int,
) -> StatedHours:
    """State an hour, and those that late costs have touched since. Again gives the same.

    An hour of a closed month stays as it was stated: `hour` states the difference, as lines
    that name the month. One of a frozen month, or after `hour`, waits for a later run. Of one
    whose clusters' costs are kept no more, late usage alone is stated; where the statements of
    its day are kept no more either, as an adjustment.

    Raises:
        HoursNotRestatedError: see there.
    """
    if gates.state(month_name(hour.start)) is not MonthState.OPEN:
        touched.touch(hour.start, f"stated at {as_of}")
        return StatedHours(None)
    marks = [each for each in touched.touched() if each.hour <= hour.start]
    found: dict[datetime, _Outcome] = {hour.start: _Outcome.STATED}
    failed: dict[datetime, Exception] = {}
    for mark in marks:
        if mark.hour in found or mark.hour in failed:
            continue
        state = gates.state(month_name(mark.hour))
        late = hour_of(mark.hour)
        try:
            found[mark.hour] = _restate(late, state, hour, sources, statements, as_of)
        except Exception as error:  # noqa: BLE001 - raised below: no hour holds up another
            failed[mark.hour] = error
            touched.fail(mark, f"{type(error).__name__}: {error}"[:_LONGEST_REASON])
    statement = state_hour(hour, sources, as_of=as_of).statement
    statement = with_adjustments(statement, statements.adjustments(hour))
    statements.put_hour(statement)
    for mark in marks:
        if found.get(mark.hour) in _SETTLED:
            touched.clear(mark)
    if failed:
        told = ", ".join(f"{at:%Y-%m-%dT%H}: {error!r}" for at, error in failed.items())
        raise HoursNotRestatedError(told) from next(iter(failed.values()))

    def hours(outcome: _Outcome) -> tuple[Window, ...]:
        return tuple(hour_of(at) for at, each in found.items() if each is outcome)

    return StatedHours(statement, hours(_Outcome.RESTATED), hours(_Outcome.ADJUSTED))


class _Outcome(Enum):
    STATED = auto()
    RESTATED = auto()
    ADJUSTED = auto()
    WAITS = auto()


_SETTLED = frozenset({_Outcome.STATED, _Outcome.RESTATED, _Outcome.ADJUSTED})


def _restate(
    late: Window,
    state: MonthState,
    hour: Window,
    sources: Sources,
    statements: StatementStore,
    as_of: int,
) -> _Outcome:
    """State an earlier hour anew, or what has changed of it since its month was closed."""
    if state is MonthState.FROZEN:
        return _Outcome.WAITS
    old = next(iter(statements.hours(late)), None)
    if old is None and late.start in statements.stated_hours(late):
        return _state_late_usage(late, hour, sources, statements)
    new = _state_again(late, old, sources, statements, as_of)
    if state is MonthState.CLOSED:
        since = Window(month_of(late.start).end, hour.end)
        statements.put_adjustment(adjust(hour, new, old, statements.adjustments(since)))
        return _Outcome.ADJUSTED
    try:
        statements.put_hour(new)
    except ForgottenHoursError:
        return _state_late_usage(late, hour, sources, statements)
    return _Outcome.RESTATED


def _state_again(
    late: Window,
    old: Statement | None,
    sources: Sources,
    statements: StatementStore,
    as_of: int,
) -> Statement:
    """As it is known now; of an hour whose clusters' costs have expired, with its late usage."""
    new = state_hour(late, sources, as_of=as_of).statement
    if old and has_forgotten(old, new):
        leaves = sources.ledger.leaves(late.start)
        return replace(with_late_usage(old, leaves, sources.policy), as_of=as_of)
    return with_adjustments(new, statements.adjustments(late))


def _state_late_usage(
    late: Window, hour: Window, sources: Sources, statements: StatementStore
) -> _Outcome:
    """Adjust a day that is kept as a sum alone by what its leaves hold beyond it."""
    day = day_of(late.start)
    leaves = {
        key: leaf for each in sources.ledger.leaves_between(day) for key, leaf in each.items()
    }
    since = Window(day.start, hour.start)
    stated = [
        *(each.lines for each in statements.days(day)),
        *(each.lines for each in statements.adjustments(since) if each.of.overlap(day)),
    ]
    lines = late_usage(day, leaves, sum_lines(stated), sources.policy)
    statements.put_adjustment(Adjustment(hour, hour_of(day.start), lines))
    return _Outcome.ADJUSTED


def state_hour(hour: Window, sources: Sources, *, as_of: int) -> AttributedHour:
    """The statement of an hour as the ledger and the clusters' closed hours know it now."""
    costs = [c for name in sources.clusters for c in sources.history.hours(name, hour)]
    known = {each.cluster for each in costs}
    since = Window(hour.start, hour.end + LONGEST_UNSEEN)
    found = [use for name in sources.clusters for use in sources.use.between(name, since)]
    used = [use for use in found if use.hour == hour.start]
    return attribute_hour(
        hour,
        sources.ledger.leaves(hour.start),
        costs,
        sources.policy,
        as_of=as_of,
        missing=[name for name in sources.clusters if name not in known],
        serving=_serving_seconds(used, sources.policy),
        sent_bytes={
            use.cluster: {each.namespace: each.sent_bytes for each in use.traffic} for use in used
        },
        incomplete=_incomplete_models(found, hour, sources.policy),
    )


def _serving_seconds(used: Iterable[ClusterUse], policy: Attribution) -> dict[str, ServingSeconds]:
    """What models' servers measured of their work, by the model as its pods name it."""
    names = policy.self_hosted.models
    found: dict[str, ServingSeconds] = {}
    for each in (model for use in used for model in use.served):
        name = names.get(each.model, each.model)
        seconds = ServingSeconds(
            _exact(each.prefill_seconds), _exact(each.decode_seconds), each.tokens
        )
        found[name] = found[name] + seconds if name in found else seconds
    return found


def _incomplete_models(used: Iterable[ClusterUse], hour: Window, policy: Attribution) -> set[str]:
    """Those of which a counter had counted before it was first seen, in the hour or later and
    from the hour on, as their pods name them."""
    names = policy.self_hosted.models
    return {
        names.get(each.model, each.model)
        for use in used
        for each in use.served
        if not each.complete and (each.unseen_from or use.hour) < hour.end
    }


def _exact(seconds: float) -> Fraction:
    return Fraction(round(seconds * _MICROSECONDS), _MICROSECONDS)


def has_forgotten(old: Statement | None, new: Statement) -> bool:
    """True when a cluster that was stated is not known any more."""
    if old is None:
        return False
    stated = {key.cluster for key in old.lines if key.cluster and not key.adjusts}
    return bool(stated & set(new.missing) - set(old.missing))
