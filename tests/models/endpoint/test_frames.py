"""Frames as botocore's own decoder reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.models.endpoint.frames import (
    corrupted,
    error_frame,
    event_frame,
    exception_frame,
    frame,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
NAME = st.text("abcdefghijklmnopqrstuvwxyz:-", min_size=1, max_size=40)


def decoded(data: bytes) -> list[Any]:
    """Read frames."""
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return list(buffer)


@given(headers=st.dictionaries(NAME, TEXT, max_size=5), payload=st.binary(max_size=200))
def test_any_frame_is_read_back(headers: dict[str, str], payload: bytes) -> None:
    """Headers and payload arrive as they were, with every length and checksum right."""
    (message,) = decoded(frame(headers, payload))
    assert (dict(message.headers), message.payload) == (headers, payload)


@given(texts=st.lists(TEXT, min_size=1, max_size=5))
def test_events_follow_each_other(texts: list[str]) -> None:
    """Frames written one after the other are read one after the other, in any language."""
    messages = decoded(b"".join(event_frame("contentBlockDelta", {"text": text}) for text in texts))
    assert [json.loads(message.payload)["text"] for message in messages] == texts
    assert {message.headers[":event-type"] for message in messages} == {"contentBlockDelta"}
    assert {message.headers[":message-type"] for message in messages} == {"event"}


def test_exception_names_itself_in_its_headers() -> None:
    """A modelled error is an exception frame with its message as JSON."""
    (message,) = decoded(exception_frame("throttlingException", "slow down"))
    assert message.headers == {
        ":exception-type": "throttlingException",
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    assert json.loads(message.payload) == {"message": "slow down"}


def test_error_has_its_code_and_message_in_headers() -> None:
    """An error that the operation does not model is an error frame without a payload."""
    (message,) = decoded(error_frame("AccessDeniedException", "no"))
    assert message.headers == {
        ":message-type": "error",
        ":error-code": "AccessDeniedException",
        ":error-message": "no",
    }
    assert message.payload == b""


def test_corrupted_frame_fails_its_checksum() -> None:
    """One wrong bit in the checksum is found."""
    with pytest.raises(ChecksumMismatch):
        decoded(corrupted(event_frame("messageStart", {"role": "assistant"})))
