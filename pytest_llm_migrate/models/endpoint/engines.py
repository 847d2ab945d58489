"""What stands behind an endpoint: the request an engine gets, the answer it yields, the faults it raises."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

Role = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation; its text blocks are joined by line breaks."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Converse:
    """A checked Converse request, the same for the plain and the streaming operation.

    Attributes:
        model: The model id or ARN, percent-decoded.
        messages: User and assistant in turn, the user first; never empty.
        system: The system text, or an empty string.
        max_tokens: The most tokens to write, at least 1; ``None`` leaves this and the next two to the engine.
        temperature: From 0 to 1.
        top_p: From 0 to 1.
        stop_sequences: Texts that end the answer.
        additional: ``additionalModelRequestFields``, as sent.
    """

    model: str
    messages: tuple[Message, ...]
    system: str = ""
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop_sequences: tuple[str, ...] = ()
    additional: Mapping[str, Any] = field(default_factory=dict)

    @property
    def question(self) -> str:
        """The text of the last user message."""
        return next(message.text for message in reversed(self.messages) if message.role == "user")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The last thing an answer yields: why it ended and what it used.

    Attributes:
        stop_reason: One of Bedrock's words, such as ``end_turn`` or ``max_tokens``.
        input_tokens: Tokens read, those from and to a prompt cache excluded.
        output_tokens: Tokens written.
        cache_read_tokens: Tokens taken from a prompt cache.
        cache_write_tokens: Tokens put into a prompt cache.
    """

    stop_reason: str
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


STATUSES: Mapping[str, int] = {
    "ValidationException": 400,
    "AccessDeniedException": 403,
    "ResourceNotFoundException": 404,
    "UnknownOperationException": 404,
    "ModelTimeoutException": 408,
    "ModelErrorException": 424,
    "ModelStreamErrorException": 424,
    "ThrottlingException": 429,
    "ModelNotReadyException": 429,
    "InternalServerException": 500,
    "ServiceUnavailableException": 503,
}
"""The HTTP status of each error that the service answers with."""


class Fault(Exception):  # noqa: N818 - an error of the wire, not of a user of this package
    """An error the service answers with: an HTTP error before the first text, a frame of the stream after it."""

    def __init__(self, error: str, message: str) -> None:
        self.error, self.message = error, message
        super().__init__(f"{error}: {message}")


class Break(Enum):
    """A way in which an answer can break on the wire without an error being said."""

    RESET = "reset"
    CUT = "cut"
    CUT_IN_FRAME = "cut_in_frame"
    BAD_CRC = "bad_crc"


class Breakage(Exception):  # noqa: N818 - likewise
    """Raised by an engine whose answer shall break here.

    ``RESET`` resets the connection. The others end a stream in good order: without its last events, inside
    a frame, or after a frame with a false checksum; each of them leaves a plain Converse body half written.
    """

    def __init__(self, how: Break) -> None:
        self.how = how
        super().__init__(how.value)


Answer = Generator[str | Finish, None, None]
"""Pieces of text as they come, then one `Finish`."""


class Engine(Protocol):
    """Answers requests, from many threads at once."""

    def converse(self, request: Converse) -> Answer:
        """Yield pieces of text and a `Finish`; may raise `Fault` or `Breakage` before or between them."""

    def count_tokens(self, request: Converse) -> int:
        """Return how many tokens the model would read; may raise `Fault`."""
