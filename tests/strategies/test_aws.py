"""What a failed call of a service means: what may pass is told from what stands."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import eventstream
from botocore import exceptions as aws
from urllib3 import exceptions as wire

from pytest_llm_migrate.answers import retries
from pytest_llm_migrate.strategies.aws import PASSING, call_failed


def refusal(code: str, status: int = 400) -> aws.ClientError:
    """Return what boto3 raises for a reply that is an error."""
    response: Any = {"Error": {"Code": code, "Message": "words"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return aws.ClientError(response, "OptimizePrompt")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refusal("ThrottlingException", 429), "throttled"),
        (refusal("throttlingException"), "throttled"),
        (refusal("InternalServerException", 500), "server_error"),
        (refusal("BadGatewayException", 502), "server_error"),
        (refusal("DependencyFailedException", 424), "server_error"),  # AWS says to try again
        (refusal("503", 503), "server_error"),
        (refusal("429", 429), "throttled"),
        (refusal("RequestTimeout"), "timed_out"),
        (aws.ReadTimeoutError(endpoint_url="https://x"), "timed_out"),
        (wire.ReadTimeoutError(None, "", "read timed out"), "timed_out"),  # type: ignore[arg-type]  # no pool is needed
        (aws.ConnectionClosedError(endpoint_url="https://x"), "connection_lost"),
        (wire.ProtocolError("reset"), "connection_lost"),
        (eventstream.ChecksumMismatch(1, 2), "bad_checksum"),
        (eventstream.InvalidHeadersLength(9), "stream_broken"),
        (aws.IncompleteReadError(actual_bytes=1, expected_bytes=2), "stream_broken"),
    ],
)
def test_what_may_pass_is_tried_again(error: Exception, kind: str) -> None:
    """Throttling, servers that fail, timeouts and replies that break: strategies and the desk agree on them."""
    failed = call_failed(error)
    assert (failed.kind, failed.fatal) == (kind, False)
    assert kind in PASSING & retries.PASSING


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refusal("AccessDeniedException", 403), "access_denied"),
        (refusal("validationException"), "validation"),
        (refusal("ResourceNotFoundException", 404), "refused"),
        (refusal("403", 403), "refused"),
        (refusal("ServiceQuotaExceededException", 402), "quota_exceeded"),
        (aws.ParamValidationError(report="targetModelId is too long"), "refused"),
        (aws.InvalidRegionError(region_name="nowhere!"), "refused"),
        (aws.EndpointConnectionError(endpoint_url="https://x"), "cannot_connect"),
        (aws.SSLError(endpoint_url="https://x", error=ValueError("certificate")), "cannot_connect"),
        (aws.UnauthorizedSSOTokenError(), "no_credentials"),
        (aws.CredentialRetrievalError(provider="x", error_msg="no"), "no_credentials"),
    ],
)
def test_what_stands_is_told_at_once(error: Exception, kind: str) -> None:
    """Another call would meet it again."""
    failed = call_failed(error)
    assert (failed.kind, failed.fatal) == (kind, True)
    assert kind not in PASSING | retries.PASSING
