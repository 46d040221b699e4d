"""All of a month, whenever it was told: what its own hours state, and what later ones correct.

Unit costs are of it: late usage of a month is that month's usage, and no other's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bursar.domain.ledger.lines import NO_TOKENS, Line, LineKey, Statement
from bursar.domain.ledger.months import month_name
from bursar.domain.ledger.serving import SELF_HOSTED, hosting, is_serving


def corrections_alone(statements: Iterable[Statement]) -> list[Statement]:
    """Those that correct earlier months, with the lines that do."""
    kept = []
    for each in statements:
        own = ("", month_name(each.window.start))
        if late := {key: line for key, line in each.lines.items() if key.adjusts not in own}:
            kept.append(replace(each, lines=late))
    return kept


def whole_month(month: str, statements: Iterable[Statement]) -> list[Statement]:
    """The statements of a month with its lines alone, and later ones with what corrects it.

    Tokens of a self-hosted model that came after its pods' cost was charged (`charged_before`)
    are counted among those that it is divided by, where the month has such a cost of the model.
    """
    found = []
    for each in statements:
        own = month_name(each.window.start) == month
        lines = {
            key: line
            for key, line in each.lines.items()
            if key.adjusts == month or (own and not key.adjusts)
        }
        if lines or own:
            found.append(replace(each, lines=lines))
    return _with_late_tokens(found)


def _with_late_tokens(statements: Sequence[Statement]) -> list[Statement]:
    paid: dict[str, int] = {}
    late = False
    for each in statements:
        for key, line in each.lines.items():
            late = late or bool(line.charged_before_requests or line.charged_before.total)
            if is_serving(key) and hosting(key) == SELF_HOSTED:
                paid[key.model] = paid.get(key.model, 0) + line.units
    if not late:
        return list(statements)

    def counted(key: LineKey, line: Line) -> Line:
        if paid.get(key.model, 0) <= 0:
            return line
        return replace(
            line,
            tokens=line.tokens + line.charged_before,
            charged_before=NO_TOKENS,
            charged_before_requests=0,
        )

    return [
        replace(each, lines={key: counted(key, line) for key, line in each.lines.items()})
        for each in statements
    ]
