"""Answers that come as JSON events in a stream of bytes: server-sent events or JSON lines, cut anywhere."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Protocol

from pytest_llm_migrate.errors import CallFailedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_llm_migrate.domain.answer import Answer

DONE = "[DONE]"
"""The event that says that no other follows."""
DEADLINE = 600.0
_QUOTED = 60


class Reply(Protocol):
    """Gathers the events of one call."""

    def add(self, event: Any) -> bool:
        """Take an event in, and tell whether it brought text; raise `CallFailedError` where it says a fault."""
        ...

    def answer(self, latency: float, ttft: float | None) -> Answer:
        """Return the whole answer; raise `CallFailedError` where its end is missing."""
        ...


class JsonEvents:
    """Takes bytes cut anywhere, also within a character, and gives each event once it is whole."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, part: bytes) -> Iterator[Any]:
        """Yield the events that end in this part; raise `CallFailedError` for one that is no JSON."""
        *lines, self._rest = (self._rest + part).split(b"\n")
        for line in lines:
            yield from _events(line)

    def rest(self) -> Iterator[Any]:
        """Yield what stands behind the last line break once nothing follows; half an event is none."""
        try:
            yield from _events(self._rest)
        except CallFailedError as error:
            raise CallFailedError("stream_ended_early", f"the stream ended within an event: {error.message}") from error


def read_stream(parts: Iterable[bytes], reply: Reply, sent: float, deadline: float = DEADLINE) -> Answer:
    """Return the answer that a stream's parts hold, reading no further than its `DONE`.

    ``sent`` is when the request was sent on `time.perf_counter`'s clock; a stream that still flows ``deadline`` seconds
    later is given up.
    """
    ttft, elapsed, is_done = None, 0.0, False
    for event, elapsed in _timed_events(parts, sent, deadline):
        if reply.add(event) and ttft is None:
            ttft = elapsed
        is_done = event == DONE
        if is_done:
            break
    return reply.answer(elapsed if is_done else time.perf_counter() - sent, ttft)


def _timed_events(parts: Iterable[bytes], sent: float, deadline: float) -> Iterator[tuple[Any, float]]:
    events, elapsed = JsonEvents(), 0.0
    for part in parts:
        elapsed = time.perf_counter() - sent
        for event in events.feed(part):
            yield event, elapsed
        # Parts are looked at, not events: comments that keep a connection open are no progress.
        if elapsed > deadline:
            raise CallFailedError("timed_out", f"no end after {deadline:g} seconds of streaming")
    for event in events.rest():
        yield event, elapsed


def _events(line: bytes) -> Iterator[Any]:
    data = line.strip()
    if data.startswith(b"data:"):
        data = data.removeprefix(b"data:").strip()
    elif not data.startswith((b"{", b"[")):
        return  # a comment, or another field of a server-sent event
    if data == DONE.encode():
        yield DONE
    elif data:
        yield _loaded(data)


def _loaded(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError as error:
        quoted = data[:_QUOTED].decode("utf-8", "replace")
        raise CallFailedError("stream_broken", f"an event is no JSON: {quoted!r}") from error
