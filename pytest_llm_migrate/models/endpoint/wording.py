"""How answers are worded: what each operation makes of the pieces that an engine yields."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from pytest_llm_migrate.models.endpoint.engines import Finish, Reasoning, Served
from pytest_llm_migrate.models.endpoint.frames import error_frame, exception_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_llm_migrate.models.endpoint.engines import Answer, Fault, Piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is known when an answer is complete.

    Attributes:
        finish: Why it ended, and its tokens.
        served: What served it.
        latency_ms: Milliseconds from the request to here.
        first_ms: Milliseconds from the request to the first piece.
    """

    finish: Finish
    served: Served
    latency_ms: int = 0
    first_ms: int = 0


class StreamWording(Protocol):
    """Words one streamed answer; has a state, so that each answer needs its own."""

    modelled: ClassVar[frozenset[str]]
    """The errors that may come as a frame of the stream under a name of their own."""

    def stream_headers(self, served: Served) -> Mapping[str, str]:
        """Return what the head of the response says of the answer."""

    def opening(self) -> bytes:
        """Return the frames before the first piece."""

    def piece(self, piece: Piece) -> bytes:
        """Return the frames of a piece."""

    def closing(self, ending: Ending) -> bytes:
        """Return the frames after the last piece."""


class Wording(StreamWording, Protocol):
    """Words one answer, whole or streamed."""

    def whole(self, pieces: Iterable[Piece], ending: Ending) -> dict[str, Any]:
        """Return the body of an answer that comes at once."""

    def headers(self, served: Served) -> Mapping[str, str]:
        """Return what the head of its response says of it."""


class Gathered:
    """The pieces of an answer so far, and what serves it."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.served = Served()

    def take(self, piece: Piece | Served) -> None:
        """Keep a piece."""
        if isinstance(piece, Served):
            self.served = piece
        else:
            self.pieces.append(piece)


def read_answer(answer: Answer, take: Callable[[Piece | Served], object]) -> Finish:
    """Take everything as it comes, and return what ends the answer."""
    with closing(answer):
        for piece in answer:
            if isinstance(piece, Finish):
                return piece
            take(piece)
    raise RuntimeError("an engine ended its answer without a Finish")


def blocks(pieces: Iterable[Piece]) -> list[Piece]:
    """Return pieces with those that follow each other joined into blocks; an answer of nothing is one empty text."""
    found: list[Piece] = []
    for piece in pieces:
        match found, piece:
            case _, "":
                pass
            case [*_, str() as text], str():
                found[-1] = text + piece
            case [*_, Reasoning() as reasoning], Reasoning():
                found[-1] = Reasoning(reasoning.text + piece.text, reasoning.signature + piece.signature)
            case _:
                found.append(piece)
    return found or [""]


def fault_frame(fault: Fault, modelled: frozenset[str]) -> bytes:
    """Return the frame that ends a stream with an error, under its own name where the operation models it."""
    if fault.error in modelled:
        return exception_frame(fault.error[0].lower() + fault.error[1:], fault.message)
    return error_frame(fault.error, fault.message)
