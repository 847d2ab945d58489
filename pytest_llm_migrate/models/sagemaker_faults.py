"""Names what can go wrong in a call to a SageMaker endpoint, with the same names as on Bedrock."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore import exceptions as aws

from pytest_llm_migrate.models import faults
from pytest_llm_migrate.models.faults import (
    SERVER_ERROR,
    STREAM_BROKEN,
    THROTTLED,
    TIMED_OUT,
    TOO_LONG,
    VALIDATION,
    Fault,
    failure,
)

if TYPE_CHECKING:
    from pytest_llm_migrate.errors import CallFailedError

CREDENTIALS = "Run `aws configure sso` or `aws configure`, or set AWS_PROFILE."
WAYS_OUT = {
    "access_denied": "Allow sagemaker:InvokeEndpoint and sagemaker:InvokeEndpointWithResponseStream on this endpoint.",
    "bad_credentials": CREDENTIALS,
    "expired_token": "Run `aws sso login` or `aws login` (or renew the keys) and start again.",
    "no_credentials": CREDENTIALS,
    "unknown_model": "Check the endpoint's name, and that it is in this region (`aws sagemaker list-endpoints`).",
    "wrong_endpoint": "Check the region, AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME and AWS_ENDPOINT_URL.",
}
"""What the user can do, where that differs from Bedrock, by the fault's name."""

CONTEXT_TOO_LONG = Fault("context_too_long")
MODEL_NOT_READY = Fault("model_not_ready")
NEEDS_COMPONENT = Fault("needs_inference_component", "Name one: sagemaker:ENDPOINT/component=NAME.")
UNKNOWN_ENDPOINT = Fault("unknown_model", WAYS_OUT["unknown_model"])

BY_MESSAGE = (
    (r"inference component name header is required", NEEDS_COMPONENT),
    (r"(?:endpoint|inference component)\b.*\bnot found|could not find", UNKNOWN_ENDPOINT),
)
"""Faults that the service tells apart by the message of a ``ValidationError`` alone."""

BY_CONTAINER_STATUS: dict[int, Fault] = {
    HTTPStatus.REQUEST_TIMEOUT: TIMED_OUT,
    HTTPStatus.TOO_MANY_REQUESTS: THROTTLED,
    HTTPStatus.SERVICE_UNAVAILABLE: MODEL_NOT_READY,
    HTTPStatus.GATEWAY_TIMEOUT: TIMED_OUT,
}
LONGER = r"must have less than \d+ tokens|tokens.* must be <= \d+"
"""How TGI says that a text is too long."""


def endpoint_failure(error: Exception) -> CallFailedError:
    """Return what an exception of `faults.FAULTS` means, without credentials, headers or account ids."""
    named = faults.call_failure(error)
    if isinstance(error, aws.ClientError) and (fault := _own_fault(error)):
        return failure(fault, _own_message(error) or named.message, named.retry_after)
    if named.kind not in WAYS_OUT:
        return named
    return failure(Fault(named.kind, WAYS_OUT[named.kind]), named.message, named.retry_after)


def said_failure(said: object) -> CallFailedError:
    """Return what an error means that a container says within its stream."""
    message = str(said.get("message") or said) if isinstance(said, dict) else str(said)
    return failure(CONTEXT_TOO_LONG if _is_too_long(message) else STREAM_BROKEN, message)


def _own_fault(error: aws.ClientError) -> Fault | None:
    said = error.response.get("Error", {})
    code, message = said.get("Code"), said.get("Message", "")
    if code == "ModelError":
        return _container_fault(_detail(error, "OriginalStatusCode"), _own_message(error) or message)
    if code == "ModelStreamError" and _is_about_time(message):
        return TIMED_OUT
    if code == "ValidationError":
        return next((fault for pattern, fault in BY_MESSAGE if re.search(pattern, message, re.IGNORECASE)), None)
    return None


def _container_fault(status: object, message: str) -> Fault:
    """Return the fault that the container behind the endpoint met, by the status it answered with."""
    if _is_too_long(message):
        return CONTEXT_TOO_LONG
    if _is_about_time(message):
        return TIMED_OUT
    if not isinstance(status, int):
        return SERVER_ERROR
    is_refusal = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return BY_CONTAINER_STATUS.get(status, VALIDATION if is_refusal else SERVER_ERROR)


def _own_message(error: aws.ClientError) -> str:
    return str(_detail(error, "OriginalMessage") or "")


def _detail(error: aws.ClientError, name: str) -> Any:
    # What an operation models beyond code and message stands beside them, of which the types know nothing.
    response: dict[str, Any] = dict(error.response)
    return response.get(name)


def _is_about_time(message: str) -> bool:
    return re.search(r"timed? ?out", message, re.IGNORECASE) is not None


def _is_too_long(message: str) -> bool:
    return re.search(f"{TOO_LONG}|{LONGER}", message, re.IGNORECASE) is not None
