"""Models: what a reference means, and how its calls are made and named when they fail."""

from pytest_llm_migrate.models.embeddings import BedrockEmbedder
from pytest_llm_migrate.models.handle import ModelHandle
from pytest_llm_migrate.models.provider import BedrockProvider, LocalProvider, OpenAIProvider, SageMakerProvider
from pytest_llm_migrate.models.references import Reference, parse_reference

__all__ = [
    "BedrockEmbedder",
    "BedrockProvider",
    "LocalProvider",
    "ModelHandle",
    "OpenAIProvider",
    "Reference",
    "SageMakerProvider",
    "parse_reference",
]
