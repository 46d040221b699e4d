"""What a closed month's hour has changed by, in whole and by class of token."""

from __future__ import annotations

from bursar.domain.ledger.adjustments import difference
from bursar.domain.ledger.lines import CostCategory, Line, LineKey
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import TokenCounts

ACME = LineKey("acme", CostCategory.GPU_COMPUTE, model="llama")
BOLT = ACME._replace(tenant="bolt")
TOKENS = TokenCounts(input=100, output=10)


def line(of_input: int, of_output: int) -> Line:
    paid = ClassAmounts(input=of_input, output=of_output)
    return Line(paid.units, 1, TOKENS, by_class=paid)


def test_a_difference_is_of_money_and_of_the_classes_that_took_it() -> None:
    # acme 10 -> 13, of which input 4 -> 5; bolt's 3 are gone
    changed = difference({ACME: line(4, 6), BOLT: line(1, 2)}, {ACME: line(5, 8)})
    assert changed == {
        ACME: Line(3, by_class=ClassAmounts(input=1, output=2)),
        BOLT: Line(-3, by_class=ClassAmounts(input=-1, output=-2)),
    }
    assert difference({ACME: line(4, 6)}, {ACME: line(4, 6)}) == {}
