"""Names what can go wrong in a call to an OpenAI-compatible server, with the same names as on Bedrock."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx2
import openai

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

SHORTEST_KEY = 12
LAST_STATUS = 600
SECONDS = re.compile(r"\d+(\.\d+)?", re.ASCII)

FAULTS = (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError)
"""Everything that a call through the package raises when the server, the network or the account is at fault."""

KEY = "Set OPENAI_API_KEY to a key of the server at OPENAI_BASE_URL."
RIGHTS = "Ask for access to the model, or for a key (OPENAI_API_KEY, OPENAI_PROJECT_ID) that has it."
MODEL = "Check the model's name: the server lists those that this key may use under /models."
BILLING = "Look at the account's plan, credit and limits, then start again."
ENDPOINT = "Check OPENAI_BASE_URL: it is the part before /chat/completions, and ends in /v1 on most servers."

ACCESS_DENIED = Fault("access_denied", RIGHTS)
BAD_CREDENTIALS = Fault("bad_credentials", KEY)
CONTEXT_TOO_LONG = Fault("context_too_long")
MODEL_NOT_READY = Fault("model_not_ready")
QUOTA_EXHAUSTED = Fault("quota_exhausted", BILLING)
UNKNOWN_MODEL = Fault("unknown_model", MODEL)
WRONG_ENDPOINT = Fault("wrong_endpoint", ENDPOINT)

BY_CODE = {
    "billing_hard_limit_reached": QUOTA_EXHAUSTED,
    "billing_not_active": QUOTA_EXHAUSTED,
    "content_filter": Fault("content_filtered"),
    "context_length_exceeded": CONTEXT_TOO_LONG,
    "exceed_context_size_error": CONTEXT_TOO_LONG,
    "insufficient_quota": QUOTA_EXHAUSTED,
    "invalid_api_key": BAD_CREDENTIALS,
    "model_not_found": UNKNOWN_MODEL,
    "rate_limit_exceeded": THROTTLED,
    "server_error": SERVER_ERROR,
}
"""Faults by the ``code``, or else the ``type``, of an error."""

BY_STATUS: dict[int, Fault] = {
    HTTPStatus.UNAUTHORIZED: BAD_CREDENTIALS,
    HTTPStatus.PAYMENT_REQUIRED: QUOTA_EXHAUSTED,
    HTTPStatus.FORBIDDEN: ACCESS_DENIED,
    HTTPStatus.NOT_FOUND: WRONG_ENDPOINT,
    HTTPStatus.METHOD_NOT_ALLOWED: WRONG_ENDPOINT,
    HTTPStatus.REQUEST_TIMEOUT: TIMED_OUT,
    HTTPStatus.TOO_MANY_REQUESTS: THROTTLED,
}

BY_MESSAGE: tuple[tuple[HTTPStatus, str, Fault], ...] = (
    (HTTPStatus.BAD_REQUEST, TOO_LONG, CONTEXT_TOO_LONG),
    (HTTPStatus.NOT_FOUND, r"\bmodel\b", UNKNOWN_MODEL),
    (HTTPStatus.SERVICE_UNAVAILABLE, r"loading", MODEL_NOT_READY),
)
"""Faults that servers tell apart by their message alone: the status, what the message holds, the fault."""


def call_failure(error: Exception, key: str) -> CallFailedError:
    """Return what an exception of `FAULTS` means, without credentials and without ``key``, the API key in use."""
    if isinstance(error, openai.APIStatusError):
        said = _said(error.body)
        message = masked(_said_message(said) or f"HTTP status {error.status_code}", key)
        return failure(_said_fault(error.status_code, said), message, _retry_after(error.response.headers))
    # The package says no more than "Connection error."; what happened is in its cause.
    cause = error.__cause__ or error
    return failure(_client_fault(error, cause), masked(str(cause) or type(cause).__name__, key))


def said_failure(said: object, key: str) -> CallFailedError:
    """Return what an error means that a server says within a stream, which has no status of its own."""
    error = _said(said)
    code = error.get("code")
    # Many servers put there the status that would have been; any other number is their own.
    status = code if isinstance(code, int) and HTTPStatus.BAD_REQUEST <= code < LAST_STATUS else None
    return failure(_said_fault(status, error), masked(_said_message(error) or "the server gave no reason", key))


def web_page_failure() -> CallFailedError:
    """Return what it means that a web page comes instead of an answer."""
    return failure(WRONG_ENDPOINT, "a web page came instead of an answer")


def masked(message: str, key: str) -> str:
    """Return a message without the API key, which some servers repeat; a short one is a word that hides nothing."""
    return message.replace(key, "<key>") if len(key) >= SHORTEST_KEY else message


def _client_fault(error: Exception, cause: BaseException) -> Fault:
    if isinstance(cause, (httpx2.UnsupportedProtocol, httpx2.InvalidURL)):
        return WRONG_ENDPOINT
    if isinstance(error, (openai.APITimeoutError, httpx2.TimeoutException)):
        return TIMED_OUT
    if isinstance(error, openai.APIConnectionError):
        return Fault("connection_lost")
    return STREAM_BROKEN if isinstance(error, (httpx2.HTTPError, ssl.SSLError)) else Fault("client_error")


def _said_fault(status: int | None, said: Mapping[str, Any]) -> Fault:
    for word in (said.get("code"), said.get("type")):
        if isinstance(word, str) and word.lower() in BY_CODE:
            return BY_CODE[word.lower()]
    message = _said_message(said)
    for of_status, pattern, fault in BY_MESSAGE:
        if status == of_status and re.search(pattern, message, re.IGNORECASE):
            return fault
    return _status_fault(status)


def _status_fault(status: int | None) -> Fault:
    if status is None:
        return STREAM_BROKEN
    if status in BY_STATUS:
        return BY_STATUS[status]
    if status < HTTPStatus.BAD_REQUEST:
        return WRONG_ENDPOINT  # a redirection, which is not followed: it could lead to anybody
    return VALIDATION if status < HTTPStatus.INTERNAL_SERVER_ERROR else SERVER_ERROR


def _said(body: object) -> Mapping[str, Any]:
    return body if isinstance(body, Mapping) else {"message": body if isinstance(body, str) else ""}


def _said_message(said: Mapping[str, Any]) -> str:
    """Return the message of an error: OpenAI's, or the ``detail`` of servers written with FastAPI."""
    return next((text for name in ("message", "detail") if isinstance(text := said.get(name), str)), "")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read the seconds to wait, of which OpenAI and Azure also give the milliseconds; HTTP dates are left alone."""
    for header, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        if SECONDS.fullmatch(wait := headers.get(header, "")):
            return float(wait) * unit
    return None
