"""Who made a model, as far as its reference tells."""

from __future__ import annotations

import re

from pytest_llm_migrate.domain.bedrock_ids import base_id, bedrock_id

_MAKERS = {
    "claude": "anthropic",
    "command": "cohere",
    "gemini": "google",
    "gemma": "google",
    "gpt": "openai",
    "llama": "meta",
    "ministral": "mistral",
    "mixtral": "mistral",
    "nova": "amazon",
    "titan": "amazon",
}
"""Makers by what their models' names begin with, where that is not the maker's own name."""
_SAYS_NOTHING = frozenset({"sagemaker"})


def family_of(reference: str) -> str | None:
    """Return who made a model: ``us.amazon.nova-lite-v1:0`` → ``amazon``; ``None`` for what does not say.

    A name that is no Bedrock id is known by its first letters: ``local:qwen2.5-0.5b`` → ``qwen``.
    """
    model_id = bedrock_id(reference)
    if model_id:
        return base_id(model_id).partition(".")[0]
    scheme, colon, name = reference.partition(":")
    letters = re.match("[a-z]+", name.rpartition("/")[2].lower())
    if not colon or scheme in _SAYS_NOTHING or scheme.startswith("arn") or name.startswith("arn:") or not letters:
        return None
    return _MAKERS.get(letters[0], letters[0])


def same_model(one: str, other: str) -> bool:
    """Tell whether two references mean one model for sure, whatever the geography of their inference profiles."""
    ids = [bedrock_id(reference) for reference in (one, other)]
    if ids[0] and ids[1]:
        return base_id(ids[0]) == base_id(ids[1])
    return one == other
