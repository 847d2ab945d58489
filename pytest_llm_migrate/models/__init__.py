"""Models: what a reference means, and how its calls are made, retried and named when they fail."""

from pytest_llm_migrate.models.handle import ModelHandle
from pytest_llm_migrate.models.provider import BedrockProvider, LocalProvider
from pytest_llm_migrate.models.references import Reference, parse_reference
from pytest_llm_migrate.models.retry import Retrying

__all__ = ["BedrockProvider", "LocalProvider", "ModelHandle", "Reference", "Retrying", "parse_reference"]
