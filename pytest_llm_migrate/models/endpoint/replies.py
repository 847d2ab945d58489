"""What a script answers, and how fast."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.models.endpoint.engines import Finish, Reasoning, Served, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llm_migrate.models.endpoint.engines import Converse, Piece

_SIGNATURE = "c2NyaXB0ZWQ="


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedCall:
    """A tool that a reply calls, with its arguments."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is answered, and how fast.

    Attributes:
        text: The answer.
        echo: Answer with the text of the last user message instead.
        choose: Answer with the value of the first key that the last user message contains, if one does.
        reasoning: What comes before the answer, as a block of its own.
        tool_calls: What comes after the answer; give an empty ``text`` to have them alone.
        deltas: Pieces that the text, and the reasoning, are sent in, at least 1.
        latency: Seconds before the first piece.
        gap: Seconds between two pieces.
        stop_reason: One of Bedrock's words; ``None`` is ``tool_use`` after tool calls, else ``end_turn``.
        input_tokens: Tokens read; ``None`` counts the words of the request.
        output_tokens: Tokens written; ``None`` counts the words of the answer.
        cache_read_tokens: Tokens taken from a prompt cache.
        cache_write_tokens: Tokens put into a prompt cache.
        service_tier: The tier that served the answer; ``None`` is the one that was asked for.
        latency_mode: ``standard`` or ``optimized``; ``None`` is the one that was asked for.
        invoked_model: The model that a prompt router chose.
        optimized: What OptimizePrompt, and a job of Advanced Prompt Optimization, makes of a prompt; without it the
            operation is refused, and the job fails.
        analysis: What OptimizePrompt says first.
    """

    text: str = "ok"
    echo: bool = False
    choose: Mapping[str, str] = field(default_factory=dict)
    reasoning: str = ""
    tool_calls: tuple[ScriptedCall, ...] = ()
    deltas: int = 1
    latency: float = 0.0
    gap: float = 0.0
    stop_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    service_tier: str | None = None
    latency_mode: str | None = None
    invoked_model: str | None = None
    optimized: str | None = None
    analysis: str = "scripted analysis"

    def answer(self, question: str) -> str:
        """Return the text that answers a question."""
        chosen = (text for part, text in self.choose.items() if part in question)
        return next(chosen, question if self.echo else self.text)

    def pieces(self, text: str) -> Iterator[Piece]:
        """Yield reasoning, text and tool calls, the first two in as many pieces as asked or as they have characters.

        A text that is empty is one piece.
        """
        if self.reasoning:
            yield from (Reasoning(part) for part in _parts(self.reasoning, self.deltas))
            yield Reasoning(signature=_SIGNATURE)
        yield from _parts(text, self.deltas)
        for number, call in enumerate(self.tool_calls, 1):
            yield ToolCall(f"tooluse_{number}", call.name, call.arguments)

    def read_tokens(self, request: Converse) -> int:
        """Return how many tokens the request counts."""
        if self.input_tokens is not None:
            return self.input_tokens
        texts = [request.system, *(message.text for message in request.messages)]
        return sum(len(text.split()) for text in texts)

    def served(self, request: Converse) -> Served | None:
        """Return what serves a request, or nothing where nothing is said of it."""
        found = Served(
            service_tier=self.service_tier or request.service_tier,
            latency_mode=self.latency_mode or request.latency_mode,
            invoked_model=self.invoked_model,
        )
        return None if found == Served() else found

    def finish(self, request: Converse, text: str) -> Finish:
        """Return what ends the answer."""
        return Finish(
            stop_reason=self.stop_reason or ("tool_use" if self.tool_calls else "end_turn"),
            input_tokens=self.read_tokens(request),
            output_tokens=len(f"{self.reasoning} {text}".split()) if self.output_tokens is None else self.output_tokens,
            cache_read_tokens=self.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens,
        )


def _parts(text: str, deltas: int) -> Iterator[str]:
    count = max(1, min(deltas, len(text)))
    for index in range(count):
        yield text[index * len(text) // count : (index + 1) * len(text) // count]
