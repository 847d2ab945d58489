"""The text generation wire of TGI and LMI containers: one text goes in, tokens come out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain.answer import Answer
from pytest_llm_migrate.domain.request import STANDARD_SETTINGS
from pytest_llm_migrate.errors import CallFailedError
from pytest_llm_migrate.models.converse import joined
from pytest_llm_migrate.models.openai_chat import well_formed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llm_migrate.domain.request import Request

WIRE_SETTINGS = {"temperature": "temperature", "top_p": "top_p", "max_tokens": "max_new_tokens", "stop": "stop"}
STOP_REASONS = {"eos_token": "end_turn", "length": "max_tokens"}
"""Bedrock's words for a ``finish_reason``; any other, such as ``stop_sequence``, is kept as it is."""
BETWEEN = "\n\n"


def text_body(request: Request) -> dict[str, Any]:
    """Return the body of a text generation: the system text, if any, stands before the user's.

    The text goes out as it is, without a chat template. Raises `CallFailedError` for a conversation of several turns,
    which only a template could tell apart.
    """
    if len(request.turns) > 1:
        raise CallFailedError(
            "validation",
            "a text generation endpoint takes one text, and this prompt has examples or several turns",
            fatal=True,
            way_out="Write them into the prompt's user text, or call the endpoint's chat format.",
        )
    settings = {name: value for name, value in request.inference.items() if value is not None}
    if isinstance(settings.get("stop"), str):
        settings["stop"] = [settings["stop"]]
    if settings.get("temperature") == 0:  # containers refuse it, and mean by this what Bedrock means by zero
        settings = {**settings, "temperature": None, "do_sample": False}
    known = {wire: settings[name] for name, wire in WIRE_SETTINGS.items() if settings.get(name) is not None}
    others = {name: value for name, value in settings.items() if name not in STANDARD_SETTINGS}
    texts = [request.system, *(turn.text for turn in request.turns)]
    return {"inputs": BETWEEN.join(filter(None, texts)), "parameters": {"details": True, **known, **others}}


class TextReply:
    """Gathers the tokens of one text generation, or takes in a whole one.

    Args:
        fault: What an error means that the container says among the events.
    """

    def __init__(self, fault: Callable[[Any], CallFailedError]) -> None:
        self._fault = fault
        self._texts: list[str] = []
        self._whole: str | None = None
        self._details: Mapping[str, Any] = {}

    def add(self, event: Any) -> bool:
        """Take an event in, and tell whether it brought text; one of another shape raises `CallFailedError`."""
        with well_formed():
            return self._add(event[0] if isinstance(event, list) and event else event)

    def _add(self, event: Mapping[str, Any]) -> bool:
        if event.get("error"):
            raise self._fault(event["error"])
        token = event.get("token") or {}
        # The end of the text is a token, too.
        text = "" if token.get("special") or token.get("special_token") else token.get("text") or ""
        self._texts.append(text)
        self._whole = event.get("generated_text", self._whole)
        self._details = event.get("details") or self._details
        return bool(text)

    def answer(self, latency: float, ttft: float | None) -> Answer:
        """Return the whole answer; raise `CallFailedError` where the last event, which has it again, is missing."""
        if self._whole is None:
            missing = "generated_text"
            raise CallFailedError("stream_ended_early", f"the stream ended without {missing}: the text may be cut off")
        with well_formed():
            finish = self._details.get("finish_reason")
            return Answer(
                text=joined([self._whole]),
                stop_reason=STOP_REASONS.get(str(finish), finish),
                input_tokens=self._details.get("input_length"),
                output_tokens=self._details.get("generated_tokens"),
                latency=latency,
                ttft=ttft,
            )
