"""HTTP responses as bytes: whole ones, and event streams sent chunk by chunk."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.models.endpoint.engines import STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llm_migrate.models.endpoint.engines import Fault

_LAST_CHUNK = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A whole response; ``length`` says how long the body of a response to HEAD would be."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    length: int | None = None

    def encoded(self) -> bytes:
        """Return the response as it travels."""
        return self._head(len(self.body) if self.length is None else self.length) + self.body

    def halved(self, *, declared_whole: bool) -> bytes:
        """Return it with half of its body, which its head declares as all of it, or as the half that it is."""
        half = self.body[: len(self.body) // 2]
        return self._head(len(self.body) if declared_whole else len(half)) + half

    def _head(self, length: int) -> bytes:
        named = dict(self.headers)
        if self.status != HTTPStatus.NO_CONTENT:
            named["Content-Length"] = str(length)
        return _head(self.status, named)


def json_response(payload: Mapping[str, Any], headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    """Return a response with a JSON body."""
    return Response(
        status=status,
        headers={"Content-Type": "application/json", **(headers or {})},
        body=json.dumps(payload).encode(),
    )


def error_response(fault: Fault) -> Response:
    """Return an error with the status, the headers and the body that the service gives it."""
    headers = {"x-amzn-ErrorType": fault.error, **waiting_headers(fault)}
    return json_response({"message": fault.message}, headers, STATUSES[fault.error])


def waiting_headers(fault: Fault) -> dict[str, str]:
    """Return the headers that say when to try again: the usual one in seconds, AWS's own in milliseconds."""
    if fault.retry_after is None:
        return {}
    return {"Retry-After": f"{fault.retry_after:g}", "x-amz-retry-after": f"{fault.retry_after * 1000:.0f}"}


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    named = {**headers, "x-amzn-RequestId": str(uuid.uuid4())}
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in named.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class EventStream:
    """A streamed answer; the response opens with the first piece, or with the end if there was none.

    Until then its ``headers`` may change.
    """

    def __init__(self, send: Callable[[bytes], object], opening: bytes, headers: Mapping[str, str]) -> None:
        self._send, self._frames = send, opening
        self.headers = headers
        self.is_open = False

    def write(self, frames: bytes) -> None:
        """Send frames at once."""
        self._send(self._opening() + _chunk(frames))

    def end(self, frames: bytes = b"") -> None:
        """Send the last frames, whole or not, and close the response in good order."""
        self._send(self._opening() + _chunk(frames) + _LAST_CHUNK)

    def _opening(self) -> bytes:
        if self.is_open:
            return b""
        self.is_open = True
        stream = {"Content-Type": "application/vnd.amazon.eventstream", "Transfer-Encoding": "chunked"}
        return _head(200, {**stream, **self.headers}) + _chunk(self._frames)


def _chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content) if content else b""
