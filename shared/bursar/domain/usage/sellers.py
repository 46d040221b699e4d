"""Who sells the use of models: usage that names one of them is bought, whatever our pods serve."""

from __future__ import annotations

from bursar.domain.usage.providers import provider_name

# as genai-prices names them. Not `openai`: so clients call whatever speaks OpenAI's API, such as
# vLLM, and whoever names a model in `self_hosted.models` does not mean one that OpenAI alone has
_SELLERS = frozenset(
    {
        "anthropic",
        "arcee",
        "avian",
        "aws",
        "azure",
        "baseten",
        "cerebras",
        "cloudflare",
        "cohere",
        "databricks",
        "deepseek",
        "doubleword",
        "fireworks",
        "google",
        "groq",
        "minimax",
        "mistral",
        "modal",
        "moonshotai",
        "novita",
        "openrouter",
        "ovhcloud",
        "perplexity",
        "together",
        "voyageai",
        "x-ai",
        "zai",
        "zhipuai",
    }
)
_RESOLD = "huggingface_"  # by the seller that follows


def sells_models(provider: str) -> bool:
    name = provider_name(provider)
    return name in _SELLERS or name.startswith(_RESOLD)
