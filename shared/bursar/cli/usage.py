"""`bursar usage`: what model usage cost, offline, from files and from price books."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from bursar.cli import clock
from bursar.cli.exits import Exit, leave

if TYPE_CHECKING:
    from bursar.domain.usage.comparisons import Measured
    from bursar.domain.usage.file_costs import Dimension
    from bursar.ports import TokenPriceSchedule

app = App(name="usage", help="What model usage costs, token class by token class.")
app.command("bursar.cli.usage_deployed:import_usage", name="import", help="Post a file of usage.")
app.command(
    "bursar.cli.usage_deployed:summary", name="summary", help="Requests, tokens and their cost."
)
for _name, _help in (
    ("held", "Implausible records that wait for a decision."),
    ("release", "Post a held record after all."),
    ("drop", "Never post a held record."),
    ("rejected", "What could not be read or is not allowed."),
    ("conflicts", "Ids that were told again with another body; the first stands."),
):
    app.command(f"bursar.cli.usage_review:{_name}", name=_name, help=_help)

Prices = Annotated[
    str,
    Parameter(help="a YAML file of own prices, or genai: what providers publish (genai-prices)"),
]
Json = Annotated[
    bool, Parameter(name="--json", negative="", help="print JSON; amounts are strings")
]


@app.command
def cost(
    *files: Path,
    prices: Prices,
    by: Annotated[
        str, Parameter(help="model, tenant, feature, user, day or hour; several by comma")
    ],
    as_json: Json = False,
) -> None:
    """Price the records of JSONL, CSV or Parquet files, also gzipped, and sum them.

    Columns: id, at, tenant, model, provider, feature, user, key, source, producer, requests,
    input_tokens (all of the prompt), cached_input_tokens, cache_write_tokens,
    cache_write_1h_tokens, output_tokens, reasoning_tokens, latency_ms, batch. Others are ignored.
    A record told twice counts once; one that is wrong is listed with its line and left out; a
    model without a price is listed as unpriced. Days and hours are those of UTC.

    Exit code 2: a file or the prices cannot be used, or --by names no dimension.
    """
    from bursar.adapters.usage_files.lines import UnusableFileError
    from bursar.adapters.usage_files.summing import cost_files
    from bursar.cli.usage_views import print_costs, print_costs_json

    if not files:
        leave(Exit.WRONG_INPUT, ["name at least one file"])
    dimensions = _dimensions(by)
    book = _book(prices)
    try:
        costs = cost_files(files, book, dimensions, clock.now())
    except UnusableFileError as error:
        leave(Exit.WRONG_INPUT, [str(error)])
    if as_json:
        print_costs_json(costs, several_files=len(files) > 1)
    else:
        print_costs(costs)


@app.command
def conversation(
    model: str,
    *,
    turns: int,
    question_tokens: int,
    answer_tokens: int,
    system_tokens: int = 0,
    prices: Prices = "genai",
    provider: str = "",
    as_json: Json = False,
) -> None:
    """What a conversation costs, turn by turn, with its history sent again each time: with and
    without prompt caching (no turn later than five minutes after the one before).

    Exit code 2: wrong input. 3: the model has no price.
    """
    from bursar.cli.usage_views import print_conversation, print_conversation_json
    from bursar.domain.usage.conversations import Conversation, conversation_cost

    price = _book(prices).price_at(provider, model, clock.now())
    if price is None:
        leave(Exit.NO_PRICE, [f"{model} has no price"])
    try:
        asked = Conversation(turns, question_tokens, answer_tokens, system_tokens)
    except ValueError as error:
        leave(Exit.WRONG_INPUT, [str(error)])
    plain = conversation_cost(asked, price, caching=False)
    cached = conversation_cost(asked, price, caching=True)
    (print_conversation_json if as_json else print_conversation)(model, plain, cached)


@app.command
def compare(
    *models: str,
    input_tokens: int,
    output_tokens: int,
    requests: int = 1,
    cached_share: Annotated[str, Parameter(help="of the input, from 0 to 1")] = "0",
    batch: Annotated[bool, Parameter(negative="")] = False,
    quality: Annotated[
        tuple[str, ...], Parameter(negative="", help="MODEL=FIGURE, shown beside")
    ] = (),
    latency_ms: Annotated[tuple[str, ...], Parameter(negative="", help="MODEL=FIGURE")] = (),
    prices: Prices = "genai",
    as_json: Json = False,
) -> None:
    """What a workload costs on each model, cheapest first. `input_tokens` are those of one
    request, the cached ones among them.

    Exit code 2: wrong input. A model without a price comes last, without a rank.
    """
    from bursar.cli.usage_views import print_comparison, print_comparison_json
    from bursar.domain.usage.comparisons import Workload, compare_models

    if not models:
        leave(Exit.WRONG_INPUT, ["name at least one model"])
    try:
        share = Fraction(_figure("--cached-share", cached_share))
        workload = Workload(requests, input_tokens, output_tokens, share, batch)
        measured = _measured(models, quality, latency_ms)
    except ValueError as error:
        leave(Exit.WRONG_INPUT, [str(error)])
    book, now = _book(prices), clock.now()
    priced = {model: book.price_at("", model, now) for model in models}
    costs = compare_models(workload, priced, measured)
    (print_comparison_json if as_json else print_comparison)(costs)


def _dimensions(by: str) -> list[Dimension]:
    from bursar.domain.usage.file_costs import Dimension

    try:
        return list(dict.fromkeys(Dimension(name.strip()) for name in by.split(",")))
    except ValueError:
        known = ", ".join(Dimension)
        leave(Exit.WRONG_INPUT, [f"--by {by!r}: what can be asked for is {known}"])


def _book(prices: str) -> TokenPriceSchedule:
    if prices == "genai":
        from bursar.adapters.token_prices.genai import GenaiTokenPrices

        return GenaiTokenPrices()
    from bursar.adapters.token_prices.price_file import PriceFileError, read_price_file

    try:
        return read_price_file(Path(prices))
    except PriceFileError as error:
        leave(Exit.WRONG_INPUT, error.problems)


def _measured(
    models: Sequence[str], quality: Sequence[str], latency_ms: Sequence[str]
) -> dict[str, Measured]:
    from bursar.domain.usage.comparisons import Measured

    qualities = dict(_pair("--quality", models, each) for each in quality)
    latencies = dict(_pair("--latency-ms", models, each) for each in latency_ms)
    return {
        model: Measured(
            qualities.get(model),
            round(latencies[model]) if model in latencies else None,
        )
        for model in models
    }


def _pair(option: str, models: Sequence[str], told: str) -> tuple[str, Decimal]:
    model, _, figure = told.rpartition("=")
    if model not in models:
        raise ValueError(f"{option} {told!r} is not MODEL=FIGURE of a model that is compared")
    return model, _figure(option, figure)


def _figure(option: str, told: str) -> Decimal:
    try:
        figure = Decimal(told)
    except InvalidOperation:
        figure = Decimal("NaN")
    if not figure.is_finite() or len(told) > 40 or abs(figure.adjusted()) > 40:
        raise ValueError(f"{option} {told!r} is not a number")
    return figure
