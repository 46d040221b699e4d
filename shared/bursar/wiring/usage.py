"""How usage is taken in: everything between a producer's message and the ledger."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

from bursar.adapters.dynamodb.ledger.conflicts import DynamoConflictLog
from bursar.adapters.dynamodb.ledger.store import DynamoLedgerStore
from bursar.adapters.dynamodb.ledger.windows import DynamoEnforcedWindows
from bursar.adapters.dynamodb.quarantine import DynamoQuarantine
from bursar.adapters.s3_usage import S3UsageArchive
from bursar.adapters.token_prices.genai import GenaiTokenPrices
from bursar.adapters.usage_formats.reading import read
from bursar.config import Config
from bursar.domain.ledger.enforced_budgets import EnforcedBudgets
from bursar.domain.usage.plausibility import PlausibilityLimits
from bursar.domain.usage.price_books import LayeredTokenPrices, OwnTokenPrices
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.routes import ModelRoute, ModelRoutes
from bursar.jobs.bill_usage import UsageBilling
from bursar.jobs.post_usage import Patience
from bursar.jobs.take_usage import UsageIntake
from bursar.ports import TokenPriceBook, UsageArchive

if TYPE_CHECKING:
    from bursar.jobs.replay_usage import UsageReplay


def usage_intake(
    config: Config,
    producer: ProducerPolicy,
    table: Any,
    s3: Any,
    bucket: str,
    prices: TokenPriceBook,
) -> UsageIntake:
    return UsageIntake(
        producer=producer,
        read=read,
        archive=S3UsageArchive(s3, bucket),
        quarantine=DynamoQuarantine(table),
        billing=_billing(config, table, prices),
        limits=PlausibilityLimits(dearest_request=config.usage.record_ceiling_usd),
    )


def usage_replay(
    config: Config, table: Any, archive: UsageArchive, prices: TokenPriceBook
) -> UsageReplay:
    from bursar.jobs.replay_usage import UsageReplay  # by hand alone: no function imports it

    return UsageReplay(
        billing=_billing(config, table, prices),
        unit_price=config.usage.provisioned_price,
        archive=archive,
    )


def _billing(config: Config, table: Any, prices: TokenPriceBook) -> UsageBilling:
    return UsageBilling(
        routes=model_routes(config),
        prices=prices,
        ledger=DynamoLedgerStore(table),
        conflicts=DynamoConflictLog(table),
        windows=DynamoEnforcedWindows(table),
        budgets=enforced_budgets(config),
        patience=Patience(time.sleep, random.uniform),
    )


def token_prices(config: Config) -> TokenPriceBook:
    own = OwnTokenPrices(row.token_price for row in config.usage.token_prices)
    return LayeredTokenPrices(own, GenaiTokenPrices())


def model_routes(config: Config) -> ModelRoutes:
    routes = tuple(
        ModelRoute(each.models, each.billed_by, each.begins) for each in config.usage.routes
    )
    compared = frozenset(config.metrics_producers if config.usage.producers else ())
    return ModelRoutes(routes, frozenset(config.attribution.self_hosted.models), compared)


def enforced_budgets(config: Config) -> EnforcedBudgets:
    enforced = [budget for budget in config.budgets if budget.enforced]
    teams = config.attribution.teams
    return EnforcedBudgets(enforced, config.organisation, lambda tenant: teams.get(tenant, ""))
