"""Who made a model."""

from __future__ import annotations

import pytest

from pytest_llm_migrate.domain.families import family_of, same_model


@pytest.mark.parametrize(
    ("ref", "family"),
    [
        ("us.amazon.nova-lite-v1:0", "amazon"),
        ("anthropic.claude-3-haiku-20240307-v1:0", "anthropic"),
        ("arn:aws:bedrock:eu-west-1::foundation-model/meta.llama3-8b-instruct-v1:0", "meta"),
        ("arn:aws:bedrock:eu-west-1:ACCOUNT:application-inference-profile/abc", None),
        ("local:smollm2-135m", "smollm"),
        ("local:qwen2.5-0.5b", "qwen"),
        ("openai:gpt-oss-20b", "openai"),
        ("openai:meta-llama/Llama-3.1-8B", "meta"),
        ("sagemaker:claude-like", None),
        ("local:7b", None),
        ("recorded", None),
    ],
)
def test_the_family_is_the_maker(ref: str, family: str | None) -> None:
    """As far as the reference says it."""
    assert family_of(ref) == family


def test_one_model_has_several_names() -> None:
    """The geography of an inference profile does not make another model."""
    assert same_model("us.amazon.nova-lite-v1:0", "bedrock:eu.amazon.nova-lite-v1:0")
    assert not same_model("amazon.nova-lite-v1:0", "amazon.nova-micro-v1:0")
    assert same_model("local:smollm2-135m", "local:smollm2-135m")
    assert not same_model("local:smollm2-135m", "amazon.nova-lite-v1:0")
