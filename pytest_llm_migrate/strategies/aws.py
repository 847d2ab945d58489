"""Clients for the services that write prompts, and what goes wrong with their calls."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore import eventstream
from botocore import exceptions as aws
from botocore.config import Config
from botocore.parsers import ResponseParserError
from urllib3 import exceptions as wire

from pytest_llm_migrate.errors import CallFailedError, without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable

FAULTS = (aws.BotoCoreError, aws.ClientError, wire.HTTPError, eventstream.ParserError, ResponseParserError)
"""Everything that a call raises when the service, the network or the account is at fault."""

_CONNECT_TIMEOUT = 10
_READ_TIMEOUT = 180  # seconds of silence
_LONGEST_MESSAGE = 400
_SETTINGS = "Look at the AWS settings with `aws configure list`."
_KINDS = {
    "accessdenied": "access_denied",
    "badgateway": "server_error",
    "dependencyfailed": "server_error",
    "expiredtoken": "expired_token",
    "internalserver": "server_error",
    "modeltimeout": "timed_out",
    "requesttimeout": "timed_out",
    "servicequotaexceeded": "quota_exceeded",
    "serviceunavailable": "server_error",
    "throttling": "throttled",
    "toomanyrequests": "throttled",
    "validation": "validation",
}
"""Faults by the service's error code, in lower case and without ``Exception``: streams write codes in lower camel."""

_BY_STATUS = {408: "timed_out", 429: "throttled"}
_SERVER_ERRORS = 500

PASSING = frozenset(
    {
        "bad_checksum",
        "connection_lost",
        "server_error",
        "stream_broken",
        "stream_ended_early",
        "throttled",
        "timed_out",
    }
)
"""Faults after which the same call may well succeed; all others are told at once."""

_ACCOUNT = (
    aws.CredentialRetrievalError,
    aws.NoAuthTokenError,
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.SSOError,
    aws.TokenRetrievalError,
)
_UNREACHED = (aws.ConnectTimeoutError, aws.EndpointConnectionError, aws.ProxyConnectionError, aws.SSLError)
_BROKEN: tuple[tuple[type[Exception], str], ...] = (
    (eventstream.ChecksumMismatch, "bad_checksum"),
    (aws.ReadTimeoutError, "timed_out"),
    (wire.ReadTimeoutError, "timed_out"),
    (aws.ConnectionClosedError, "connection_lost"),
    (wire.ProtocolError, "connection_lost"),
    (aws.HTTPClientError, "stream_broken"),
    (aws.IncompleteReadError, "stream_broken"),
)
"""What breaks on the way, the narrower kind first."""


def aws_client(service: str, *, attempts: int = 1) -> Any:
    """Return a client with the user's own AWS settings; ``AWS_REGION`` counts where boto3 finds no region.

    Raises `CallFailedError` where there is no region, no credentials, or an address that is none.
    """
    try:
        session = boto3.Session()
        region = session.region_name or os.environ.get("AWS_REGION")
        if not region:
            raise aws.NoRegionError
        config = Config(
            connect_timeout=_CONNECT_TIMEOUT,
            read_timeout=_READ_TIMEOUT,
            retries={"total_max_attempts": attempts, "mode": "standard"},
        )
        return cast(Any, session).client(service, region_name=region, config=config)
    except aws.BotoCoreError as error:
        raise _failed("cannot_connect", error, _SETTINGS) from error
    except ValueError as error:  # an address that is no URL
        raise _failed("cannot_connect", error, _SETTINGS) from error


def call_failed(error: Exception) -> CallFailedError:
    """Return what one of the `FAULTS` means: ``kind`` is its name, ``fatal`` says that another call fails alike."""
    if isinstance(error, aws.ClientError):
        found = error.response.get("Error", {})
        code = found.get("Code", "").removesuffix("Exception")
        kind = _KINDS.get(code.lower()) or _kind_of_status(error)
        return _failed(kind, f"{code}: {found.get('Message', '')}", fatal=kind not in PASSING)
    if isinstance(error, _ACCOUNT):
        return _failed("no_credentials", error, _SETTINGS)
    if isinstance(error, _UNREACHED):
        return _failed("cannot_connect", error, _SETTINGS)
    kind = next((name for broken, name in _BROKEN if isinstance(error, broken)), "")
    if not kind and isinstance(error, aws.BotoCoreError):  # it was never sent: a parameter or setting that is not taken
        return _failed("refused", error, fatal=True)
    return _failed(kind or "stream_broken", error)


def _kind_of_status(error: aws.ClientError) -> str:
    """Return a kind for a code that nobody knows, as of a proxy: what servers fail with may pass, no refusal does."""
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return "server_error" if status >= _SERVER_ERRORS else _BY_STATUS.get(status, "refused")


def called(action: Callable[[], Any]) -> Any:
    """Return what a call returns; raises `CallFailedError` in place of boto3's and urllib3's errors."""
    try:
        return action()
    except FAULTS as error:
        raise call_failed(error) from error


def _failed(kind: str, message: object, way_out: str = "", *, fatal: bool | None = None) -> CallFailedError:
    text = without_secrets(" ".join(str(message).split()))[:_LONGEST_MESSAGE]
    return CallFailedError(kind, text, fatal=bool(way_out) if fatal is None else fatal, way_out=way_out)
