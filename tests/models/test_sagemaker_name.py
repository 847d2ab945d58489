"""Connecting to SageMaker endpoints: how they are named, and what is known to be wrong before a call."""

from __future__ import annotations

import pytest

from pytest_llm_migrate.errors import CannotConnectError
from pytest_llm_migrate.models import SageMakerProvider


@pytest.mark.parametrize(
    "name", ["", "my endpoint", "llm/", "llm/chat/tgi", "llm/tgi/", "llm/component=", "llm/component=a/tgi", "-llm"]
)
def test_name_of_no_endpoint_is_found_before_a_call(aws: pytest.MonkeyPatch, name: str) -> None:
    """A name that no endpoint can have is one sentence that shows how names are written."""
    del aws
    with pytest.raises(CannotConnectError, match=r"names no SageMaker endpoint\. Write sagemaker:ENDPOINT"):
        SageMakerProvider().connect(name)


def test_missing_credentials_are_found_before_a_call(no_aws: pytest.MonkeyPatch) -> None:
    """Without credentials the error names the ways to give them; Bedrock's token is none of them."""
    no_aws.setenv("AWS_DEFAULT_REGION", "us-east-1")
    no_aws.setenv("AWS_BEARER_TOKEN_BEDROCK", "token")
    said = r"'sagemaker:llm': Unable to locate credentials\. Run `aws configure sso` or `aws configure`, or set"
    with pytest.raises(CannotConnectError, match=said):
        SageMakerProvider().connect("llm")


def test_endpoints_share_one_client(aws: pytest.MonkeyPatch) -> None:
    """Two endpoints of a provider have their own references and one client."""
    del aws
    provider = SageMakerProvider()
    first, second = provider.connect("a"), provider.connect("b/tgi")
    assert (provider.scheme, first.ref, second.ref) == ("sagemaker", "sagemaker:a", "sagemaker:b/tgi")
    assert first._client is second._client
    assert first.concurrency >= 1
