"""OpenAI's chat wire, which many servers speak: what a request is sent as, and how events become an answer."""

from __future__ import annotations

import json
import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain.answer import Answer, ToolCall
from pytest_llm_migrate.errors import CallFailedError
from pytest_llm_migrate.models.converse import joined
from pytest_llm_migrate.models.openai_stream import DONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_llm_migrate.domain.request import Request

STOP_REASONS = {
    "content_filter": "content_filtered",
    "function_call": "tool_use",
    "length": "max_tokens",
    "stop": "end_turn",
    "tool_calls": "tool_use",
}
"""Bedrock's words for a ``finish_reason``; any other is kept as it is."""
GIVEN_UP = frozenset({"abort", "error"})
"""Reasons with which a server gives up an answer that it has begun."""


def check_sendable(ref: str, request: Request) -> None:
    """Raise a fatal `CallFailedError` for what a request holds and the model cannot be sent: options and files."""
    left_out = [f"the option {name!r}" for name in request.options]
    left_out += sorted({f"an attached {file.kind}" for file in request.attachments})
    if left_out:
        raise CallFailedError(
            "validation",
            f"{ref} cannot be sent {' or '.join(left_out)}",
            fatal=True,
            way_out="File a prompt without it for this model.",
        )


def chat_body(request: Request) -> dict[str, Any]:
    """Return the body of a chat completion without its model; a setting of ``None`` is not sent."""
    settings = {name: value for name, value in request.inference.items() if value is not None}
    if isinstance(settings.get("stop"), str):
        settings["stop"] = [settings["stop"]]
    system = [{"role": "system", "content": request.system}] if request.system else []
    return {**settings, "messages": system + [{"role": turn.role, "content": turn.text} for turn in request.turns]}


def streamed(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body that asks for a stream, with the tokens used in its last event."""
    return {**body, "stream": True, "stream_options": {"include_usage": True}}


@contextmanager
def well_formed() -> Iterator[None]:
    """Raise `CallFailedError` where what a server sent has another shape than the one it is read by."""
    try:
        yield
    except (AttributeError, OverflowError, TypeError) as error:
        raise CallFailedError("stream_broken", "an event of the stream has an unknown shape") from error


@dataclass(slots=True)
class _Call:
    name: str = ""
    arguments: str = ""


class ChatReply:
    """Gathers the events of one chat completion, or takes in a whole one.

    Args:
        fault: What an error means that the server says among the events.
        needs_end: Whether `DONE`, or the tokens used, must follow the ``finish_reason``.
    """

    def __init__(self, fault: Callable[[Any], CallFailedError], *, needs_end: bool) -> None:
        self._fault, self._needs_end, self._is_done = fault, needs_end, False
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._calls: dict[int, _Call] = {}
        self._logprobs: list[float | None] = []
        self._finish: str | None = None
        self._usage: Mapping[str, Any] = {}
        self._tier: str | None = None

    def add(self, event: Any) -> bool:
        """Take an event in, and tell whether it brought text; one of another shape raises `CallFailedError`."""
        if event == DONE:
            self._is_done = True
            return False
        with well_formed():
            return self._add_chunk(event)

    def _add_chunk(self, chunk: Mapping[str, Any]) -> bool:
        if chunk.get("error") or chunk.get("object") == "error":
            raise self._fault(chunk.get("error") or chunk)
        self._usage = chunk.get("usage") or self._usage
        self._tier = chunk.get("service_tier") or self._tier
        brought_text = False
        for choice in chunk.get("choices") or ():
            if not choice.get("index"):  # where settings ask for several, the first is the answer
                brought_text |= self._add_choice(choice)
        return brought_text

    def _add_choice(self, choice: Mapping[str, Any]) -> bool:
        self._finish = choice.get("finish_reason") or self._finish
        delta = choice.get("delta") or choice.get("message") or {}
        # A refusal is what the user reads in place of the content.
        text = (delta.get("content") or "") + (delta.get("refusal") or "")
        self._texts.append(text)
        # DeepSeek's name for it and older servers', then that of newer ones.
        self._thoughts.append(delta.get("reasoning_content") or delta.get("reasoning") or "")
        self._add_calls(delta.get("tool_calls") or ())
        tokens = choice.get("logprobs") or {}
        for part in ("content", "refusal"):
            self._logprobs += [token.get("logprob") for token in tokens.get(part) or ()]
        return bool(text)

    def _add_calls(self, calls: Iterable[Mapping[str, Any]]) -> None:
        for position, part in enumerate(calls):
            call = self._calls.setdefault(part.get("index", position), _Call())
            function = part.get("function") or {}
            call.name += function.get("name") or ""
            call.arguments += function.get("arguments") or ""

    def answer(self, latency: float, ttft: float | None) -> Answer:
        """Return the whole answer; raise `CallFailedError` where its end is missing or was given up."""
        with well_formed():
            self._check_end()
            cache = self._usage.get("prompt_tokens_details") or {}
            return Answer(
                text=joined(self._texts),
                stop_reason=STOP_REASONS.get(str(self._finish), self._finish),
                input_tokens=_uncached(self._usage.get("prompt_tokens"), cache),
                output_tokens=self._usage.get("completion_tokens"),
                cache_read_tokens=cache.get("cached_tokens"),
                cache_write_tokens=cache.get("cache_write_tokens"),
                latency=latency,
                ttft=ttft,
                service_tier=self._tier,
                mean_logprob=_mean_logprob(self._logprobs),
                reasoning=joined(self._thoughts) or None,
                tool_calls=tuple(_tool_call(call) for call in self._calls.values()),
            )

    def _check_end(self) -> None:
        if self._finish in GIVEN_UP:
            raise CallFailedError("stream_broken", f"the server gave the answer up: finish_reason {self._finish!r}")
        missing = "" if self._finish else "a finish_reason"
        if not missing and self._needs_end and not (self._is_done or self._usage):
            missing = DONE
        if missing:
            raise CallFailedError("stream_ended_early", f"the stream ended without {missing}: the text may be cut off")


def _uncached(prompt: int | None, cache: Mapping[str, Any]) -> int | None:
    """Return the tokens of a prompt without the cache's, which the wire counts among them."""
    if prompt is None:
        return None
    return max(prompt - (cache.get("cached_tokens") or 0) - (cache.get("cache_write_tokens") or 0), 0)


def _mean_logprob(logprobs: Sequence[float | None]) -> float | None:
    known = [logprob for logprob in logprobs if logprob is not None]
    mean = sum(known) / len(known) if known and len(known) == len(logprobs) else math.nan
    # Servers round, so that a certain token's may lie above 0; one that lies at -Infinity leaves nothing to average.
    return min(mean, 0.0) if math.isfinite(mean) else None


def _tool_call(call: _Call) -> ToolCall:
    text = joined([call.arguments])
    try:
        return ToolCall(name=call.name, arguments=json.loads(text or "{}"))
    except ValueError:  # a call that was cut off
        return ToolCall(name=call.name, arguments=text)
