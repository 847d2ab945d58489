"""What stands behind an endpoint: the request an engine gets, the answer it yields, the faults it raises."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

Role = Literal["user", "assistant"]

BATCH_RECORD = "ModelInvocationJob"
"""The operation of a request that is a record of a batch job."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A block of a message beside its text.

    Attributes:
        kind: ``image``, ``document``, ``toolUse``, ``toolResult``, ...
        sha256: Of the attached bytes, or of the whole block as JSON where it holds none; in hexadecimal.
    """

    kind: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation; its texts, those in tool results included, are joined by line breaks."""

    role: Role
    text: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Converse:
    """A checked request for an answer, the same for every operation that asks for one.

    Attributes:
        operation: ``Converse``, ``ConverseStream``, ``InvokeModel``, ``InvokeModelWithResponseStream``,
            ``CountTokens`` or `BATCH_RECORD`.
        model: The model id or ARN, percent-decoded.
        messages: User and assistant in turn, the user first; never empty.
        system: The system text, or an empty string.
        max_tokens: The most tokens to write, at least 1; ``None`` leaves this and the next two to the engine.
        temperature: From 0 to 1.
        top_p: From 0 to 1.
        stop_sequences: Texts that end the answer.
        additional: ``additionalModelRequestFields``, as sent.
        service_tier: The tier that was asked for, if one was.
        latency_mode: ``standard`` or ``optimized``, if either was asked for.
        document: The whole body as sent; not compared.
    """

    model: str
    messages: tuple[Message, ...]
    system: str = ""
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop_sequences: tuple[str, ...] = ()
    additional: Mapping[str, Any] = field(default_factory=dict)
    service_tier: str | None = None
    latency_mode: str | None = None
    operation: str = "Converse"
    document: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def question(self) -> str:
        """The text of the last user message."""
        return next(message.text for message in reversed(self.messages) if message.role == "user")

    @property
    def identity(self) -> object:
        """What two requests for the same answer have in common."""
        return self.model, self.system, self.messages


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A request that no model answers.

    Attributes:
        operation: Its name in the service's model, such as ``GetInferenceProfile``.
        model: The model, profile or bucket that it names, or an empty string.
        question: The prompt, job or key that it names, or an empty string.
    """

    operation: str
    model: str = ""
    question: str = ""

    @property
    def identity(self) -> object:
        """What two requests for the same thing have in common."""
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What served an answer, where it says so; the first thing that an answer yields.

    Attributes:
        service_tier: One of Bedrock's words, such as ``flex``.
        latency_mode: ``standard`` or ``optimized``.
        invoked_model: The model that a prompt router chose.
    """

    service_tier: str | None = None
    latency_mode: str | None = None
    invoked_model: str | None = None


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A piece of reasoning before the text; the last piece carries a signature and no text."""

    text: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model wants called."""

    id: str
    name: str
    arguments: Mapping[str, Any]


Piece = str | Reasoning | ToolCall
"""A part of an answer; texts that follow each other are one block."""


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
    "ConflictException": 400,
    "IncompleteBody": 400,
    "ServiceQuotaExceededException": 400,
    "ValidationException": 400,
    "AccessDenied": 403,
    "AccessDeniedException": 403,
    "ExpiredTokenException": 403,
    "UnrecognizedClientException": 403,
    "NoSuchBucket": 404,
    "NoSuchKey": 404,
    "ResourceNotFoundException": 404,
    "UnknownOperationException": 404,
    "ModelTimeoutException": 408,
    "DependencyFailedException": 424,
    "ModelErrorException": 424,
    "ModelStreamErrorException": 424,
    "ModelNotReadyException": 429,
    "ThrottlingException": 429,
    "InternalServerException": 500,
    "NotImplemented": 501,
    "BadGatewayException": 502,
    "ServiceUnavailableException": 503,
    "SlowDown": 503,
}
"""The HTTP status of each error that the services answer with; those without ``Exception`` are S3's."""


class Fault(Exception):  # noqa: N818 - an error of the wire, not of a user of this package
    """An error the service answers with: an HTTP error before the first piece, a frame of the stream after it.

    ``retry_after`` is the number of seconds that the response's ``Retry-After`` header says, if it has one.
    """

    def __init__(self, error: str, message: str, retry_after: float | None = None) -> None:
        self.error, self.message, self.retry_after = error, message, retry_after
        super().__init__(f"{error}: {message}")


class Break(Enum):
    """A way in which an answer can break on the wire without an error being said."""

    RESET = "reset"
    CUT = "cut"
    CUT_IN_FRAME = "cut_in_frame"
    BAD_CRC = "bad_crc"
    HANG = "hang"


class Breakage(Exception):  # noqa: N818 - likewise
    """Raised by an engine whose answer shall break here.

    ``RESET`` resets the connection, and ``HANG`` keeps it open and silent until the client leaves. The others
    end a stream in good order: without its last events, inside a frame, or after a frame with a false
    checksum; each of them leaves a plain body half written.
    """

    def __init__(self, how: Break) -> None:
        self.how = how
        super().__init__(how.value)


Answer = Generator[Piece | Served | Finish, None, None]
"""Perhaps a `Served`, then pieces as they come, then one `Finish`."""


class Engine(Protocol):
    """Answers requests, from many threads at once."""

    def converse(self, request: Converse) -> Answer:
        """Yield pieces and a `Finish`; may raise `Fault` or `Breakage` before or between them."""

    def count_tokens(self, request: Converse) -> int:
        """Return how many tokens the model would read; may raise `Fault`."""
