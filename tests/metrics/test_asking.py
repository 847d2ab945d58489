"""What a judge is sent, and what is taken for a verdict."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import Answer, ScoreFailure, ToolCall
from pytest_llm_migrate.errors import CallFailedError
from pytest_llm_migrate.metrics.asking import ask_for, style_of
from tests.metrics.judges import ScriptedJudge, judge, row, verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llm_migrate.metrics.asking import Style

SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "number", "minimum": 0, "maximum": 10}},
    "required": ["score"],
}


def asked(of: ScriptedJudge, **more: Any) -> Mapping[str, Any] | ScoreFailure:
    """Ask a judge for a score of 0 to 10."""
    return ask_for(of, row(), system="You judge.", text="answer: a", schema=SCHEMA, **more)


def test_a_tool_is_forced() -> None:
    """The only tool is the verdict's, it must be called, and nothing is left to chance."""
    found = judge(verdict(score=7))
    assert asked(found) == {"score": 7}
    (request,) = found.asked
    assert request.options["tool_choice"] == "verdict"
    assert request.options["tools"][0]["input_schema"] == SCHEMA
    assert request.inference == {"temperature": 0, "max_tokens": 1024}
    assert (request.system, found.texts) == ("You judge.", ["answer: a"])


def test_a_model_without_tools_is_told_the_schema() -> None:
    """It is sent no option, and its JSON is read out of its words."""
    found = judge('Sure!\n```json\n{"score": 7}\n```', ref="openai:gpt-oss-20b")
    assert asked(found) == {"score": 7}
    (request,) = found.asked
    assert request.options == {}
    assert found.texts[0].startswith("answer: a\n\nAnswer with one JSON object and nothing else.")
    assert found.texts[0].endswith('"required": ["score"]}')


def test_structured_output_is_asked_for_by_name() -> None:
    """A judge can be asked for text of a schema instead of a tool."""
    found = judge('{"score": 7}')
    assert asked(found, style="json_schema") == {"score": 7}
    assert found.asked[0].options == {"json_schema": {"name": "verdict", "schema": SCHEMA}}


@pytest.mark.parametrize(
    ("ref", "style"),
    [
        ("us.amazon.nova-lite-v1:0", "tool"),
        ("arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0", "tool"),
        ("local:qwen2.5-0.5b", "json_schema"),
        ("sagemaker:my-endpoint", "text"),
        ("openai:gpt-oss-20b", "text"),
        ("mine:model", "tool"),
    ],
)
def test_the_style_follows_the_reference(ref: str, style: Style) -> None:
    """Schemes whose models are known to refuse tools are asked as they can be."""
    assert style_of(ref) == style


def test_a_second_try_says_what_was_wrong() -> None:
    """The judge sees the fault and its own answer between fences, under the same question."""
    found = judge(verdict(score="8/10"), verdict(score=8))
    assert asked(found) == {"score": 8}
    assert found.texts[1] == (
        "answer: a\n\nYou were asked this before, and your answer could not be used: score is '8/10', not a number. "
        'Fences are 3 backticks long.\n\nYour last answer:\n```\n{"score": "8/10"}\n```\n\n'
        "Give the verdict again, whole and in the form asked for."
    )


def test_a_cut_answer_is_tried_with_more_room() -> None:
    """Twice the tokens, where it was tokens that it lacked; even a whole-looking object of a cut answer is not one."""
    cut = Answer(text='{"score": 7}', stop_reason="max_tokens")
    found = judge(cut, verdict(score=7))
    assert asked(found) == {"score": 7}
    assert [request.inference["max_tokens"] for request in found.asked] == [1024, 2048]
    found = judge(cut, verdict(score=7))
    asked(found, inference={"temperature": None})
    assert found.asked[1].inference == {"temperature": None}


def test_two_unusable_answers_are_a_failure() -> None:
    """It is asked twice, not three times; the last text is kept."""
    found = judge("seven", "eight")
    assert asked(found) == ScoreFailure(
        reason="the judge gave no usable verdict, asked twice: there is no JSON object to be read in it: "
        "there is no object in it",
        raw="eight",
    )
    assert len(found.asked) == 2


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (math.nan, "there is no JSON object to be read in it: 'NaN' is not a JSON number"),
        (math.inf, "there is no JSON object to be read in it: 'Infinity' is not a JSON number"),
        (95, "score is 95, above 10"),
        (-3, "score is -3, below 0"),
    ],
)
def test_numbers_off_the_scale_are_no_scores(value: float, fault: str) -> None:
    """Neither clamped nor passed on."""
    found = asked(judge(verdict(score=value)))
    assert isinstance(found, ScoreFailure)
    assert found.reason.replace("'", "").endswith(fault.replace("'", ""))


def test_arguments_that_are_text_are_read_as_json() -> None:
    """Cut arguments come as text: whole ones are read, others are a fault."""
    whole = Answer(text="", tool_calls=(ToolCall(name="verdict", arguments='{"score": 1}'),))
    part = Answer(text="", tool_calls=(ToolCall(name="verdict", arguments='{"score": '),))
    assert asked(judge(whole)) == {"score": 1}
    found = asked(judge(part))
    assert isinstance(found, ScoreFailure)
    assert found.raw == '{"score": '


def test_the_caller_s_own_check_counts() -> None:
    """What no schema can say, such as that two lists have one length, is asked for again like the rest."""
    found = judge(verdict(score=3), verdict(score=4))
    assert asked(found, check=lambda verdict: "score is odd" if verdict["score"] % 2 else None) == {"score": 4}
    assert "could not be used: score is odd." in found.texts[1]


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't.",
        "I\u2019m very sorry.",
        "Sorry, no.",
        "I cannot judge this.",
        "I can\u2019t.",
        "As an AI, I",
    ],
)
def test_a_refusal_ends_it(text: str) -> None:
    """A judge that refuses is not pressed."""
    found = judge(text)
    assert asked(found) == ScoreFailure(reason="the judge refused to judge", raw=text)
    assert len(found.asked) == 1


def test_an_apology_before_a_verdict_is_no_refusal() -> None:
    """What can be read is read first."""
    assert asked(judge('Sorry for the wait: {"score": 7}')) == {"score": 7}


def test_a_failed_call_is_the_judge_s_failure() -> None:
    """Its kind and message are told, and where options may be to blame the way out."""
    throttled = asked(judge(CallFailedError("throttled", "slow down")))
    refused = asked(judge(CallFailedError("validation", "no tools", fatal=True)))
    assert throttled == ScoreFailure(reason="judge throttled: slow down")
    assert isinstance(refused, ScoreFailure)
    assert refused.reason == "judge validation: no tools (a judge that takes no tools is asked with style='text')"
    assert asked(judge(CallFailedError("validation", "no")), style="text") == ScoreFailure(
        reason="judge validation: no"
    )


@given(st.text(st.characters(exclude_categories=())), st.none() | st.sampled_from(["end_turn", "max_tokens", "weird"]))
def test_no_text_raises(text: str, stop_reason: str | None) -> None:
    """Whatever a judge says is a verdict of the schema or a failure."""
    found = asked(ScriptedJudge([Answer(text=text, stop_reason=stop_reason)]))
    assert isinstance(found, ScoreFailure) or 0 <= found["score"] <= 10
