"""Counting a request's tokens without calling a model."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from pytest_llm_migrate.domain import Request, Turn
from pytest_llm_migrate.models.bedrock import BedrockModel

if TYPE_CHECKING:
    from tests.models.conftest import Connect

REQUEST = Request(
    turns=(Turn("user", "how are you"),), system="Be brief.", inference={"temperature": 0, "max_tokens": 9, "top_k": 5}
)
UNSUPPORTED = ClientError(
    {"Error": {"Code": "ValidationException", "Message": "The provided model doesn't support counting tokens."}},
    "CountTokens",
)


class Counter:
    """A client that counts for some model ids, and fails for others."""

    def __init__(self, faults: dict[str, Exception]) -> None:
        self.faults = faults
        self.meta = SimpleNamespace(region_name="us-east-1")
        self.asked: list[str] = []

    def count_tokens(self, **parameters: Any) -> dict[str, Any]:
        """Count, or raise."""
        self.asked.append(parameters["modelId"])
        if fault := self.faults.get(parameters["modelId"]):
            raise fault
        return {"inputTokens": 12}


def counted(reference: str, faults: dict[str, Exception]) -> tuple[int | None, list[str]]:
    """Return what a model counts, and which ids it asked for."""
    client: Any = Counter(faults)
    return BedrockModel(reference, reference, client).count_tokens(REQUEST), client.asked


def test_tokens_are_counted_over_http(connect: Connect) -> None:
    """The service gets the model and what it would be sent, without the settings that CountTokens does not take."""
    model, endpoint = connect()
    tokens = model.count_tokens(REQUEST)
    assert tokens is not None
    assert tokens > 0
    assert [call.operation for call in endpoint.calls] == ["CountTokens"]


@pytest.mark.parametrize(
    ("reference", "faults", "tokens", "asked"),
    [
        ("amazon.nova", {}, 12, ["amazon.nova"]),
        ("us.amazon.nova", {}, 12, ["amazon.nova"]),
        ("us.amazon.nova", {"amazon.nova": UNSUPPORTED}, 12, ["amazon.nova", "us.amazon.nova"]),
        ("amazon.nova", {"amazon.nova": UNSUPPORTED}, None, ["amazon.nova"]),
        (
            "us.amazon.nova",
            {"amazon.nova": UNSUPPORTED, "us.amazon.nova": EndpointConnectionError(endpoint_url="http://x")},
            None,
            ["amazon.nova", "us.amazon.nova"],
        ),
    ],
)
def test_the_model_is_asked_for_before_its_profile(
    reference: str, faults: dict[str, Exception], tokens: int | None, asked: list[str]
) -> None:
    """A profile's model counts for it; where neither does, the number is unknown and nothing is raised."""
    assert counted(reference, faults) == (tokens, asked)
