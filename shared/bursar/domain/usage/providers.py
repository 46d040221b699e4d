"""One name for each provider, whatever the telemetry calls it: those of genai-prices."""

from __future__ import annotations

# OpenTelemetry's `gen_ai.provider.name` and `gen_ai.system`, LiteLLM's `custom_llm_provider`, and
# LangChain's `ls_provider`
_NAMES = {
    "amazon_bedrock": "aws",
    "aws.bedrock": "aws",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "az.ai.inference": "azure",
    "az.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "azure_ai": "azure",
    "azure_openai": "azure",
    "fireworks_ai": "fireworks",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "gemini": "google",
    "google_genai": "google",
    "google_vertexai": "google",
    "mistral_ai": "mistral",
    "together_ai": "together",
    "vertex_ai": "google",
    "vertex_ai_beta": "google",
    "x_ai": "x-ai",
    "xai": "x-ai",
}


def provider_name(told: str) -> str:
    """`aws` of `Bedrock`, `openai` of ` OpenAI`: in lower case and without space around it; a
    provider that is not known keeps its own name."""
    name = told.strip().lower()
    return _NAMES.get(name, name)
