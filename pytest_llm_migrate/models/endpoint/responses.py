"""HTTP responses as bytes: whole ones with a JSON body, and event streams sent chunk by chunk."""

from __future__ import annotations

import json
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.models.endpoint.engines import STATUSES
from pytest_llm_migrate.models.endpoint.payloads import delta_event, first_event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llm_migrate.models.endpoint.engines import Fault

_LAST_CHUNK = b"0\r\n\r\n"


def response(payload: Mapping[str, Any]) -> bytes:
    """Return a successful answer."""
    body = json.dumps(payload).encode()
    return json_head(200, len(body)) + body


def error_response(fault: Fault) -> bytes:
    """Return an error with the status, the type header and the body that the service gives it."""
    body = json.dumps({"message": fault.message}).encode()
    return json_head(STATUSES[fault.error], len(body), {"x-amzn-ErrorType": fault.error}) + body


def json_head(status: int, length: int, headers: Mapping[str, str] | None = None) -> bytes:
    """Return the head of a response with a JSON body of ``length`` bytes."""
    return _head(status, {"Content-Type": "application/json", "Content-Length": str(length), **(headers or {})})


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    named = {**headers, "x-amzn-RequestId": str(uuid.uuid4())}
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in named.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class EventStream:
    """A streamed answer; the response opens with the first piece of text, or with the end if there was none."""

    def __init__(self, send: Callable[[bytes], object]) -> None:
        self._send = send
        self.is_open = False

    def delta(self, text: str) -> None:
        """Send a piece of text at once."""
        if text:
            self._send(self._opening() + _chunk(delta_event(text)))

    def end(self, frames: bytes = b"") -> None:
        """Send the last frames, whole or not, and close the response in good order."""
        self._send(self._opening() + _chunk(frames) + _LAST_CHUNK)

    def _opening(self) -> bytes:
        if self.is_open:
            return b""
        self.is_open = True
        headers = {"Content-Type": "application/vnd.amazon.eventstream", "Transfer-Encoding": "chunked"}
        return _head(200, headers) + _chunk(first_event())


def _chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content) if content else b""
