"""The names under which a model may stand in a price book, from as told to as sold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bursar.domain.usage.providers import provider_name

BEDROCK = "aws"
_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:[^/]*/(.+)")
# https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html
_BEDROCK_ID = re.compile(
    r"(?P<region>(?:[a-z]+(?:-[a-z]+)?)\.)?"
    r"(?:ai21|amazon|anthropic|cohere|deepseek|google|luma|meta|minimax|mistral|moonshotai?"
    r"|nvidia|openai|qwen|stability|twelvelabs|writer|zai)\.\S+"
)
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html
# and LiteLLM names provisioned throughput by its commitment
_OWN = re.compile(
    r"(?:^|[:/])(?:application-inference-profile|custom-model|custom-model-deployment"
    r"|imported-model|provisioned-model|\d+-month-commitment)/"
)
# LiteLLM puts a route or a region between the provider and a Bedrock id
_ROUTE = re.compile(r"(?:converse|converse_like|invoke|[a-z]{2}(?:-[a-z]+)+-\d)/(.+)")


def price_names(provider: str, model: str) -> Iterator[tuple[str, str]]:
    """(provider, model) as told, then without what gateways and AWS put around a model's name.

    `bedrock/us.anthropic.claude-x-v1:0` -> that id of `aws` -> without its region. An inference
    profile of AWS is priced as the model it is named by; an application's own profile names
    none. The provider is as told, else `seller_in` the name: what Bedrock sells is never priced
    as its maker sells it. It is empty where nothing tells it.
    """
    provider = provider_name(provider) or seller_in(model)
    yield provider, model
    name = model.strip().lower()
    if arn := _ARN.fullmatch(name):
        provider, name = BEDROCK, arn[1]
        yield provider, name
    prefix, slash, rest = name.partition("/")
    if slash and (not provider or provider_name(prefix) == provider):
        provider, name = provider_name(prefix), rest
        if provider == BEDROCK and (route := _ROUTE.fullmatch(name)):
            name = route[1]
        yield provider, name
    if provider in ("", BEDROCK) and (bedrock := _BEDROCK_ID.fullmatch(name)):
        yield BEDROCK, name
        if region := bedrock["region"]:
            yield BEDROCK, name.removeprefix(region)


def name_sold_by(provider: str, model: str) -> str:
    """The last of `price_names`, in lower case: one for all that gateways make of it."""
    *_, (_, name) = price_names(provider, model)
    return name.lower()


def seller_in(model: str) -> str:
    """The provider that a name tells beyond doubt (`us.anthropic.claude-x`: aws), or empty."""
    name = model.strip().lower()
    prefix, slash, _ = name.partition("/")
    bedrocks = (
        (slash and provider_name(prefix) == BEDROCK)
        or _BEDROCK_ID.fullmatch(name)
        or _ARN.fullmatch(name)
        or is_own_model(name)
    )
    return BEDROCK if bedrocks else ""


def is_own_model(model: str) -> bool:
    """Whether an account of Bedrock has it alone: it is billed by the hour or at a price of its
    own, and never as the model that it was made from."""
    return _OWN.search(model.strip().lower()) is not None
