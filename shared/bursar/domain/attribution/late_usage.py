"""Late usage of hours that cannot be attributed again: what they were made from is kept no more.

What was bought costs its price, whenever it is told. Tokens of a self-hosted model take no part
of its pods' cost: that was charged to those whose tokens were known then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bursar.domain.attribution.hours import Leaves, attribute_hour
from bursar.domain.attribution.rules import Attribution
from bursar.domain.ledger.lines import (
    CostCategory,
    Line,
    LineKey,
    Statement,
    quality_of,
    sum_lines,
)
from bursar.domain.ledger.months import month_name
from bursar.domain.periods import Window
from bursar.domain.quality import Quality


def late_usage(
    window: Window, leaves: Leaves, stated: Mapping[LineKey, Line], policy: Attribution
) -> dict[LineKey, Line]:
    """What the leaves of an hour or day hold beyond what was stated of them.

    What was posted there to adjust a closed month is no part of it. A tenant that has moved to
    another team takes nothing along that was stated.
    """
    month = month_name(window.start)
    # adjustments of a month miss no pods
    own = {key._replace(adjusts=month): leaf for key, leaf in leaves.items() if not key.adjusts}
    used = attribute_hour(window, own, (), policy, as_of=0).statement.lines
    before = sum_lines({key: line} for key, line in _usage(stated))
    late = {}
    for key, line in used.items():
        known = before.get(key._replace(team="", adjusts=""), Line())
        late[key._replace(adjusts="")] = line + -known
    return {key: line for key, line in late.items() if line != Line()}


def with_late_usage(stated: Statement, leaves: Leaves, policy: Attribution) -> Statement:
    """The hour as it was stated, and what has come of its usage since."""
    late = late_usage(stated.window, leaves, stated.lines, policy)
    unpriced = any(line.unpriced.total for line in late.values())
    return replace(
        stated,
        lines=sum_lines([stated.lines, late]),
        quality=quality_of([stated.quality, *([Quality.ESTIMATED] if unpriced else [])]),
    )


def _usage(stated: Mapping[LineKey, Line]) -> Iterator[tuple[LineKey, Line]]:
    """What was stated of leaves, by their names: as bought, or as counted beside pods' costs."""
    for key, line in stated.items():
        if key.adjusts:
            continue
        if key.category is CostCategory.EXTERNAL_API and not key.cluster:
            yield key._replace(team=""), line
        else:
            counted = Line(
                requests=line.requests,
                charged_before=line.used,
                charged_before_requests=line.requests,
            )
            name = LineKey(key.tenant, CostCategory.GPU_COMPUTE, "", key.model, key.feature)
            yield name._replace(key=key.key, provider=key.provider), counted
