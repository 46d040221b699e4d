"""Reports: every breakdown has the same total, and models stand beside each other."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from itertools import permutations

from hypothesis import strategies as some

from bursar.domain.ledger.lines import (
    IDLE,
    CostCategory,
    Kind,
    Line,
    LineKey,
    Statement,
    add_up,
)
from bursar.domain.ledger.model_costs import model_table
from bursar.domain.ledger.reports import By, pivot, report
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, Window, hour_of
from bursar.domain.quality import Quality
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import TokenCounts
from tests.unit.for_all import for_all

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = Window(NOON, NOON + 24 * HOUR)
GPU, API = CostCategory.GPU_COMPUTE, CostCategory.EXTERNAL_API


def line(usd: str, tokens: tuple[int, int] = (0, 0), requests: int = 0) -> Line:
    return Line(Money.of(usd).units, requests, TokenCounts(input=tokens[0], output=tokens[1]))


def statement(lines, at: datetime = NOON, **more) -> Statement:
    return Statement(hour_of(at), lines, **{"quality": Quality.FINAL, "as_of": 7, **more})


ACME = LineKey("acme", GPU, team="sales", model="llama", cluster="prod")
BOLT = LineKey("bolt", GPU, model="llama", cluster="prod")
IDLE_LLAMA = LineKey(IDLE, GPU, model="llama", cluster="prod", kind=Kind.IDLE)
GPT = LineKey("acme", API, team="sales", model="gpt", provider="openai", feature="chat")
WEB = LineKey("", CostCategory.CPU_COMPUTE, team="web", cluster="prod", namespace="web")
HOURS = [
    statement(
        {
            ACME: line("6", (500_000, 250_000), 30),
            BOLT: line("2", (200_000, 50_000), 10),
            IDLE_LLAMA: line("4"),
            GPT: line("3", (900_000, 100_000), 5),
            WEB: line("1"),
        }
    )
]

keys = some.builds(
    LineKey,
    tenant=some.sampled_from(["", "acme", "bolt", IDLE]),
    category=some.sampled_from(CostCategory),
    team=some.sampled_from(["", "x"]),
    model=some.sampled_from(["", "llama", "gpt"]),
    feature=some.sampled_from(["", "chat"]),
    cluster=some.sampled_from(["", "prod"]),
    adjusts=some.sampled_from(["", "2026-10"]),
    kind=some.sampled_from(Kind),
)
lines = some.builds(
    Line,
    some.integers(-(10**15), 10**18),
    some.integers(0, 9),
    some.builds(TokenCounts, input=some.integers(0, 10**9), output=some.integers(0, 10**6)),
)
hours = some.lists(
    some.builds(
        statement,
        some.dictionaries(keys, lines, max_size=6),
        some.integers(0, 40).map(lambda n: NOON + n * HOUR),
    ),
    max_size=4,
)


def _has_one_total(told, by) -> None:
    whole = sum((each.total.units for each in told), 0)
    assert sum(row.units for row in pivot(told, by).values()) == whole
    table = model_table(told)
    models = sum(each.total.units for each in table.models)
    later = sum(line.units for line in table.booked_later.values())
    assert models + table.rest.units + later == table.total.units == whole
    for each in table.models:
        assert sum(row.units for row in each.tenants.values()) == each.used.units
        assert sum(usd.units for usd in each.by_category.values()) == each.total.units
    for name in ("acme", "bolt"):
        made = report(told, By.TENANT, name, DAY)
        for rows in made.breakdowns.values():
            assert sum((row for _, row in rows), Line()) == made.total


test_every_breakdown_has_the_same_total = for_all(
    told=hours, by=some.lists(some.sampled_from(By), max_size=3)
)(_has_one_total)


def test_the_order_of_dimensions_changes_no_sum() -> None:
    three = (By.TENANT, By.MODEL, By.CATEGORY)
    found = [
        sorted(line.units for line in pivot(HOURS, by).values()) for by in permutations(three)
    ]
    assert all(each == found[0] for each in found)


def test_days_and_hours_are_dimensions_of_statements() -> None:
    told = [statement({GPT: line("1")}, NOON + n * HOUR) for n in (0, 1, 12)]
    assert {day: row.usd.plain() for (day,), row in pivot(told, (By.DAY,)).items()} == {
        "2026-11-20": "2",
        "2026-11-21": "1",
    }
    assert list(pivot(told, (By.HOUR,))) == [
        ("2026-11-20T12:00:00Z",),
        ("2026-11-20T13:00:00Z",),
        ("2026-11-21T00:00:00Z",),
    ]


def test_a_tenants_report_says_what_its_tokens_cost_and_its_share_of_idle() -> None:
    made = report(HOURS, By.TENANT, "acme", DAY)
    assert made.total.usd == Money.of(9)
    # 9 USD for 0.75 + 1 million tokens
    assert made.per_million(with_idle=False) == Money.of(9).times(Fraction(100, 175))
    assert made.per_million(with_idle=True) == Money.of(12).times(Fraction(100, 175))  # 3 beside
    # of llama's 4 idle, by 6 of 8 used: 3 of 9 + 3
    assert (made.idle, made.idle_beside, made.idle_share) == (
        Money.zero(),
        Money.of(3),
        Fraction(1, 4),
    )
    assert [name for name, _ in made.breakdowns[By.MODEL]] == ["llama", "gpt"]


def test_who_bought_a_model_has_no_share_of_the_idle_around_the_hosted_one_of_its_name() -> None:
    bought = LineKey("acme", API, model="llama", provider="openai")
    hours = [
        statement({bought: line("90", (900_000, 0)), IDLE_LLAMA: line("10")}),
        statement({BOLT: line("10", (100_000, 0))}, NOON + HOUR),
    ]
    acme, bolt = (report(hours, By.TENANT, name, DAY) for name in ("acme", "bolt"))
    assert (acme.idle_beside, bolt.idle_beside) == (Money.zero(), Money.of(10))  # not 9 and 1
    # 90 for 0.9 million tokens, and 10 + 10 for 0.1 million
    assert acme.per_million(with_idle=True) == acme.per_million(with_idle=False) == Money.of(100)
    assert bolt.per_million(with_idle=True) == Money.of(200)


def test_idle_that_a_rule_gave_to_a_tenant_is_in_its_total() -> None:
    borne = IDLE_LLAMA._replace(tenant="acme")
    made = report([statement({ACME: line("6"), borne: line("2")})], By.TENANT, "acme", DAY)
    assert (made.total.usd, made.idle, made.idle_beside) == (
        Money.of(8),
        Money.of(2),
        Money.zero(),
    )


def test_a_team_pays_nothing_for_tokens_that_it_did_not_use() -> None:
    made = report(HOURS, By.TEAM, "web", DAY)
    assert (made.total.usd, made.per_million(with_idle=True)) == (Money.of(1), None)


def test_a_window_that_nobody_stated_is_unknown() -> None:
    assert report([], By.TENANT, "acme", DAY).is_blind


def test_self_hosted_models_stand_beside_bought_ones_in_a_table_that_sums_to_the_ledger() -> None:
    table = model_table(HOURS)
    llama, gpt = table.models
    assert (llama.model, llama.hosting, llama.total, llama.used.usd) == (
        "llama",
        "self_hosted",
        Money.of(12),
        Money.of(8),
    )
    assert llama.utilisation == Fraction(2, 3)
    # a million tokens, for 8 USD of pods, and 12 with idle; 40 requests
    assert [llama.per_million(with_idle=idle).plain() for idle in (False, True)] == ["8", "12"]
    assert [llama.per_request(with_idle=idle).plain() for idle in (False, True)] == ["0.2", "0.3"]
    assert (gpt.hosting, gpt.utilisation) == ("openai", None)
    assert gpt.per_million(with_idle=True) == Money.of(3)
    assert (table.rest, table.total) == (Money.of(1), Money.of(16))
    assert [(name, row.usd.plain()) for name, row in llama.tenants.items()] == [
        ("acme", "6"),
        ("bolt", "2"),
    ]


def served(usd: str, tokens: TokenCounts, **paid: str) -> Line:
    """A line whose hour was divided by measured weights."""
    by_class = ClassAmounts(**{name: Money.of(part).units for name, part in paid.items()})
    return Line(Money.of(usd).units, 1, tokens, by_class=by_class)


def test_input_and_output_have_the_rates_that_divided_each_hour() -> None:
    tokens = TokenCounts(input=500_000, cached_input=100_000, output=100_000)
    hours = [
        statement({ACME: served("5", tokens, input="1", cached_input="0", output="4")}),
        statement({ACME: served("7", tokens, input="5", cached_input="0", output="2")}),
        statement({IDLE_LLAMA: line("6")}),
    ]
    [llama] = model_table(hours).models
    # 6 USD for 0.8 million, and 6 for 0.2 million; cached tokens took nothing
    used = llama.per_million_by_class(with_idle=False)
    assert used == (Money.of("7.5"), Money.zero(), Money.of(30))
    # 6 idle on 12 used: half as much again
    whole = llama.per_million_by_class(with_idle=True)
    assert whole == (Money.of("11.25"), Money.zero(), Money.of(45))


def test_where_some_cost_has_no_known_classes_there_is_no_rate_for_any() -> None:
    tokens = TokenCounts(input=500_000, output=100_000)
    told = [
        statement({ACME: served("5", tokens, input="1", output="4")}),
        statement({ACME: line("5", (500_000, 100_000))}),
    ]
    [llama] = model_table(told).models
    assert set(llama.per_million_by_class(with_idle=False)) == {None}
    assert llama.per_million(with_idle=False) == Money.of(10).times(Fraction(10, 12))


def test_a_model_that_served_no_token_has_no_price_and_no_use() -> None:
    [llama] = model_table([statement({IDLE_LLAMA: line("4")})]).models
    assert (llama.per_million(with_idle=True), llama.utilisation) == (None, 0)
    assert llama.total == Money.of(4)


def test_what_was_booked_later_is_in_the_total_and_in_no_rate() -> None:
    """In November 10 more of October's pods were told, and their idle 2: of a million tokens of
    November they are no cost."""
    october = {"adjusts": "2026-10"}
    late = {
        ACME._replace(**october): line("10"),
        IDLE_LLAMA._replace(**october): line("2"),
        GPT._replace(**october): line("5", (4_000_000, 0), 90),
        WEB._replace(**october): line("1"),
    }
    told = [*HOURS, statement(late, NOON + HOUR)]
    table, before = model_table(told), model_table(HOURS)
    assert table.models == before.models  # 8 for a million, and not 18; 8 of 12 used, not 18 of 24
    assert table.rest == Money.of(1)
    assert {month: row.usd.plain() for month, row in table.booked_later.items()} == {
        "2026-10": "18"
    }
    assert table.total == Money.of(34)  # 16 + 18
    for by, name in ((By.TENANT, "acme"), (By.MODEL, "llama"), (By.MODEL, "gpt")):
        made, own = report(told, by, name, DAY), report(HOURS, by, name, DAY)
        for idle in (False, True):
            assert made.per_million(with_idle=idle) == own.per_million(with_idle=idle)
        assert (made.idle_share, made.own) == (own.idle_share, own.total)
    acme = report(told, By.TENANT, "acme", DAY)
    assert acme.total.usd == Money.of(24)  # 9 + 10 + 5
    assert acme.booked_later == {"2026-10": line("15", (4_000_000, 0), 90)}


def test_training_of_a_model_is_not_its_inference() -> None:
    tuning = ACME._replace(category=CostCategory.TRAINING)
    table = model_table([statement({ACME: line("6"), tuning: line("5")})])
    assert (table.models[0].total, table.rest) == (Money.of(6), Money.of(5))


def test_a_models_rates_are_the_same_in_its_report_and_in_the_table() -> None:
    tuning = ACME._replace(category=CostCategory.TRAINING)
    told = [statement({**HOURS[0].lines, tuning: line("5")})]
    llama, made = model_table(told).models[0], report(told, By.MODEL, "llama", DAY)
    assert made.total.usd == Money.of(17)  # 8 of serving, 4 idle, 5 of training
    for idle, usd in ((False, "8"), (True, "12")):  # for a million tokens
        assert made.per_million(with_idle=idle) == llama.per_million(with_idle=idle)
        assert made.per_million(with_idle=idle) == Money.of(usd)
    # and whoever trains a model has no greater share of the idle around its serving
    assert report(told, By.TENANT, "acme", DAY).idle_beside == Money.of(3)


def test_tokens_without_a_price_are_in_no_rate() -> None:
    blind = Line(0, 7, unpriced=TokenCounts(input=10**9), unpriced_requests=7)
    [llama] = model_table([statement({ACME: line("6", (500_000, 250_000), 30) + blind})]).models
    assert llama.per_million(with_idle=False) == Money.of(8)  # 6 for 0.75 million
    assert llama.per_request(with_idle=False) == Money.of("0.2")  # 6 for 30 of 37


def test_a_sum_of_which_some_is_unknown_is_an_estimate() -> None:
    blind = statement({}, NOON + HOUR, quality=Quality.UNKNOWN, missing=("prod",))
    whole = add_up(DAY, [*HOURS, blind])
    assert (whole.quality, whole.missing, whole.total) == (
        Quality.ESTIMATED,
        ("prod",),
        Money.of(16),
    )
    assert add_up(DAY, []).quality is Quality.UNKNOWN


def test_a_provider_is_one_however_its_lines_were_booked():
    told = {GPT._replace(provider=name): line("3", (9, 1), 5) for name in ("openai", "OpenAI ")}
    hours = [statement(told)]
    assert pivot(hours, (By.PROVIDER,)) == {("openai",): line("6", (18, 2), 10)}  # 2 x 3
    [model] = model_table(hours).models
    assert (model.hosting, model.total) == ("openai", Money.of("6"))
