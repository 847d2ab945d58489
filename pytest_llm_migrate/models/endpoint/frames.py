"""Frames of the event-stream encoding in which ConverseStream answers travel."""

from __future__ import annotations

import json
import struct
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_PADDING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_STRING = 7  # the only header type that the service sends


def event_frame(event: str, payload: Mapping[str, Any], *, padding: bool = False) -> bytes:
    """Return an event such as ``contentBlockDelta`` with its JSON payload.

    With ``padding`` the payload has one member more, ``p``, by which the service hides the length of a text.
    """
    headers = {":event-type": event, ":content-type": "application/json", ":message-type": "event"}
    content = json.dumps(payload)
    if padding:
        content = json.dumps({**payload, "p": _PADDING[: 1 + len(content) % len(_PADDING)]})
    return frame(headers, content.encode())


def exception_frame(exception: str, message: str) -> bytes:
    """Return a modelled error that ends a stream; its name is in lower camel case."""
    headers = {":exception-type": exception, ":content-type": "application/json", ":message-type": "exception"}
    return frame(headers, json.dumps({"message": message}).encode())


def error_frame(code: str, message: str) -> bytes:
    """Return an error that the operation does not model; it ends a stream."""
    return frame({":message-type": "error", ":error-code": code, ":error-message": message}, b"")


def corrupted(whole: bytes) -> bytes:
    """Return the frame with one bit of its checksum turned."""
    return whole[:-1] + bytes([whole[-1] ^ 1])


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Return one frame: both lengths, their CRC, headers, payload, and the CRC of all that."""
    head = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    body = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + payload
    return body + struct.pack(">I", zlib.crc32(body))


def _header(name: str, value: str) -> bytes:
    label, text = name.encode(), value.encode()
    return struct.pack(">B", len(label)) + label + struct.pack(">BH", _STRING, len(text)) + text
