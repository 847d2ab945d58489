"""Names what can go wrong in a call to Bedrock: every exception of botocore and urllib3 becomes a `CallFailedError`."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from botocore import eventstream
from botocore import exceptions as aws
from botocore.parsers import ResponseParserError
from urllib3 import exceptions as wire

from pytest_llm_migrate.errors import CallFailedError, without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

FAULTS = (
    aws.BotoCoreError,
    aws.ClientError,
    wire.HTTPError,
    eventstream.ParserError,
    ResponseParserError,
    UnicodeDecodeError,
)
"""Everything that a call through boto3 raises when the service, the network or the account is at fault."""

LONGEST_MESSAGE = 400

INVOKE = (
    "Allow bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream on this model, "
    "and ask for access to it in the Bedrock console."
)
LOG_IN = "Run `aws sso login` or `aws login` (or renew the keys or AWS_BEARER_TOKEN_BEDROCK) and start again."
CREDENTIALS = "Run `aws configure sso` or `aws configure`, or set AWS_PROFILE or AWS_BEARER_TOKEN_BEDROCK."
REGION = "Set AWS_DEFAULT_REGION (or AWS_REGION), or a region in the AWS profile."
MODEL = "Check the model id, and that the model is offered in this region (`aws bedrock list-foundation-models`)."
ENDPOINT = "Check the region, AWS_ENDPOINT_URL_BEDROCK_RUNTIME, AWS_ENDPOINT_URL and HTTPS_PROXY."
PROFILE = "Name the inference profile instead: the model id with a prefix such as 'us.', 'eu.' or 'global.'."
QUOTA = "Wait until the quota is refilled, or ask for a higher one in Service Quotas."


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault's name, and what the user can do when every further call would fail alike."""

    kind: str
    way_out: str = ""

    @property
    def fatal(self) -> bool:
        """Whether every further call would fail alike: exactly those faults have a way out."""
        return bool(self.way_out)


ACCESS_DENIED = Fault("access_denied", INVOKE)
BAD_CREDENTIALS = Fault("bad_credentials", CREDENTIALS)
EXPIRED_TOKEN = Fault("expired_token", LOG_IN)
NO_CREDENTIALS = Fault("no_credentials", CREDENTIALS)
NO_REGION = Fault("no_region", REGION)
UNKNOWN_MODEL = Fault("unknown_model", MODEL)
SERVER_ERROR = Fault("server_error")
STREAM_BROKEN = Fault("stream_broken")
THROTTLED = Fault("throttled")
TIMED_OUT = Fault("timed_out")
VALIDATION = Fault("validation")
WRONG_ENDPOINT = Fault("wrong_endpoint", ENDPOINT)

BY_CODE = {
    "accessdenied": ACCESS_DENIED,
    "expiredtoken": EXPIRED_TOKEN,
    "incompletesignature": BAD_CREDENTIALS,
    "internalserver": SERVER_ERROR,
    "invalidclienttokenid": BAD_CREDENTIALS,
    "invalidsignature": BAD_CREDENTIALS,
    "missingauthenticationtoken": BAD_CREDENTIALS,
    "modelerror": SERVER_ERROR,
    "modelnotready": Fault("model_not_ready"),
    "modelstreamerror": STREAM_BROKEN,
    "modeltimeout": TIMED_OUT,
    "optinrequired": ACCESS_DENIED,
    "resourcenotfound": UNKNOWN_MODEL,
    "servicequotaexceeded": THROTTLED,
    "serviceunavailable": SERVER_ERROR,
    "signaturedoesnotmatch": BAD_CREDENTIALS,
    "throttling": THROTTLED,
    "toomanyrequests": THROTTLED,
    "unknownoperation": WRONG_ENDPOINT,
    "unrecognizedclient": BAD_CREDENTIALS,
    "validation": VALIDATION,
}
"""Faults by the service's error code, in lower case and without ``Exception``: streams write codes in lower camel."""

BY_STATUS: dict[int, Fault] = {
    HTTPStatus.FORBIDDEN: ACCESS_DENIED,
    HTTPStatus.NOT_FOUND: WRONG_ENDPOINT,
    HTTPStatus.REQUEST_TIMEOUT: TIMED_OUT,
    HTTPStatus.TOO_MANY_REQUESTS: THROTTLED,
}

TOO_LONG = (
    r"(?:input|prompt) is too long|too many (?:input tokens|total text bytes)|number of input tokens exceeds"
    r"|context (?:length|limit|size|window)|expected maxLength"
)
BY_MESSAGE = (
    ("accessdenied", r"expired", EXPIRED_TOKEN),
    ("throttling", r"\bper day\b", Fault(THROTTLED.kind, QUOTA)),
    ("validation", r"on-demand throughput", Fault("needs_inference_profile", PROFILE)),
    ("validation", r"model identifier is invalid|invalid model ?id", UNKNOWN_MODEL),
    ("validation", TOO_LONG, Fault("context_too_long")),
)
"""Faults that the service tells apart by their message alone: the code, what the message holds, the fault."""

BY_CLASS: tuple[tuple[tuple[type[Exception], ...], Fault], ...] = (
    ((aws.NoRegionError, aws.InvalidRegionError), NO_REGION),
    ((aws.BaseEndpointResolverError, aws.EndpointProviderError, aws.InvalidEndpointConfigurationError), WRONG_ENDPOINT),
    ((aws.SSOError, aws.LoginError, aws.TokenRetrievalError), EXPIRED_TOKEN),
    (
        (
            aws.NoCredentialsError,
            aws.PartialCredentialsError,
            aws.CredentialRetrievalError,
            aws.NoAuthTokenError,
            aws.ProfileNotFound,
        ),
        NO_CREDENTIALS,
    ),
    ((aws.ReadTimeoutError, aws.ConnectTimeoutError, wire.TimeoutError), TIMED_OUT),
    ((eventstream.ChecksumMismatch,), Fault("bad_checksum")),
    ((aws.IncompleteReadError, aws.ResponseStreamingError, wire.HTTPError, eventstream.ParserError),
     STREAM_BROKEN),
    ((aws.HTTPClientError, aws.ConnectionError), Fault("connection_lost")),
    ((ResponseParserError, UnicodeDecodeError), Fault("truncated_body")),
    ((aws.ParamValidationError,), VALIDATION),
)  # fmt: skip
"""Faults by exception class, the first that fits."""


def call_failure(error: Exception) -> CallFailedError:
    """Return what an exception of `FAULTS` means, without credentials, headers or account ids."""
    if isinstance(error, aws.ClientError):
        return _service_failure(error)
    fault = next((fault for classes, fault in BY_CLASS if isinstance(error, classes)), Fault("client_error"))
    return failure(WRONG_ENDPOINT if _is_nobody_there(error) else fault, str(error) or type(error).__name__)


def failure(fault: Fault, message: str, retry_after: float | None = None) -> CallFailedError:
    """Return the error that a fault makes, its message in one line and without secrets."""
    return CallFailedError(
        fault.kind, one_line(message), fatal=fault.fatal, way_out=fault.way_out, retry_after=retry_after
    )


def one_line(message: str) -> str:
    """Return a message in one line of at most `LONGEST_MESSAGE` characters, credentials and account ids masked."""
    # A signature error goes on to quote the whole signed request, session token and all.
    line = without_secrets(" ".join(message.partition("The Canonical String")[0].split()))
    return line if len(line) <= LONGEST_MESSAGE else f"{line[:LONGEST_MESSAGE]}..."


def is_about_streaming(failed: CallFailedError) -> bool:
    """Tell whether a failure says that the model cannot stream its answers."""
    return failed.kind == VALIDATION.kind and "stream" in failed.message.lower()


def _is_nobody_there(error: BaseException | None) -> bool:
    """Tell whether a connection failed since no host has the name, or nothing listens there."""
    while error is not None:
        # Any other failure to resolve a name may pass, as one without a network does.
        if isinstance(error, ConnectionRefusedError) or (
            isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME
        ):
            return True
        error = error.__cause__ or error.__context__
    return False


def _service_failure(error: aws.ClientError) -> CallFailedError:
    said = error.response.get("Error", {})
    code = str(said.get("Code") or "")
    message = str(said.get("Message") or "") or code or "the service gave no reason"
    metadata = error.response.get("ResponseMetadata", {})
    # An error within a stream has no status of its own; botocore makes one up.
    status = None if isinstance(error, aws.EventStreamError) else metadata.get("HTTPStatusCode")
    fault = _service_fault(code.lower().removesuffix("exception"), message, status)
    return failure(fault, message, _retry_after(metadata.get("HTTPHeaders", {})))


def _service_fault(code: str, message: str, status: int | None) -> Fault:
    for of_code, pattern, fault in BY_MESSAGE:
        if code == of_code and re.search(pattern, message, re.IGNORECASE):
            return fault
    if code in BY_CODE:
        return BY_CODE[code]
    if status is None:
        return STREAM_BROKEN
    return BY_STATUS.get(status, VALIDATION if status < HTTPStatus.INTERNAL_SERVER_ERROR else SERVER_ERROR)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read the seconds to wait; AWS counts its own header in milliseconds, and HTTP dates are left alone."""
    for header, unit in (("x-amz-retry-after", 0.001), ("retry-after", 1.0)):
        if (value := headers.get(header, "")).isdecimal():
            return int(value) * unit
    return None
