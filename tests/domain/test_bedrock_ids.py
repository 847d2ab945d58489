"""What the shape of a reference tells of its model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain.bedrock_ids import (
    base_id,
    bedrock_id,
    is_application_profile,
    is_capacity,
    region_of,
)

NOVA = "amazon.nova-lite-v1:0"
ACCOUNT = "arn:aws:bedrock:eu-west-1:123456789012:"


@pytest.mark.parametrize("geography", ["us", "eu", "apac", "us-gov", "jp", "au", "ca", "in", "global"])
def test_a_profile_id_is_its_model_in_a_geography(geography: str) -> None:
    """Regional and global profiles say their model, as ids and as ARNs."""
    profile = f"{geography}.{NOVA}"
    assert [bedrock_id(text) for text in (profile, f"bedrock:{profile}", f"{ACCOUNT}inference-profile/{profile}")] == [
        profile,
        profile,
        profile,
    ]
    assert base_id(profile) == NOVA


@pytest.mark.parametrize("model", [NOVA, "ai21.jamba-1-5-large-v1:0", "openai.gpt-oss-20b-1:0"])
def test_a_model_has_no_geography_to_lose(model: str) -> None:
    """A provider's short name is no geography."""
    assert base_id(model) == bedrock_id(model) == model


@pytest.mark.parametrize(
    ("kind", "is_profile", "has_capacity"),
    [
        ("application-inference-profile/a1b2", True, False),
        ("provisioned-model/a1b2", False, True),
        ("imported-model/a1b2", False, True),
        ("custom-model-deployment/a1b2", False, False),
        ("prompt-router/a1b2", False, False),
        ("default-prompt-router/meta.llama:1", False, False),
    ],
)
def test_other_resources_do_not_say_their_model(kind: str, *, is_profile: bool, has_capacity: bool) -> None:
    """An application profile can be looked up, and capacity is not paid for by tokens."""
    arn = ACCOUNT + kind
    assert bedrock_id(arn) is None
    assert (is_application_profile(arn), is_capacity(arn)) == (is_profile, has_capacity)


def test_the_region_of_an_arn() -> None:
    """A model of all regions names none, and an id is no ARN."""
    assert region_of(f"arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/{NOVA}") == "us-gov-west-1"
    assert region_of(f"arn:aws:bedrock:::foundation-model/{NOVA}") == region_of(NOVA) == ""


@given(st.text() | st.from_regex(r"\A(us\.|arn:aws:bedrock:)?[a-z]*[.:/][a-z.:/-]*\Z"))
def test_any_text_has_a_shape(reference: str) -> None:
    """No text is an error, and none is two things at once."""
    found = bedrock_id(reference)
    assert [found is not None, is_application_profile(reference), is_capacity(reference)].count(True) <= 1
    assert found is None or found in reference
