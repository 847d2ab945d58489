"""The ``openai`` package's client, set to make one attempt a call and to stay with its base URL."""

from __future__ import annotations

import weakref

import httpx2
import openai

from pytest_llm_migrate.errors import CannotConnectError
from pytest_llm_migrate.models.openai_faults import ENDPOINT

CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 180.0
"""Seconds of silence after which a call is given up."""

KEY = "Set OPENAI_API_KEY, to any text for a server that asks for none."


def openai_client(reference: str, connections: int) -> openai.OpenAI:
    """Return a client with the package's own settings, of which ``OPENAI_BASE_URL`` and ``OPENAI_API_KEY`` are two.

    Raises `CannotConnectError`, about the model in ``reference``, for what the package would keep for the first call.
    """
    http = _http_client(connections)
    try:
        client = openai.OpenAI(http_client=http, max_retries=0)
    except openai.OpenAIError as error:
        raise CannotConnectError(reference, "there is no API key", KEY) from error
    except httpx2.InvalidURL as error:
        raise CannotConnectError(reference, str(error), ENDPOINT) from error
    weakref.finalize(client, http.close)  # the package leaves a client open that it was given
    _check(reference, client)
    return client


def _check(reference: str, client: openai.OpenAI) -> None:
    if not client.api_key:  # an admin key, with which the package is content, calls no model
        raise CannotConnectError(reference, "there is no API key", KEY)
    if client.base_url.scheme not in {"http", "https"} or not client.base_url.host:
        # It is not quoted: a password may stand in it.
        raise CannotConnectError(reference, "the base URL lacks http:// or https://, or a host", ENDPOINT)


def _http_client(connections: int) -> httpx2.Client:
    return openai.DefaultHttpxClient(
        timeout=httpx2.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT, pool=None),
        limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=connections),
        follow_redirects=False,
    )
