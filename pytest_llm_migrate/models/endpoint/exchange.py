"""One request and its answer: from the route to the last byte and the line in the log."""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pytest_llm_migrate.models.endpoint.calls import Call
from pytest_llm_migrate.models.endpoint.engines import Break, Breakage, Fault, Finish
from pytest_llm_migrate.models.endpoint.frames import corrupted
from pytest_llm_migrate.models.endpoint.payloads import converse_payload, delta_event, fault_event, last_events
from pytest_llm_migrate.models.endpoint.requests import converse_request, count_tokens_request
from pytest_llm_migrate.models.endpoint.responses import EventStream, error_response, json_head, response

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.models.endpoint.calls import CallLog
    from pytest_llm_migrate.models.endpoint.engines import Answer, Converse, Engine

_OPERATIONS = {"converse": "Converse", "converse-stream": "ConverseStream", "count-tokens": "CountTokens"}


@dataclass(frozen=True, slots=True)
class Wire:
    """What an exchange may do to its connection."""

    send: Callable[[bytes], object]
    reset: Callable[[], None]


def route(method: str, path: str) -> tuple[str, str]:
    """Return model id and operation of a raw path; no model and the path itself when it is not ours.

    The path is cut before it is unquoted: an ARN's slashes arrive as ``%2F`` inside one segment.
    """
    match path.partition("?")[0].split("/"):
        case ["", "model", model, operation] if method == "POST" and model and operation in _OPERATIONS:
            return unquote(model), _OPERATIONS[operation]
    return "", path


class Exchange:
    """Answers one request and logs it, just before the last bytes leave so that a client finds its own call."""

    def __init__(self, engine: Engine, log: CallLog, wire: Wire) -> None:
        self._engine, self._log, self._wire = engine, log, wire
        self._arrived, self._started = time.time(), time.perf_counter()
        self._model = self._operation = self._digest = ""
        self._is_logged = False

    def run(self, method: str, path: str, body: bytes) -> None:
        """Answer; raises ``ConnectionError`` when the client is gone."""
        self._model, self._operation = route(method, path)
        self._digest = hashlib.sha256(body).hexdigest()
        try:
            self._operate(body)
        except Fault as fault:
            self._note(fault.error)
            self._wire.send(error_response(fault))
        except ConnectionError:
            self._note("client_gone")
            raise

    def _operate(self, body: bytes) -> None:
        match self._operation:
            case "Converse":
                self._converse(converse_request(self._model, body))
            case "ConverseStream":
                self._stream(converse_request(self._model, body))
            case "CountTokens":
                tokens = self._engine.count_tokens(count_tokens_request(self._model, body))
                self._note("ok")
                self._wire.send(response({"inputTokens": tokens}))
            case _:
                raise Fault("UnknownOperationException", f"no operation answers {self._operation!r}")

    def _converse(self, request: Converse) -> None:
        texts: list[str] = []
        try:
            finish = _read(self._engine.converse(request), texts.append)
        except Breakage as breakage:
            self._note(breakage.how.value)
            self._break_body(breakage.how, "".join(texts))
        else:
            self._note("ok")
            self._wire.send(response(converse_payload("".join(texts), finish, self._elapsed_ms())))

    def _break_body(self, how: Break, text: str) -> None:
        whole = json.dumps(converse_payload(text, Finish(stop_reason="end_turn", input_tokens=0, output_tokens=0), 0))
        half = whole[: len(whole) // 2].encode()
        if how is not Break.RESET:
            self._wire.send(json_head(200, len(half)) + half)
            return
        if text:
            self._wire.send(json_head(200, len(whole)) + half)
        self._wire.reset()

    def _stream(self, request: Converse) -> None:
        stream = EventStream(self._wire.send)
        try:
            finish = _read(self._engine.converse(request), stream.delta)
        except Fault as fault:
            if not stream.is_open:
                raise
            self._note(fault.error)
            stream.end(fault_event(fault))
        except Breakage as breakage:
            self._note(breakage.how.value)
            self._break_stream(breakage.how, stream)
        else:
            self._note("ok")
            stream.end(last_events(finish, self._elapsed_ms()))

    def _break_stream(self, how: Break, stream: EventStream) -> None:
        if how is Break.RESET:
            self._wire.reset()
            return
        frame = delta_event("lost")
        endings = {Break.CUT: b"", Break.CUT_IN_FRAME: frame[: len(frame) // 2], Break.BAD_CRC: corrupted(frame)}
        stream.end(endings[how])

    def _elapsed_ms(self) -> int:
        return round((time.perf_counter() - self._started) * 1000)

    def _note(self, outcome: str) -> None:
        if self._is_logged:
            return
        self._is_logged = True
        self._log.add(
            Call(
                model=self._model,
                operation=self._operation,
                arrived=self._arrived,
                body_sha256=self._digest,
                outcome=outcome,
            )
        )


def _read(answer: Answer, take: Callable[[str], object]) -> Finish:
    with closing(answer):
        for piece in answer:
            if isinstance(piece, Finish):
                return piece
            take(piece)
    raise RuntimeError("an engine ended its answer without a Finish")
