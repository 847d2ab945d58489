"""Names for everything that can go wrong in a call, and what is left out of their messages."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import pytest
import urllib3
from botocore import eventstream, exceptions
from botocore.parsers import ResponseParserError

from pytest_llm_migrate.models.faults import LONGEST_MESSAGE, call_failure, is_about_streaming

URL = "https://bedrock-runtime.us-east-1.amazonaws.com"


def said(
    code: str, message: str = "no", status: int = 400, headers: dict[str, str] | None = None
) -> exceptions.ClientError:
    """Return what boto3 raises for an error of the service."""
    metadata = {"HTTPStatusCode": status, "HTTPHeaders": headers or {}}
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}
    return exceptions.ClientError(response, "ConverseStream")


def said_in_stream(code: str, message: str = "no") -> exceptions.EventStreamError:
    """Return what boto3 raises for an error within a stream, with the status that it makes up."""
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return exceptions.EventStreamError(response, "ConverseStream")


@pytest.mark.parametrize(
    ("code", "status", "kind", "fatal"),
    [
        ("ThrottlingException", 429, "throttled", False),
        ("TooManyRequestsException", 429, "throttled", False),
        ("ModelNotReadyException", 429, "model_not_ready", False),
        ("ModelTimeoutException", 408, "timed_out", False),
        ("ModelErrorException", 424, "server_error", False),
        ("InternalServerException", 500, "server_error", False),
        ("ServiceUnavailableException", 503, "server_error", False),
        ("ValidationException", 400, "validation", False),
        ("AccessDeniedException", 403, "access_denied", True),
        ("ResourceNotFoundException", 404, "unknown_model", True),
        ("UnknownOperationException", 404, "wrong_endpoint", True),
        ("404", 404, "wrong_endpoint", True),
        ("ExpiredTokenException", 403, "expired_token", True),
        ("ExpiredToken", 403, "expired_token", True),
        ("UnrecognizedClientException", 403, "bad_credentials", True),
        ("InvalidSignatureException", 403, "bad_credentials", True),
        ("503", 503, "server_error", False),
        ("502", 502, "server_error", False),
        ("429", 429, "throttled", False),
        ("413", 413, "validation", False),
        ("SomethingNewException", 403, "access_denied", True),
        ("", 500, "server_error", False),
    ],
)
def test_error_of_the_service_has_a_kind(code: str, status: int, kind: str, fatal: bool) -> None:  # noqa: FBT001 - a table
    """The service's code decides, or the status where the code is unknown; what fails for every row is fatal."""
    failed = call_failure(said(code, status=status))
    assert (failed.kind, failed.fatal, bool(failed.way_out)) == (kind, fatal, fatal)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("throttlingException", "throttled"),
        ("internalServerException", "server_error"),
        ("serviceUnavailableException", "server_error"),
        ("validationException", "validation"),
        ("modelStreamErrorException", "stream_broken"),
        ("InternalError", "stream_broken"),
    ],
)
def test_error_within_a_stream_has_a_kind(code: str, kind: str) -> None:
    """Streams write codes in lower camel case, and an unknown code there breaks the stream."""
    assert call_failure(said_in_stream(code)).kind == kind


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("ValidationException", "Input is too long for requested model.", "context_too_long"),
        (
            "validationException",
            "The model returned the following errors: prompt is too long: 9 > 8",
            "context_too_long",
        ),
        ("ValidationException", "This model's maximum context length is 8192 tokens.", "context_too_long"),
        ("ValidationException", "The provided model identifier is invalid.", "unknown_model"),
        (
            "ValidationException",
            "Invocation of model ID amazon.nova-lite-v1:0 with on-demand throughput isn't supported.",
            "needs_inference_profile",
        ),
        ("ThrottlingException", "Too many tokens per day, please wait before trying again.", "throttled"),
        ("ValidationException", "Invalid modelId ARN: amazon", "unknown_model"),
        ("ThrottlingException", "Too many tokens, please wait before trying again.", "throttled"),
        ("AccessDeniedException", "Bearer Token has expired", "expired_token"),
    ],
)
def test_message_tells_what_the_code_does_not(code: str, message: str, kind: str) -> None:
    """Where one code means several things, the message decides."""
    assert call_failure(said(code, message)).kind == kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (exceptions.ReadTimeoutError(endpoint_url=URL), "timed_out"),
        (exceptions.ConnectTimeoutError(endpoint_url=URL), "timed_out"),
        (exceptions.ConnectionClosedError(endpoint_url=URL), "connection_lost"),
        (exceptions.EndpointConnectionError(endpoint_url=URL), "connection_lost"),
        (exceptions.SSLError(endpoint_url=URL, error=ssl.SSLError("eof")), "connection_lost"),
        (exceptions.HTTPClientError(error="odd"), "connection_lost"),
        (exceptions.ResponseStreamingError(error="reset"), "stream_broken"),
        (urllib3.exceptions.ProtocolError("reset"), "stream_broken"),
        (urllib3.exceptions.ReadTimeoutError(None, None, "silence"), "timed_out"),  # type: ignore[arg-type]
        (eventstream.ChecksumMismatch(1, 2), "bad_checksum"),
        (eventstream.InvalidPayloadLength(1), "stream_broken"),
        (ResponseParserError("cut"), "truncated_body"),
        (UnicodeDecodeError("utf-8", b"\xe2", 0, 1, "unexpected end of data"), "truncated_body"),
        (exceptions.ParamValidationError(report="temperature"), "validation"),
        (exceptions.NoCredentialsError(), "no_credentials"),
        (exceptions.NoRegionError(), "no_region"),
        (exceptions.InvalidEndpointConfigurationError(msg="bearer needs https"), "wrong_endpoint"),
        (exceptions.ProfileNotFound(profile="dev"), "no_credentials"),
        (exceptions.UnauthorizedSSOTokenError(), "expired_token"),
        (exceptions.TokenRetrievalError(provider="sso", error_msg="expired"), "expired_token"),
        (exceptions.SSOTokenLoadError(error_msg="gone"), "expired_token"),
        (exceptions.PartialCredentialsError(provider="env", cred_var="secret_key"), "no_credentials"),
        (exceptions.CredentialRetrievalError(provider="process", error_msg="gone"), "no_credentials"),
        (exceptions.NoAuthTokenError(), "no_credentials"),
        (exceptions.InvalidRegionError(region_name="us east"), "no_region"),
        (urllib3.exceptions.IncompleteRead(1, 2), "stream_broken"),
        (urllib3.exceptions.InvalidChunkLength(urllib3.HTTPResponse(), b"?"), "stream_broken"),
        (urllib3.exceptions.DecodeError("not gzip"), "stream_broken"),
        (urllib3.exceptions.SSLError("eof"), "stream_broken"),
        (urllib3.exceptions.ConnectTimeoutError("silence"), "timed_out"),
        (exceptions.UnknownServiceError(service_name="x", known_service_names="y"), "client_error"),
    ],
)
def test_error_of_the_client_has_a_kind(error: Exception, kind: str) -> None:
    """What botocore and urllib3 raise themselves is told apart by its class."""
    assert call_failure(error).kind == kind


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (ConnectionRefusedError(111, "refused"), "wrong_endpoint"),
        (socket.gaierror(socket.EAI_NONAME, "no such name"), "wrong_endpoint"),
        (socket.gaierror(socket.EAI_AGAIN, "no network"), "connection_lost"),
        (OSError(113, "no route"), "connection_lost"),
    ],
)
def test_address_of_nobody_is_wrong(cause: OSError, kind: str) -> None:
    """Where no host has the name or nothing listens every call fails alike; a network that is gone may come back."""
    wrapped = urllib3.exceptions.HTTPError("no connection")
    wrapped.__cause__ = cause
    error = exceptions.EndpointConnectionError(endpoint_url=URL, error=wrapped)
    error.__context__ = wrapped
    assert call_failure(error).kind == kind
    assert call_failure(error).fatal is (kind == "wrong_endpoint")


@pytest.mark.parametrize("code", ["THROTTLINGEXCEPTION", "throttlingexception", "throttling", "Throttling"])
def test_case_of_a_code_is_nothing(code: str) -> None:
    """Codes mean the same in any case, with and without their last word, in errors and in streams."""
    assert call_failure(said(code, status=429)).kind == call_failure(said_in_stream(code)).kind == "throttled"


def test_daily_quota_is_not_waited_for() -> None:
    """A quota that is used up for the day ends the run with its way out; a crowded minute does not."""
    failed = call_failure(said("ThrottlingException", "Too many tokens per day, please wait.", 429))
    assert (failed.kind, failed.fatal) == ("throttled", True)
    assert "ask for a higher one in Service Quotas" in str(failed)
    assert not call_failure(said("ThrottlingException", "Too many tokens, please wait.", 429)).fatal


def test_access_denied_names_the_actions() -> None:
    """Who may not call the model reads which two IAM actions are needed."""
    message = str(call_failure(said("AccessDeniedException", "You don't have access to the model.", 403)))
    assert message.startswith("access_denied: You don't have access to the model. Allow bedrock:InvokeModel and ")
    assert "bedrock:InvokeModelWithResponseStream" in message


def test_expired_login_names_the_command() -> None:
    """Who must log in again reads how."""
    assert "`aws sso login`" in str(call_failure(exceptions.UnauthorizedSSOTokenError()))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"x-amz-retry-after": "1500"}, 1.5),
        ({"x-amz-retry-after": "1500", "retry-after": "7"}, 1.5),
        ({"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"}, None),
        ({"retry-after": "-1"}, None),
    ],
)
def test_requested_wait_is_read(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, or milliseconds in AWS's own header, are read; anything else is no wish."""
    assert call_failure(said("ThrottlingException", status=429, headers=headers)).retry_after == seconds


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            "User: arn:aws:sts::111122223333:assumed-role/dev/me is not authorized",
            "User: arn:aws:sts::<account>:assumed-role/dev/me is not authorized",
        ),
        ("no answer from /model/arn%3A111122223333%3Ax", "no answer from /model/arn%3A<account>%3Ax"),
        ("The key AKIAIOSFODNN7EXAMPLE is disabled", "The key <key> is disabled"),
        ("Authorization=AWS4-HMAC-SHA256 was wrong", "Authorization=... was wrong"),
        ("x-amz-security-token:FwoGZXIvYXdzEBYaD was wrong", "x-amz-security-token=... was wrong"),
        ("sent Bearer ABCDEFGHIJKLMNOPQRSTUVWXYZ", "sent Bearer ..."),
        ("Authorization: Bearer ABCDEFGHIJKLMNOPQRSTUVWXYZ was wrong", "Authorization=... ... was wrong"),
        ("Bearer token has expired", "Bearer token has expired"),
        (f"token '{'Ab1/' * 40}' was wrong", "token '<token>' was wrong"),
        ("does not match.\n\nThe Canonical String for this request\nhost:x\nx-amz-security-token:y", "does not match."),
        ("two\n  lines", "two lines"),
    ],
)
def test_message_holds_no_secret(message: str, shown: str) -> None:
    """Account ids, keys, tokens and signed requests do not reach a message, which is one line."""
    assert call_failure(said("ValidationException", message)).message == shown


def test_long_message_is_cut() -> None:
    """A page of HTML from a proxy does not fill the terminal."""
    assert len(call_failure(said("502", "<p>" * 1000, 502)).message) == LONGEST_MESSAGE + 3


def test_missing_message_is_made_up_for() -> None:
    """An error without a message shows its code, and one with neither says so."""
    assert call_failure(said("ThrottlingException", "", 429)).message == "ThrottlingException"
    assert call_failure(said("", "", 500)).message == "the service gave no reason"


def test_refused_streaming_is_recognised() -> None:
    """Only a validation error that speaks of streaming means that the model cannot stream."""
    refused = said("ValidationException", "The model is unsupported for streaming.")
    assert is_about_streaming(call_failure(refused))
    assert not is_about_streaming(call_failure(said("ValidationException", "temperature must be at most 1")))
    assert not is_about_streaming(call_failure(said_in_stream("modelStreamErrorException", "the stream broke")))
