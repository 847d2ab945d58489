"""Asking a judge for a verdict of a given shape, and taking nothing else for one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_llm_migrate.domain import REFUSED, Request, ScoreFailure, Turn, opens_with_refusal
from pytest_llm_migrate.errors import CallFailedError, MigrateError
from pytest_llm_migrate.metrics.json_text import parse, parse_answer
from pytest_llm_migrate.metrics.material import fenced
from pytest_llm_migrate.metrics.shape import misfit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llm_migrate.domain import Answer, Judge, Row
    from pytest_llm_migrate.metrics.shape import Schema

    Verdict = Mapping[str, Any]

Style = Literal["tool", "json_schema", "text"]
STYLES: tuple[Style, ...] = ("tool", "json_schema", "text")
TOOL = "verdict"
"""The tool that a judge must call."""
INFERENCE: Mapping[str, Any] = {"temperature": 0, "max_tokens": 1024}
"""How a judge is asked unless a metric says otherwise."""

_STYLE_OF_SCHEME: Mapping[str, Style] = {"local": "json_schema", "openai": "text", "sagemaker": "text"}
_TRUNCATED = frozenset({"max_tokens", "model_context_window_exceeded"})
_SHOWN_AGAIN = 2000
_TRIES = 2


def no_fault(_verdict: Verdict) -> None:
    """Find nothing wrong with a verdict of the right shape."""


def ask_for(
    judge: Judge,
    row: Row,
    *,
    system: str,
    text: str,
    schema: Schema,
    check: Callable[[Verdict], str | None] = no_fault,
    style: Style | None = None,
    inference: Mapping[str, Any] = INFERENCE,
) -> Verdict | ScoreFailure:
    """Return a judge's verdict that fits the schema and in which ``check`` finds no fault; else why there is none.

    A judge whose answer is no such verdict is told what was wrong and asked once more, with twice the tokens where it
    ran out of them. A refusal, a call without an answer, or a judge out of reach ends it at once. Where a model
    takes no tools, ``style`` is ``json_schema`` or ``text``; left out, it is what those known to take none can do,
    else ``tool``.
    """
    inquiry = _Inquiry(system=system, schema=schema, style=style or style_of(judge.ref), check=check)
    question, settings, fault, raw = text, dict(inference), "", ""
    for _ in range(_TRIES):
        try:
            answer = judge.ask(inquiry.request(question, settings), row)
        except CallFailedError as error:
            return ScoreFailure(reason=f"judge {error.kind}: {error.message}{_way_out(error, inquiry.style)}")
        except MigrateError as error:
            return ScoreFailure(reason=f"judge not asked: {error}")
        raw = _raw(answer)
        verdict, fault = inquiry.read(answer)
        if not fault:
            return verdict
        if _is_refusal(answer):
            return ScoreFailure(reason="the judge refused to judge", raw=raw)
        question = _once_more(text, fault, raw)
        settings = _roomier(settings) if answer.stop_reason in _TRUNCATED else settings
    return ScoreFailure(reason=f"the judge gave no usable verdict, asked twice: {fault}", raw=raw)


def style_of(ref: str) -> Style:
    """Return how a model is asked for a shape: by a tool, or as its scheme can where that takes no tools."""
    return _STYLE_OF_SCHEME.get(ref.partition(":")[0], "tool")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inquiry:
    system: str
    schema: Schema
    style: Style
    check: Callable[[Verdict], str | None]

    def request(self, text: str, inference: Mapping[str, Any]) -> Request:
        options: dict[str, Any] = {}
        if self.style == "tool":
            tool = {"name": TOOL, "description": "Give the verdict.", "input_schema": self.schema}
            options = {"tools": [tool], "tool_choice": TOOL}
        elif self.style == "json_schema":
            options = {"json_schema": {"name": TOOL, "schema": self.schema}}
        else:
            form = json.dumps(self.schema)
            text = f"{text}\n\nAnswer with one JSON object and nothing else. Its JSON Schema is:\n{form}"
        return Request(turns=(Turn("user", text),), system=self.system, inference=inference, options=options)

    def read(self, answer: Answer) -> tuple[Verdict, str]:
        """Return the verdict and no fault, or what is wrong with the answer."""
        if answer.stop_reason in _TRUNCATED:
            return {}, "it was cut off by its limit of tokens"
        try:
            verdict = _verdict_in(answer)
        except ValueError as error:
            return {}, str(error)
        return verdict, misfit(verdict, self.schema) or self.check(verdict) or ""


def _verdict_in(answer: Answer) -> Any:
    """Return the arguments of the tool that was called, or the JSON in the text of a judge that called none."""
    called = [call.arguments for call in answer.tool_calls if call.name == TOOL]
    if not called and not answer.text.strip():
        raise ValueError("it is empty")
    try:
        if called:
            # Some readers of the wire let numbers pass that JSON does not have.
            return parse(called[0] if isinstance(called[0], str) else json.dumps(called[0]))
        return parse_answer(answer.text)
    except ValueError as error:
        raise ValueError(f"there is no JSON object to be read in it: {error}") from None


def _raw(answer: Answer) -> str:
    calls = (
        call.arguments if isinstance(call.arguments, str) else json.dumps(call.arguments, ensure_ascii=False)
        for call in answer.tool_calls
    )
    return "\n".join(filter(None, [answer.text, *calls]))


def _is_refusal(answer: Answer) -> bool:
    return answer.stop_reason in REFUSED or (not answer.tool_calls and opens_with_refusal(answer.text))


def _once_more(text: str, fault: str, raw: str) -> str:
    return (
        f"{text}\n\nYou were asked this before, and your answer could not be used: {fault}. "
        f"{fenced({'Your last answer': raw[:_SHOWN_AGAIN]})}\n\n"
        "Give the verdict again, whole and in the form asked for."
    )


def _roomier(inference: Mapping[str, Any]) -> dict[str, Any]:
    limit = inference.get("max_tokens")
    return {**inference, "max_tokens": limit * 2} if limit else dict(inference)


def _way_out(error: CallFailedError, style: Style) -> str:
    is_ours = error.kind == "validation" and style != "text"
    return " (a judge that takes no tools is asked with style='text')" if is_ours else ""
