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
    "servicequotaexceeded": "throttled",
    "serviceunavailable": "server_error",
    "throttling": "throttled",
    "toomanyrequests": "throttled",
    "validation": "validation",
}
"""Faults by the service's error code, in lower case and without ``Exception``: streams write codes in lower camel."""

PASSING = frozenset({"throttled", "server_error", "stream_broken", "stream_ended_early"})
"""Faults after which the same call may well succeed."""


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
        kind = _KINDS.get(code.lower(), "refused")
        return _failed(kind, f"{code}: {found.get('Message', '')}", fatal=kind not in PASSING)
    if isinstance(error, (aws.NoCredentialsError, aws.PartialCredentialsError, aws.TokenRetrievalError)):
        return _failed("no_credentials", error, _SETTINGS)
    if isinstance(error, (aws.EndpointConnectionError, aws.ConnectTimeoutError)):
        return _failed("cannot_connect", error, _SETTINGS)
    return _failed("stream_broken", error)


def called(action: Callable[[], Any]) -> Any:
    """Return what a call returns; raises `CallFailedError` in place of boto3's and urllib3's errors."""
    try:
        return action()
    except FAULTS as error:
        raise call_failed(error) from error


def _failed(kind: str, message: object, way_out: str = "", *, fatal: bool | None = None) -> CallFailedError:
    text = without_secrets(" ".join(str(message).split()))[:_LONGEST_MESSAGE]
    return CallFailedError(kind, text, fatal=bool(way_out) if fatal is None else fatal, way_out=way_out)
