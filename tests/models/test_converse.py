"""What goes over Bedrock's wire, and what is read from it."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llm_migrate.domain import Answer, Request, Turn
from pytest_llm_migrate.errors import CallFailedError
from pytest_llm_migrate.models.converse import StreamedReply, parameters, read_reply

TURNS = (Turn("user", "2+2?"), Turn("assistant", "4"), Turn("user", "3+3?"))
USAGE = {"inputTokens": 9, "outputTokens": 3, "totalTokens": 19, "cacheReadInputTokens": 5, "cacheWriteInputTokens": 2}
STOP = {"messageStop": {"stopReason": "max_tokens"}}
METADATA = {"metadata": {"usage": USAGE, "metrics": {"latencyMs": 120}}}


def delta(text: str, index: int = 0) -> dict[str, Any]:
    """Return an event that brings text."""
    return {"contentBlockDelta": {"delta": {"text": text}, "contentBlockIndex": index}}


def streamed(*events: dict[str, Any]) -> Answer:
    """Return the answer in a stream of events."""
    reply = StreamedReply()
    for event in events:
        reply.add(event)
    return reply.answer(0.5, 0.1)


def test_request_is_sent_in_bedrocks_words() -> None:
    """Settings that every model knows go to inferenceConfig, all others to the model's own fields."""
    inference = {"temperature": 0.0, "top_p": 0.9, "max_tokens": 50, "stop": ["\n"], "top_k": 4, "seed": 0}
    assert parameters("amazon.x", Request(turns=TURNS, system="Be brief.", inference=inference)) == {
        "modelId": "amazon.x",
        "messages": [
            {"role": "user", "content": [{"text": "2+2?"}]},
            {"role": "assistant", "content": [{"text": "4"}]},
            {"role": "user", "content": [{"text": "3+3?"}]},
        ],
        "system": [{"text": "Be brief."}],
        "inferenceConfig": {"temperature": 0.0, "topP": 0.9, "maxTokens": 50, "stopSequences": ["\n"]},
        "additionalModelRequestFields": {"top_k": 4, "seed": 0},
    }


def test_nothing_is_sent_for_what_is_not_set() -> None:
    """A request of turns alone is sent as messages alone; a setting of ``None`` is not sent."""
    request = Request(turns=(Turn("user", "Hi"),), inference={"temperature": None, "top_k": None})
    assert parameters("amazon.x", request) == {
        "modelId": "amazon.x",
        "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
    }


def test_one_stop_text_is_a_list_of_one() -> None:
    """A single stop text is not taken for a list of characters."""
    request = Request(turns=TURNS, inference={"stop": "END"})
    assert parameters("amazon.x", request)["inferenceConfig"] == {"stopSequences": ["END"]}


def test_stream_and_reply_give_the_same_answer() -> None:
    """Text, stop reason, tokens and the service's latency are read alike from both operations."""
    content = [{"reasoningContent": {"reasoningText": {"text": "hm"}}}, {"text": "Hel"}, {"text": "lo ☃"}]
    reply = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": "max_tokens",
        "usage": USAGE,
        "metrics": {"latencyMs": 120},
    }
    thought = {"contentBlockDelta": {"delta": {"reasoningContent": {"text": "hm"}}, "contentBlockIndex": 0}}
    begun = {"messageStart": {"role": "assistant"}}
    from_stream = streamed(begun, thought, delta("Hel", 1), delta("lo", 2), delta(" ☃", 2), STOP, METADATA)
    known: dict[str, Any] = {
        "text": "Hello ☃",
        "stop_reason": "max_tokens",
        "input_tokens": 9,
        "output_tokens": 3,
        "cache_read_tokens": 5,
        "cache_write_tokens": 2,
        "latency": 0.5,
        "server_latency": 0.12,
        "reasoning": "hm",
    }
    assert from_stream == Answer(**known, ttft=0.1)
    assert read_reply(reply, 0.5) == Answer(**known)


def test_blocks_are_joined_by_their_index() -> None:
    """Blocks that arrive entangled are put in order, and a block without an index is the first."""
    first: dict[str, Any] = {"contentBlockDelta": {"delta": {"text": "a"}}}
    assert streamed(delta("c", 1), first, delta("d", 1), delta("b"), STOP, METADATA).text == "abcd"


@pytest.mark.parametrize(
    ("parts", "text"),
    [(("\ud83d", "\ude00!"), "😀!"), (("a\ud83d", "b"), "a\ufffdb"), (("😀", "\ude00"), "😀\ufffd")],
)
def test_halves_of_a_character_are_mended(parts: tuple[str, ...], text: str) -> None:
    """A character cut in two between events is whole in the answer; a lone half is replaced."""
    assert streamed(*(delta(part) for part in parts), STOP, METADATA).text == text


def test_only_text_counts_as_text() -> None:
    """Neither the beginning of a message, nor a thought, nor an empty delta is a first text."""
    reply = StreamedReply()
    others: list[dict[str, Any]] = [
        {"messageStart": {"role": "assistant"}},
        {"contentBlockStart": {"start": {}, "contentBlockIndex": 0}},
    ]
    thought = {"contentBlockDelta": {"delta": {"reasoningContent": {"text": "hm"}}, "contentBlockIndex": 0}}
    assert [reply.add(event) for event in [*others, thought, delta(""), delta("x"), STOP]] == [False] * 4 + [
        True,
        False,
    ]


def test_unknown_figures_stay_unknown() -> None:
    """Tokens and latency that the service does not state are ``None``, never zero."""
    answer = streamed(delta("x"), STOP, {"metadata": {}})
    assert (answer.input_tokens, answer.output_tokens, answer.server_latency) == (None, None, None)


@pytest.mark.parametrize(
    ("events", "missing"), [([METADATA], "messageStop"), ([STOP], "metadata"), ([], "messageStop")]
)
def test_stream_without_its_end_is_no_answer(events: list[dict[str, Any]], missing: str) -> None:
    """However clean a stream ends, without both its last events its text may be cut off."""
    with pytest.raises(CallFailedError, match=f"stream_ended_early: .* without {missing}"):
        streamed(delta("Yes, but"), *events)


@pytest.mark.parametrize("reply", [{}, {"output": {"message": {}}}, {"usage": USAGE}])
def test_reply_without_output_or_usage_is_no_answer(reply: dict[str, Any]) -> None:
    """A Converse body that was cut off parses without an error, and is refused all the same."""
    with pytest.raises(CallFailedError, match="truncated_body"):
        read_reply(reply, 0.5)
