"""`usage:` of bursar.yaml: whose usage a producer tells, who may sign as it, what is billed."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bursar.config.usage import Producer, Usage
from bursar.domain.money import Money

ROLE = "arn:aws:iam::111122223333:role/service/llm-gateway"


def usage(**sections: Any) -> Usage:
    return Usage.model_validate(sections)


def gateway(**changes: Any) -> dict[str, Any]:
    return {"name": "gateway", "tenants": ["*"], "role_arns": [ROLE]} | changes


def problems(**sections: Any) -> list[str]:
    return [told for _, told in usage(**sections).problems(["prometheus:prod"])]


@pytest.mark.parametrize(
    ("caller", "name"),
    [
        ("arn:aws:sts::111122223333:assumed-role/llm-gateway/session", "gateway"),  # no path
        ("arn:aws:sts::111122223333:assumed-role/llm-gateway/a/b", "gateway"),
        ("arn:aws:sts::444455556666:assumed-role/llm-gateway/session", None),
        ("arn:aws:sts::111122223333:assumed-role/llm-gateway-2/session", None),
        ("arn:aws:sts::111122223333:assumed-role/other/llm-gateway", None),
        ("arn:aws:iam::111122223333:user/llm-gateway", None),
        ("arn:aws:iam::111122223333:root", None),
        ("", None),
        (ROLE, "gateway"),
    ],
)
def test_a_caller_is_the_producer_whose_role_it_has_assumed(caller: str, name: str | None) -> None:
    found = usage(producers=[gateway()]).producer_of(caller)
    assert (found.name if found else None) == name


def test_a_producer_without_roles_is_nobody_who_calls() -> None:
    assert usage(producers=[gateway(role_arns=[])]).producer_of("") is None


def test_an_account_of_the_issuer_is_one_producers() -> None:
    account = {"issuer": "https://issuer.example.com", "subject": "gateway"}
    found = usage(producers=[gateway(accounts=[account])])
    [mine] = found.producers[0].accounts
    assert found.producer_with(mine) == found.producers[0]
    assert found.producer_with(mine.model_copy(update={"issuer": "https://other"})) is None
    both = [gateway(name=name, role_arns=[], accounts=[account]) for name in ("one", "two")]
    assert problems(producers=both) == ["'two' and 'one' cannot both be gateway"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"tenants": []},  # speaks for nobody
        {"tenant": "search"},  # for one, and for any
        {"event_source": "aws.ec2"},
        {"role_arns": ["arn:aws:iam::111122223333:user/ana"]},
        {"format": "csv"},
        {"prices": {}},
    ],
)
def test_a_producer_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Producer.model_validate(gateway(**wrong))


def test_what_contradicts_itself_is_told() -> None:
    other = gateway(name="other", role_arns=[ROLE.replace("service/", "")])
    assert problems(producers=[gateway(), gateway()]) == ["producer 'gateway' stands twice"]
    [told] = problems(producers=[gateway(), other])  # a session's name is without the path
    assert told.startswith("'other' and 'gateway' cannot both sign as")
    route = {"models": "*", "billed_by": "nobody"}
    assert problems(producers=[gateway()], routes=[route]) == [
        "route '*' names producer 'nobody', not in producers"
    ]
    provisioned = [{"model": "nova", "usd_per_unit_hour": "1"}] * 2
    assert problems(provisioned=provisioned) == ["provisioned 'nova' stands twice"]


def test_two_prices_of_one_model_from_the_same_time_on_are_told() -> None:
    rates = {"input_usd_per_million": "1", "output_usd_per_million": "2"}
    always, other = {"model": "gpt", **rates}, {"model": "GPT", **rates}
    assert problems(token_prices=[always, other]) == ["token_prices 'gpt' stands twice"]
    dated = [{**always, "from": day} for day in ("2026-11-01", "2026-11-01T00:00:00Z")]
    assert problems(token_prices=[always, *dated]) == [
        "token_prices 'gpt from 2026-11-01T00:00:00Z' stands twice"
    ]
    spelled = [{**always, "provider": name} for name in ("aws", "Bedrock")]
    assert problems(token_prices=spelled) == ["token_prices 'aws: gpt' stands twice"]
    sold = [{**always, "provider": name} for name in ("", "openai", "azure")]
    assert problems(token_prices=sold) == []


def test_two_tiers_of_one_length_are_refused() -> None:
    rates = {"input_usd_per_million": "1", "output_usd_per_million": "2"}
    tiers = [{"above_input_tokens": 1000, **rates, "input_usd_per_million": n} for n in "57"]
    with pytest.raises(ValidationError, match="two tiers are above 1000 input tokens"):
        usage(token_prices=[{"model": "gpt", **rates, "tiers": tiers}])


def test_a_route_may_name_what_is_sent_and_what_is_collected() -> None:
    routes = [
        {"models": "llama-*", "billed_by": "prometheus:prod"},
        {"models": "*", "billed_by": "gateway"},
    ]
    assert problems(producers=[gateway()], routes=routes) == []


def test_two_routes_of_the_same_models_from_the_same_time_on_are_told() -> None:
    always = {"models": "gpt-*", "billed_by": "gateway"}
    dated = {**always, "from": "2026-11-01"}
    assert problems(producers=[gateway()], routes=[always, dated]) == []
    twice = [always, dated, {**always, "models": "GPT-*", "from": "2026-11-01T01:00:00+01:00"}]
    assert problems(producers=[gateway()], routes=twice) == [
        "routes 'gpt-* from 2026-11-01T00:00:00Z' stands twice"
    ]


def test_who_is_not_configured_is_not_found() -> None:
    assert usage(producers=[gateway()]).producer("gateway").name == "gateway"
    with pytest.raises(LookupError, match="no producer 'x' is configured"):
        usage().producer("x")
    with pytest.raises(LookupError, match="no 'bedrock:eu-west-1' is configured"):
        usage().bedrock_of("bedrock:eu-west-1")


def test_provisioned_throughput_has_the_price_of_its_model_and_commitment() -> None:
    rows = [
        {"model": "nova", "usd_per_unit_hour": "12.5"},
        {"model": "nova", "usd_per_unit_hour": "8", "commitment": "SixMonths"},
    ]
    found = usage(provisioned=rows)
    assert found.provisioned_price("nova", "") == Money.of("12.5")
    assert found.provisioned_price("nova", "SixMonths") == Money.of(8)
    assert found.provisioned_price("nova", "OneMonth") is None
    with pytest.raises(ValidationError, match="above 0"):
        usage(provisioned=[{"model": "nova", "usd_per_unit_hour": "0"}])
