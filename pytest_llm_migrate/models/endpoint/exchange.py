"""One request and its answer: from the route to the last byte and the line in the log."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llm_migrate.models.endpoint.calls import Call
from pytest_llm_migrate.models.endpoint.engines import STATUSES, Break, Breakage, Fault, Finish, Served
from pytest_llm_migrate.models.endpoint.families import InvokeWording
from pytest_llm_migrate.models.endpoint.frames import corrupted
from pytest_llm_migrate.models.endpoint.invoke import invoke_request, written_by
from pytest_llm_migrate.models.endpoint.objects import object_error
from pytest_llm_migrate.models.endpoint.optimize import OptimizeWording, optimize_request
from pytest_llm_migrate.models.endpoint.payloads import ConverseWording
from pytest_llm_migrate.models.endpoint.requests import converse_request
from pytest_llm_migrate.models.endpoint.responses import EventStream, error_response, json_response
from pytest_llm_migrate.models.endpoint.routes import Route, route
from pytest_llm_migrate.models.endpoint.wording import Ending, Gathered, fault_frame, read_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.models.endpoint.arrivals import Arrival
    from pytest_llm_migrate.models.endpoint.calls import CallLog
    from pytest_llm_migrate.models.endpoint.engines import Answer, Converse, Piece
    from pytest_llm_migrate.models.endpoint.responses import Response
    from pytest_llm_migrate.models.endpoint.services import Services
    from pytest_llm_migrate.models.endpoint.wording import StreamWording, Wording

_NOTHING = Finish(stop_reason="end_turn", input_tokens=0, output_tokens=0)


@dataclass(frozen=True, slots=True)
class Wire:
    """What an exchange may do to its connection: ``hang`` returns when the client is gone."""

    send: Callable[[bytes], object]
    reset: Callable[[], None]
    hang: Callable[[], None]


class Exchange:
    """Answers one request and logs it, just before the last bytes leave so that a client finds its own call."""

    def __init__(self, services: Services, log: CallLog, wire: Wire) -> None:
        self._services, self._log, self._wire = services, log, wire
        self._padding = services.scripted.script.padding
        self._arrived, self._started = time.time(), time.perf_counter()
        self._begun: float | None = None
        self._first: float | None = None
        self._route, self._digest, self._status = Route(""), "", 0
        self._is_logged = False

    def run(self, arrival: Arrival) -> None:
        """Answer; raises ``ConnectionError`` when the client is gone."""
        self._route = route(arrival)
        self._digest = hashlib.sha256(arrival.body).hexdigest()
        try:
            self._operate(arrival)
        except Fault as fault:
            self._status = STATUSES[fault.error]
            self._note(fault.error)
            self._wire.send(_refusal(fault, arrival).encoded())
        except ConnectionError:
            self._note("client_gone")
            raise

    def _operate(self, arrival: Arrival) -> None:
        model, body = self._route.model, arrival.body
        match self._route.operation:
            case "Converse":
                self._answer(converse_request(model, body), ConverseWording())
            case "ConverseStream":
                request = self._named(converse_request(model, body))
                self._stream(self._services.engine.converse(request), ConverseWording(padding=self._padding))
            case "InvokeModel":
                self._answer(invoke_request(model, body, arrival.headers), InvokeWording(written_by(model)()))
            case "InvokeModelWithResponseStream":
                request = self._named(invoke_request(model, body, arrival.headers))
                wording = InvokeWording(written_by(model)(), padding=self._padding)
                self._stream(self._services.engine.converse(request), wording)
            case "OptimizePrompt":
                inquiry = optimize_request(body)
                self._route = replace(self._route, model=inquiry.model)
                self._stream(self._services.scripted.optimize(inquiry), OptimizeWording())
            case _:
                self._look_up(arrival)

    def _named(self, request: Converse) -> Converse:
        return replace(request, operation=self._route.operation)

    def _look_up(self, arrival: Arrival) -> None:
        how: Break | None = None
        try:
            self._services.admit(self._route)
        except Breakage as breakage:
            how = breakage.how
        # A request whose response is lost has been carried out all the same.
        response = self._services.answer(self._route, arrival)
        if how:
            self._break(response, how, has_begun=False)
        else:
            self._finish(response)

    def _answer(self, request: Converse, wording: Wording) -> None:
        gathered = Gathered()
        try:
            finish = read_answer(self._services.engine.converse(self._named(request)), gathered.take)
        except Breakage as breakage:
            response = json_response(wording.whole(gathered.pieces, Ending(finish=_NOTHING, served=gathered.served)))
            self._break(response, breakage.how, has_begun=bool(gathered.pieces))
        else:
            payload = wording.whole(gathered.pieces, self._ending(finish, gathered.served))
            self._finish(json_response(payload, wording.headers(gathered.served)))

    def _finish(self, response: Response) -> None:
        self._status = response.status
        self._note("ok")
        self._wire.send(response.encoded())

    def _break(self, response: Response, how: Break, *, has_begun: bool) -> None:
        if how in (Break.RESET, Break.HANG):
            if has_begun:
                self._status = response.status
                self._wire.send(response.halved(declared_whole=True))
            self._abandon(how)
            return
        self._status = response.status
        self._note(how.value)
        self._wire.send(response.halved(declared_whole=False))

    def _abandon(self, how: Break) -> None:
        if how is Break.HANG:
            self._wire.hang()
        self._note(how.value)
        if how is Break.RESET:
            self._wire.reset()

    def _stream(self, answer: Answer, wording: StreamWording) -> None:
        stream = EventStream(self._wire.send, wording.opening(), wording.stream_headers(Served()))
        writer = _Writer(stream, wording, self._begin)
        try:
            finish = read_answer(answer, writer.take)
        except Fault as fault:
            if not stream.is_open:
                raise
            self._note(fault.error)
            stream.end(fault_frame(fault, wording.modelled))
        except Breakage as breakage:
            self._break_stream(breakage.how, stream, wording)
        else:
            self._status = 200
            self._note("ok")
            stream.end(wording.closing(self._ending(finish, writer.served)))

    def _begin(self, piece: Piece) -> None:
        """Note that a piece is about to leave."""
        self._status, now = 200, time.perf_counter()
        self._begun = self._begun or now
        if self._first is None and isinstance(piece, str):
            self._first = now

    def _break_stream(self, how: Break, stream: EventStream, wording: StreamWording) -> None:
        if how in (Break.RESET, Break.HANG):
            self._abandon(how)
            return
        frame = wording.piece("lost")
        endings = {Break.CUT: b"", Break.CUT_IN_FRAME: frame[: len(frame) // 2], Break.BAD_CRC: corrupted(frame)}
        self._status = 200
        self._note(how.value)
        stream.end(endings[how])

    def _ending(self, finish: Finish, served: Served) -> Ending:
        now = time.perf_counter()
        return Ending(
            finish=finish,
            served=served,
            latency_ms=round((now - self._started) * 1000),
            first_ms=round(((self._begun or now) - self._started) * 1000),
        )

    def _note(self, outcome: str) -> None:
        if self._is_logged:
            return
        self._is_logged = True
        self._log.add(
            Call(
                model=self._route.model,
                operation=self._route.operation,
                arrived=self._arrived,
                arrived_clock=self._started,
                first_clock=self._first,
                ended_clock=time.perf_counter(),
                body_sha256=self._digest,
                status=self._status,
                outcome=outcome,
            )
        )


class _Writer:
    """Sends the pieces of a streamed answer, and keeps what serves it."""

    def __init__(self, stream: EventStream, wording: StreamWording, begin: Callable[[Piece], object]) -> None:
        self._stream, self._wording, self._begin = stream, wording, begin
        self.served = Served()

    def take(self, piece: Piece | Served) -> None:
        if isinstance(piece, Served):
            self.served = piece
            self._stream.headers = self._wording.stream_headers(piece)
        elif piece != "":
            self._begin(piece)
            self._stream.write(self._wording.piece(piece))


def _refusal(fault: Fault, arrival: Arrival) -> Response:
    if arrival.service == "s3":
        return object_error(fault, has_body=arrival.method != "HEAD")
    return error_response(fault)
