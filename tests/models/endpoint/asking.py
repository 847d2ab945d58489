"""Requests in short, and what is read from the answers."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from pytest_llm_migrate.models.endpoint import Endpoint

MODEL = "us.amazon.nova-lite-v1:0"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
"""Any JSON, and numbers that are none."""


def says(text: str) -> list[dict[str, Any]]:
    """Return the messages of a conversation of one question."""
    return [{"role": "user", "content": [{"text": text}]}]


def ask(client: Any, text: str = "hello", model: str = MODEL, **parameters: Any) -> dict[str, Any]:
    """Call Converse."""
    answer: dict[str, Any] = client.converse(modelId=model, messages=says(text), **parameters)
    return answer


def ask_text(client: Any, text: str = "hello", model: str = MODEL) -> str:
    """Call Converse and return the text of the answer."""
    return str(ask(client, text, model)["output"]["message"]["content"][0]["text"])


def stream(client: Any, text: str = "hello", model: str = MODEL, **parameters: Any) -> list[dict[str, Any]]:
    """Call ConverseStream and return its events."""
    return list(events(client, text, model, **parameters))


def events(
    client: Any, text: str = "hello", model: str = MODEL, **parameters: Any
) -> Generator[dict[str, Any], None, None]:
    """Call ConverseStream, yield its events as they come, and close it."""
    with closing(client.converse_stream(modelId=model, messages=says(text), **parameters)["stream"]) as answer:
        yield from answer


def kinds(seen: Iterable[dict[str, Any]]) -> list[str]:
    """Return the events' names."""
    return [next(iter(event)) for event in seen]


def deltas(seen: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the pieces of text that a stream carries."""
    return (event["contentBlockDelta"]["delta"]["text"] for event in seen if "contentBlockDelta" in event)


def post(endpoint: Endpoint, operation: str, document: Any) -> tuple[http.client.HTTPResponse, bytes]:
    """Send a body past boto3 and return the response with its raw body."""
    address = urlsplit(endpoint.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
    try:
        connection.request("POST", f"/model/m/{operation}", json.dumps(document))
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()
