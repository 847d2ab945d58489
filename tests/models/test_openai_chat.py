"""OpenAI's chat wire: how events become an answer, however they are cut and whatever they hold."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import Request, ToolCall, Turn
from pytest_llm_migrate.errors import CallFailedError
from pytest_llm_migrate.models.openai_chat import ChatReply, chat_body
from pytest_llm_migrate.models.openai_stream import DONE, JsonEvents, read_stream
from pytest_llm_migrate.models.sagemaker_text import TextReply
from tests.models.chat_events import chunk, sse, texts, usage

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Answer

WORDS = ("choices", "content", "delta", "details", "error", "finish_reason", "function", "generated_text", "index")
MORE_WORDS = (
    "logprob",
    "logprobs",
    "name",
    "prompt_tokens",
    "prompt_tokens_details",
    "reasoning",
    "text",
    "token",
    "tool_calls",
    "usage",
    "x",
)
NAMES = st.sampled_from([*WORDS, *MORE_WORDS])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


def fault(said: object) -> CallFailedError:
    """Return a fault that quotes what was said."""
    return CallFailedError("said", str(said))


def answered(*events: object) -> Answer:
    """Return the answer that events make."""
    reply = ChatReply(fault, needs_end=True)
    for event in events:
        reply.add(event)
    return reply.answer(1.0, None)


@given(st.text(), st.lists(st.integers(0, 400)), st.sampled_from([b"\n", b"\r\n"]))
def test_cuts_change_nothing(text: str, cuts: list[int], line_end: bytes) -> None:
    """Wherever a stream is cut, also within a character or a line's end, its answer is the same."""
    stream = b"".join(map(sse, texts(text, "|", text))) + b": comment\n\nevent: x\ndata: [DONE]\n\ndata: late\n\n"
    stream = stream.replace(b"\n", line_end)
    places = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    parts = [stream[start:end] for start, end in pairwise(places)]
    answer = read_stream(iter(parts), ChatReply(fault, needs_end=True), 0.0, float("inf"))
    assert (answer.text, answer.stop_reason, answer.output_tokens) == (f"{text}|{text}", "end_turn", 4)


@given(st.lists(JSON | st.builds(lambda choice: {"choices": [choice]}, JSON), max_size=4))
def test_events_of_any_shape_are_an_answer_or_a_named_fault(events: list[Any]) -> None:
    """Whatever a server sends, nothing else is raised than a call's failure."""
    for reply in (ChatReply(fault, needs_end=False), TextReply(fault)):
        try:
            for event in [*events, chunk(finish="stop")]:
                reply.add(event)
            reply.answer(1.0, None)
        except CallFailedError as failed:
            assert failed.kind in {"stream_broken", "stream_ended_early", "said"}  # noqa: PT017 - or no failure at all


@given(JSON)
def test_events_are_read_as_they_were_written(event: Any) -> None:
    """What was written as an event is read as it was, where it is an object or a list."""
    framed = b"data: " + json.dumps(event, allow_nan=True).encode() + b"\n"
    (read,) = JsonEvents().feed(framed)
    assert json.dumps(read) == json.dumps(event)


def test_latency_ends_with_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes after the end is not read, and takes no time from the answer's."""
    monkeypatch.setattr("time.perf_counter", lambda: 7.0)
    parts = iter([sse(chunk({"content": "x"}, "stop")), b"data: [DONE]\n\n", b"data: late\n\n"])
    answer = read_stream(parts, ChatReply(fault, needs_end=True), 5.0)
    assert (answer.ttft, answer.latency, list(parts)) == (2.0, 2.0, [b"data: late\n\n"])


@pytest.mark.parametrize(
    ("finish", "stop_reason"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("content_filter", "content_filtered"),
        ("tool_calls", "tool_use"),
        ("function_call", "tool_use"),
        ("something_new", "something_new"),
    ],
)
def test_stop_reasons_are_bedrocks(finish: str, stop_reason: str) -> None:
    """Answers of all providers say in the same words why they ended; a new word is kept."""
    assert answered(chunk(finish=finish), DONE).stop_reason == stop_reason


@pytest.mark.parametrize(
    ("details", "tokens"),
    [
        (None, (10, None, None)),
        ({"cached_tokens": None}, (10, None, None)),
        ({"cached_tokens": 0}, (10, 0, None)),
        ({"cached_tokens": 6, "cache_write_tokens": 3}, (1, 6, 3)),
        ({"cached_tokens": 12}, (0, 12, None)),
    ],
)
def test_tokens_of_the_cache_are_apart(
    details: dict[str, Any] | None, tokens: tuple[int | None, int | None, int | None]
) -> None:
    """The wire counts the prompt cache's tokens among those read; an answer does not."""
    answer = answered(chunk(finish="stop"), usage(prompt_tokens_details=details))
    assert (answer.input_tokens, answer.cache_read_tokens, answer.cache_write_tokens) == tokens


def test_unknown_tokens_are_not_zero() -> None:
    """A server that does not say which tokens it used leaves them unknown."""
    answer = answered(chunk({"content": "x"}, "stop"), DONE)
    assert (answer.input_tokens, answer.output_tokens) == (None, None)


def test_refusal_is_the_text() -> None:
    """A refusal that comes in place of the content is what the user reads."""
    assert answered(chunk({"content": None, "refusal": "I cannot."}, "stop"), DONE).text == "I cannot."


@pytest.mark.parametrize(
    ("logprobs", "mean"),
    [
        (None, None),
        ({"content": None}, None),
        ({"content": []}, None),
        ({"content": [{"logprob": -1}], "refusal": [{"logprob": -2.0}]}, -1.5),
        ({"content": [{"logprob": 1e-7}]}, 0.0),
        ({"content": [{"logprob": -1.0}, {"logprob": None}]}, None),
        ({"content": [{"logprob": -1.0}, {"logprob": -math.inf}]}, None),
    ],
)
def test_log_probabilities_are_averaged_where_all_are_known(
    logprobs: dict[str, Any] | None, mean: float | None
) -> None:
    """A whole answer's tokens have a mean of 0 at most, and none where a token's is missing or infinite."""
    choice = {"index": 0, "message": {"content": "x"}, "logprobs": logprobs, "finish_reason": "stop"}
    assert answered({"choices": [choice]}, DONE).mean_logprob == mean


def test_first_choice_is_the_answer() -> None:
    """Where settings ask for several choices, the others' texts are left out."""
    other = {"choices": [{"index": 1, "delta": {"content": "other"}, "finish_reason": "length"}]}
    answer = answered(chunk({"content": "first"}), other, chunk(finish="stop"), DONE)
    assert (answer.text, answer.stop_reason) == ("first", "end_turn")


def test_halves_of_a_character_are_joined() -> None:
    """A character beyond 16 bits may come in two events."""
    halves = [json.loads('{"content": "\\ud83d"}'), json.loads('{"content": "\\udc4b"}')]
    assert answered(*map(chunk, halves), chunk(finish="stop"), DONE).text == "👋"


def test_tool_calls_may_come_whole_and_cut_off() -> None:
    """Several calls are kept in order; without arguments there are none, and half of them stay a text."""
    calls = [{"function": {"name": "a", "arguments": ""}}, {"function": {"name": "b", "arguments": '{"x": 1'}}]
    answer = answered(chunk({"tool_calls": calls}, "length"), DONE)
    assert answer.tool_calls == (ToolCall(name="a", arguments={}), ToolCall(name="b", arguments='{"x": 1'))


def test_fields_of_the_wire_are_not_settings() -> None:
    """A setting cannot take the messages' place, and one of ``None`` is not sent."""
    request = Request(turns=(Turn("user", "hello"),), inference={"messages": [], "seed": None, "logprobs": True})
    assert chat_body(request) == {"messages": [{"role": "user", "content": "hello"}], "logprobs": True}
