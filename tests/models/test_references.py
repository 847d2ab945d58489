"""What the texts of --source-model and --target-model mean."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.errors import BadReferenceError
from pytest_llm_migrate.models import Reference, parse_reference
from pytest_llm_migrate.models.references import EXAMPLES
from tests.models.endpoint.shapes import service

SCHEMES = ("bedrock", "local", "acme")

BEDROCK_IDS = (
    *EXAMPLES,
    "amazon.titan-text-lite-v1:0:4k",
    "ai21.jamba-1-5-mini-v1:0",
    "zai.glm-4.6",
    "us-gov.anthropic.claude-3-5-sonnet-20240620-v1:0",
    "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v2",
    "arn:aws-us-gov:bedrock:us-gov-west-1:111122223333:inference-profile/us.amazon.nova-lite-v1:0",
    "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abc123def456",
    "arn:aws:bedrock:us-east-1:111122223333:custom-model/amazon.nova-lite-v1:0:300k/abcdefghijkl",
    "arn:aws:sagemaker:us-east-1:111122223333:endpoint/our-model",
    "abc123def456",
)

OWN = "arn:aws(-us-gov|-cn|-eusc)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}"
NAMED = "[a-z0-9-]{1,63}[.][a-z0-9-]{1,63}"
ARNS = (
    f"arn:aws:bedrock:[a-z0-9-]{{1,20}}::foundation-model/{NAMED}[.:]?[a-z0-9-]{{1,63}}",
    f"{OWN}:custom-model/{NAMED}/[a-z0-9]{{12}}",
    f"{OWN}:(imported-model|provisioned-model|custom-model-deployment)/[a-z0-9]{{12}}",
    f"{OWN}:(inference-profile|application-inference-profile)/[a-zA-Z0-9-:.]+",
    f"{OWN}:prompt/[0-9a-zA-Z]{{10}}(:[0-9]{{1,5}})?",
    f"{OWN}:(default-)?prompt-router/[a-zA-Z0-9-:.]+",
    "arn:aws:sagemaker:[a-z0-9-]+:[0-9]{12}:endpoint/[a-zA-Z0-9-]+",
)
"""Every kind of ARN in the service's own pattern of a ``modelId``."""
PATTERN = re.compile(service().shape_for("ConversationalModelId").metadata["pattern"])


@pytest.mark.parametrize("text", BEDROCK_IDS)
def test_bedrock_ids_need_no_scheme(text: str) -> None:
    """A model id, inference profile or ARN is taken as it stands, its own colons included."""
    assert parse_reference(text, SCHEMES) == Reference("bedrock", text)


@pytest.mark.parametrize("text", BEDROCK_IDS)
def test_bedrock_scheme_may_be_written(text: str) -> None:
    """``bedrock:ID`` is the same model under the same text as ``ID``."""
    assert str(parse_reference(f"bedrock:{text}", SCHEMES)) == text


@given(st.sampled_from(ARNS).flatmap(lambda pattern: st.from_regex(pattern, fullmatch=True)))
def test_every_arn_that_the_service_takes_is_taken(arn: str) -> None:
    """Imported and custom models, throughput, profiles, prompts and routers are models."""
    assert PATTERN.fullmatch(arn)
    assert parse_reference(arn, SCHEMES) == Reference("bedrock", arn)


@pytest.mark.parametrize("kind", ["guardrail", "agent-alias", "knowledge-base", "model-invocation-job"])
def test_arns_of_what_is_no_model_are_refused(kind: str) -> None:
    """A guardrail or an agent cannot be asked, and that is known before any call."""
    with pytest.raises(BadReferenceError):
        parse_reference(f"arn:aws:bedrock:us-east-1:111122223333:{kind}/abc123def456", SCHEMES)


@pytest.mark.parametrize("text", ["local:smollm2-135m", "acme:a:b", "recorded"])
def test_other_references_keep_their_text(text: str) -> None:
    """A reference of a registered scheme, or ``recorded``, reads back as the text that it was."""
    assert str(parse_reference(f" {text} ", SCHEMES)) == text


def test_unregistered_scheme_is_part_of_an_id() -> None:
    """Text before the first colon is a scheme only if it is registered."""
    assert parse_reference("amazon.nova-lite-v1:0", ["amazon.nova-lite-v1"]) == Reference("amazon.nova-lite-v1", "0")
    assert parse_reference("amazon.nova-lite-v1:0", []) == Reference("bedrock", "amazon.nova-lite-v1:0")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("locl:smollm2", "local:smollm2"),
        ("LOCAL:SmolLM2", "local:SmolLM2"),
        ("bedrok:us.amazon.nova-lite-v1:0", "bedrock:us.amazon.nova-lite-v1:0"),
        ("recored", "recorded"),
        ("nova-lite", "us.amazon.nova-lite-v1:0"),
        ("Claude-3-Haiku", "anthropic.claude-3-haiku-20240307-v1:0"),
        ("us.amazon.nova lite", "us.amazon.nova-lite-v1:0"),
    ],
)
def test_wrong_reference_names_the_right_thing(text: str, meant: str) -> None:
    """A text that can be no model is refused before any call, with what was probably meant."""
    with pytest.raises(BadReferenceError, match="unknown model") as raised:
        parse_reference(text, SCHEMES)
    assert f"Did you mean {meant!r}?" in str(raised.value)


@pytest.mark.parametrize("text", ["gpt-4o", "gpt-4.1", "gemini-1.5-pro", "azure:gpt-4", "", "arn:aws:iam::1:role/x"])
def test_models_of_elsewhere_are_refused(text: str) -> None:
    """A name that nothing here resembles is refused with an example of a model id and the schemes there are."""
    with pytest.raises(BadReferenceError) as raised:
        parse_reference(text, SCHEMES)
    assert "Did you mean" not in str(raised.value)
    assert "'us.amazon.nova-lite-v1:0'" in str(raised.value)
    assert "Schemes: acme, bedrock, local." in str(raised.value)


@given(st.text(max_size=40))
def test_every_text_is_a_model_or_a_clear_error(text: str) -> None:
    """Whatever is written, it is either a reference that reads back as itself or refused in one sentence."""
    try:
        reference = parse_reference(text, SCHEMES)
    except BadReferenceError as refused:
        message = str(refused)
        assert message.startswith(f"unknown model {text.strip()!r}.")
    else:
        assert parse_reference(str(reference), SCHEMES) == reference
