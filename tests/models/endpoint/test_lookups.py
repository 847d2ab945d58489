"""Look-ups of models and profiles as a real client sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.models.endpoint import FoundationModel, InferenceProfile, Rule, Script, ScriptedFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.models.endpoint.conftest import Stage

LITE, HAIKU = "amazon.nova-lite-v1:0", "anthropic.claude-3-haiku-20240307-v1:0"
OWN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"
SCRIPT = Script(
    rules=(Rule(operation="GetInferenceProfile", model="secret", fault=ScriptedFault(name="AccessDeniedException")),),
    foundation_models=(
        FoundationModel(id=LITE, name="Nova Lite", provider="Amazon"),
        FoundationModel(id=HAIKU, lifecycle="LEGACY", inference_types=(), streaming=False),
    ),
    inference_profiles=(
        InferenceProfile(id=f"us.{LITE}", models=(LITE, f"arn:aws:bedrock:us-west-2::foundation-model/{LITE}")),
        InferenceProfile(id="abc123", models=(HAIKU,), kind="APPLICATION", name="ours"),
    ),
)


@pytest.fixture
def client(stage: Callable[[Script], Stage]) -> Any:
    """Return a client of the control plane."""
    return stage(SCRIPT).client("bedrock")


def ids(answer: dict[str, Any]) -> list[str]:
    """Return the ids of listed models."""
    return [model["modelId"] for model in answer["modelSummaries"]]


def test_models_are_listed_and_filtered(client: Any) -> None:
    """Provider and inference type narrow the list."""
    assert ids(client.list_foundation_models()) == [LITE, HAIKU]
    assert ids(client.list_foundation_models(byProvider="Anthropic")) == [HAIKU]
    assert ids(client.list_foundation_models(byInferenceType="ON_DEMAND")) == [LITE]


def test_model_is_found_by_id_and_arn(client: Any) -> None:
    """A model says its name, maker and life."""
    found = client.get_foundation_model(modelIdentifier=LITE)["modelDetails"]
    assert (found["modelName"], found["providerName"]) == ("Nova Lite", "Amazon")
    by_arn = client.get_foundation_model(modelIdentifier=f"arn:aws:bedrock:us-east-1::foundation-model/{HAIKU}")
    assert by_arn["modelDetails"]["modelLifecycle"] == {"status": "LEGACY"}
    assert by_arn["modelDetails"]["providerName"] == "Anthropic"


def test_profile_is_found_by_id_and_arn(client: Any) -> None:
    """A profile names the ARNs of the models behind it."""
    found = client.get_inference_profile(inferenceProfileIdentifier=f"us.{LITE}")
    assert [model["modelArn"] for model in found["models"]] == [
        f"arn:aws:bedrock:{region}::foundation-model/{LITE}" for region in ("us-east-1", "us-west-2")
    ]
    own = client.get_inference_profile(inferenceProfileIdentifier=OWN)
    assert (own["inferenceProfileName"], own["type"], own["inferenceProfileArn"]) == ("ours", "APPLICATION", OWN)


def test_profiles_are_listed_in_pages_and_by_type(client: Any) -> None:
    """A paginator reads all pages; the type narrows the list."""
    pages = list(client.get_paginator("list_inference_profiles").paginate(PaginationConfig={"PageSize": 1}))
    names = [page["inferenceProfileSummaries"][0]["inferenceProfileId"] for page in pages]
    assert names == [f"us.{LITE}", "abc123"]
    (own,) = client.list_inference_profiles(typeEquals="APPLICATION")["inferenceProfileSummaries"]
    assert own["inferenceProfileId"] == "abc123"


def test_what_is_not_there_is_not_found(client: Any) -> None:
    """Unknown models and profiles are named; a bad page is refused; a rule can deny access."""
    with pytest.raises(client.exceptions.ResourceNotFoundException, match=r"'amazon\.none-v1:0'"):
        client.get_foundation_model(modelIdentifier="amazon.none-v1:0")
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="'none'"):
        client.get_inference_profile(inferenceProfileIdentifier="none")
    with pytest.raises(client.exceptions.ValidationException, match="nextToken"):
        client.list_inference_profiles(nextToken="x")
    with pytest.raises(client.exceptions.AccessDeniedException):
        client.get_inference_profile(inferenceProfileIdentifier="secret")
