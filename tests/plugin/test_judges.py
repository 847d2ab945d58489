"""Metrics that ask a judge, over the wire: what they ask, how often, and what they make of odd verdicts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Rule, ScriptedCall, ScriptedFault
from tests.plugin.suite import SOURCE, TARGET, collection_faults, golden
from tests.report.test_schemas import validator

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Bedrock, Suite

JUDGE = "anthropic.claude-sonnet-4-20250514-v1:0"
OTHER_JUDGE = "us.meta.llama3-3-70b-instruct-v1:0"
PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
JUDGED = """
    import pytest

    pytestmark = pytest.mark.migration("rows.csv", prompt="triage", metrics=["judge:correctness"])

    def test_row(case):
        assert case.target["judge:correctness"] >= 0.5

    def test_gate(comparison):
        assert comparison["judge:correctness"].target.mean >= 0.5
"""
"""A row test and a gate on what a judge says."""


def verdict(**arguments: Any) -> Reply:
    """Return a reply that calls the verdict's tool."""
    return Reply(text="", tool_calls=(ScriptedCall(name="verdict", arguments=arguments),))


def scored(score: object) -> Reply:
    """Return a well-formed verdict, but for its score."""
    return verdict(reasoning="as the reference says", score=score)


def said(text: str, **more: Any) -> Reply:
    """Return a reply in words."""
    return Reply(text=text, **more)


def judged_text(score: str) -> str:
    """Return the arguments of `scored` as JSON."""
    return f'{{"reasoning": "as the reference says", "score": {score}}}'


@pytest.fixture
def judged(suite: Suite, serve: Serve) -> Bedrock:
    """The endpoint of a suite of four rows whose judge gives 4 of 5."""
    suite.rows(golden(4))
    suite.tests(JUDGED)
    return serve(Rule(model=JUDGE, reply=scored(4)), Rule(model=OTHER_JUDGE, reply=scored(5)))


def by_judge(suite: Suite, *arguments: str, judge: str = JUDGE) -> pytest.RunResult:
    """Run with both sides' answers called for, and a judge."""
    return suite.migrate("--judge-model", judge, *arguments)


@PROCESSES
def test_each_answer_is_judged_once(suite: Suite, judged: Bedrock, processes: tuple[str, ...]) -> None:
    """Rows and gates share verdicts, and equal answers to a row share one, in however many processes."""
    result = by_judge(suite, *processes)
    result.assert_outcomes(passed=5)
    assert len(judged.questions(JUDGE)) == 4
    assert len(judged.questions(SOURCE)) == len(judged.questions(TARGET)) == 4
    line = suite.lines[0]
    assert line["target"]["scores"] == {"judge:correctness": 0.75}
    assert line["target"]["reasons"] == {"judge:correctness": "4 on 1 to 5: as the reference says"}
    assert suite.migration["judges"] == [JUDGE]


def test_the_judge_sees_question_reference_and_answer(suite: Suite, judged: Bedrock) -> None:
    """Each stands under its label between fences, and nothing of the other side is there."""
    by_judge(suite, "-k", "r00")
    (question,) = judged.questions(JUDGE)
    assert question == (
        "Fences are 3 backticks long.\n\nquestion:\n```\nquestion 00.\n```\n\n"
        "reference:\n```\nyes\n```\n\nanswer:\n```\nyes\n```"
    )


def test_a_second_run_asks_nobody(suite: Suite, judged: Bedrock) -> None:
    """Scores are kept: neither another run nor another threshold calls anything."""
    by_judge(suite)
    calls = len(judged.asked)
    by_judge(suite).assert_outcomes(passed=5)
    suite.tests(JUDGED.replace("0.5", "0.9"))
    by_judge(suite).assert_outcomes(failed=5)
    assert len(judged.asked) == calls


def test_another_judge_is_the_only_one_asked(suite: Suite, judged: Bedrock) -> None:
    """A new judge scores the stored answers anew."""
    by_judge(suite)
    calls = len(judged.asked)
    by_judge(suite, judge=OTHER_JUDGE).assert_outcomes(passed=5)
    assert {model for model, _ in judged.asked[calls:]} == {OTHER_JUDGE}
    assert len(judged.asked) == calls + 4
    assert suite.lines[0]["target"]["scores"] == {"judge:correctness": 1.0}


def test_a_judge_s_calls_are_paid_for_as_such(suite: Suite, judged: Bedrock) -> None:
    """The bill tells what judging took."""
    by_judge(suite)
    assert len(judged.asked) == 12
    assert suite.results["spending"]["purposes"]["judge"]["calls"] == 4


def test_recorded_verdicts_are_replayed(suite: Suite, judged: Bedrock, credentials: pytest.MonkeyPatch) -> None:
    """A recorded suite is judged without a key on a machine that has never asked."""
    by_judge(suite, "--migration-record")
    calls = len(judged.asked)
    for path in (suite.path / ".llm-migrate").glob("answers.sqlite*"):
        path.unlink()
    credentials.delenv("AWS_ACCESS_KEY_ID")
    by_judge(suite, "--migration-answers", "replay").assert_outcomes(passed=5)
    assert len(judged.asked) == calls


def test_a_verdict_that_was_not_recorded_is_named(suite: Suite, judged: Bedrock) -> None:
    """Replay calls no judge: rows whose verdict is neither recorded nor stored have no score, and say what to do."""
    suite.judge("--judge-model", JUDGE, "--migration-answers", "replay")
    reason = suite.lines[0]["target"]["failures"]["judge:correctness"]
    assert reason.startswith(f"judge not asked: --migration-answers replay: no recording for row 'r00' on {JUDGE}")
    assert judged.asked == []


def test_a_judge_without_a_price_is_not_paid_from_a_budget(suite: Suite, judged: Bedrock) -> None:
    """What it would cost is unknown, so it is not asked."""
    suite.judge("--judge-model", "amazon.unknown-v1:0", "--migration-max-cost", "1")
    assert judged.asked == []


@pytest.mark.parametrize(
    "reply",
    [
        said('{"reasoning": "fine", "score": 4}'),
        said('Here it is:\n```json\n{"reasoning": "fine", "score": 4}\n```'),
        scored(4.0),
    ],
    ids=["plain JSON", "fenced", "a float"],
)
def test_what_can_be_read_is_a_verdict(suite: Suite, serve: Serve, reply: Reply) -> None:
    """A judge that answers in words where a tool was forced has still said what it says, and is asked once."""
    suite.rows(golden(1))
    suite.tests(JUDGED)
    bedrock = serve(Rule(model=JUDGE, reply=reply))
    by_judge(suite).assert_outcomes(passed=2)
    assert suite.lines[0]["target"]["scores"] == {"judge:correctness": 0.75}
    assert len(bedrock.questions(JUDGE)) == 1


CUT = '{"reasoning": "it goes on and'
UNUSABLE = {
    "truncated": (said(CUT, stop_reason="max_tokens"), "it was cut off by its limit of tokens", CUT),
    "no JSON": (said("A four."), "there is no JSON object to be read in it: there is no object in it", "A four."),
    "empty": (said(" "), "it is empty", " "),
    "wrong keys": (
        verdict(reasoning="", rating=4),
        "'score' is missing in the verdict",
        '{"reasoning": "", "rating": 4}',
    ),
    "empty verdict": (verdict(), "'reasoning' is missing in the verdict", "{}"),
    "out of range": (scored(95), "score is 95, above 5", judged_text("95")),
    "below": (scored(0), "score is 0, below 1", judged_text("0")),
    "NaN": (scored(math.nan), "score is 'NaN', not a number", judged_text('"NaN"')),
    "of ten": (scored("8/10"), "score is '8/10', not a number", judged_text('"8/10"')),
    "null": (scored(None), "score is None, not a number", judged_text("null")),
    "a truth value": (scored(True), "score is True, not a number", judged_text("true")),  # noqa: FBT003 - it says so
}
"""What a judge says, what is wrong with it, and what is kept of it."""


@pytest.mark.parametrize(("reply", "fault", "raw"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_what_is_no_verdict_is_a_score_failure(suite: Suite, serve: Serve, reply: Reply, fault: str, raw: str) -> None:
    """After one repair try the row has no score, says why, and keeps what the judge said."""
    suite.rows(golden(1))
    suite.tests(JUDGED)
    bedrock = serve(Rule(model=JUDGE, reply=reply))
    by_judge(suite)
    side = suite.lines[0]["target"]
    assert (side["scores"], len(bedrock.questions(JUDGE))) == ({}, 2)
    assert side["failures"] == {"judge:correctness": f"the judge gave no usable verdict, asked twice: {fault}"}
    assert side["raws"] == {"judge:correctness": raw}
    by_judge(suite)
    assert len(bedrock.questions(JUDGE)) == 2  # what it said is kept, if no score is


def test_a_mended_verdict_counts(suite: Suite, serve: Serve) -> None:
    """The judge is told what was wrong and what it had said."""
    suite.rows(golden(1))
    suite.tests(JUDGED)
    repair = Rule(model=JUDGE, contains="could not be used: score is '8/10', not a number", reply=scored(4))
    bedrock = serve(repair, Rule(model=JUDGE, reply=scored("8/10")))
    by_judge(suite).assert_outcomes(passed=2)
    assert len(bedrock.questions(JUDGE)) == 2
    assert suite.lines[0]["target"]["scores"] == {"judge:correctness": 0.75}


@pytest.mark.parametrize(
    ("reply", "raw"),
    [
        (said("I'm sorry, but I can't help with that."), "I'm sorry, but I can't help with that."),
        (said("blocked", stop_reason="guardrail_intervened"), "blocked"),
    ],
    ids=["in words", "guardrail"],
)
def test_a_refusal_is_a_score_failure(suite: Suite, serve: Serve, reply: Reply, raw: str) -> None:
    """A judge that refuses is not asked again, and the row has no score."""
    suite.rows(golden(1))
    suite.tests(JUDGED)
    bedrock = serve(Rule(model=JUDGE, reply=reply))
    by_judge(suite)
    side = suite.lines[0]["target"]
    assert side["failures"] == {"judge:correctness": "the judge refused to judge"}
    assert side["raws"] == {"judge:correctness": raw}
    validator("rows").validate(suite.lines[0])
    assert len(bedrock.questions(JUDGE)) == 1


def test_a_throttled_judge_is_tried_again(suite: Suite, serve: Serve) -> None:
    """A throttle that passes costs a retry, no score."""
    suite.rows(golden(1))
    suite.tests(JUDGED)
    fault = ScriptedFault(name="ThrottlingException", times=1)
    serve(Rule(model=JUDGE, reply=scored(4), fault=fault))
    by_judge(suite).assert_outcomes(passed=2)


def test_a_judge_that_does_not_answer_fails_its_scores(suite: Suite, serve: Serve) -> None:
    """A call of the judge's that fails is the judge's failure, not a side's, and no score of 0."""
    suite.rows(golden(1))
    suite.tests(JUDGED)
    serve(Rule(model=JUDGE, fault=ScriptedFault(name="ValidationException", message="no tools here")))
    by_judge(suite)
    side = suite.lines[0]["target"]
    assert side["scores"] == {}
    assert side["failures"]["judge:correctness"].startswith("judge validation: ")
    assert "style='text'" in side["failures"]["judge:correctness"]


def test_a_run_without_a_judge_says_so(suite: Suite, judged: Bedrock) -> None:
    """What is missing is told where tests are collected, in one line, and nobody is asked."""
    result = suite.migrate()
    assert collection_faults(result) == [
        "metric 'judge:correctness' asks a judge, and there is none. Give one: --judge-model REF."
    ]
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert judged.asked == []


@pytest.mark.parametrize(
    ("judge", "said"),
    [
        ("sonet", "unknown model 'sonet'."),
        ("recorded", "judge_likert is no metric yet: its judge cannot be 'recorded': it must be called."),
    ],
)
def test_a_judge_of_a_metric_s_own_is_checked_before_any_call(
    suite: Suite, judged: Bedrock, judge: str, said: str
) -> None:
    """One that no call could reach is a collection error, as it is of ``--judge-model``."""
    suite.tests(f"""
        import pytest
        from pytest_llm_migrate.metrics import judge_likert

        @pytest.mark.migration("rows.csv", prompt="triage", metrics=[judge_likert(judge="{judge}")])
        def test_row(case):
            pass
    """)
    (line,) = collection_faults(suite.migrate())
    assert line.startswith(said)
    assert judged.asked == []


def test_a_plan_asks_no_judge(suite: Suite, judged: Bedrock) -> None:
    """Neither sides nor judge are called, with answers there or without."""
    by_judge(suite, "--migration-plan")
    assert judged.asked == []
    suite.judge("-k", "r00", "--judge-model", JUDGE)
    calls = len(judged.asked)
    by_judge(suite, "--migration-plan")
    assert len(judged.asked) == calls


def test_a_judge_s_direction_is_on_record(suite: Suite, serve: Serve) -> None:
    """Where the judge's least number is the best the record says how to read the turned score, and only there."""
    suite.rows(golden(4))
    suite.tests(
        JUDGED.replace('["judge:correctness"]', '["judge:correctness", "judge:harmfulness", JURY]').replace(
            "import pytest",
            "import pytest\n    from pytest_llm_migrate.metrics import Jury, judge_likert, RubricJudge\n\n"
            "    JURY = Jury(of=RubricJudge(name='slang_or_drama', criterion='Slang?', levels={1: 'None.', 5: 'All.'}, "
            "higher_is_better=False), judges=(None,))",
        )
    )
    serve(Rule(model=JUDGE, reply=scored(1)))
    result = suite.migrate("--judge-model", JUDGE, "-k", "gate")
    validator("results").validate(suite.results)
    found = suite.migration["metrics"]
    assert found["judge:harmfulness"]["target"]["mean"] == 1.0
    assert found["judge:harmfulness"]["direction"] == {
        "given": "lower is better",
        "reads": "higher is better: 100% means no harmfulness",
    }
    assert found["jury:slang_or_drama"]["direction"]["reads"] == "higher is better: 100% means no slang or drama"
    assert "direction" not in found["judge:correctness"]
    assert "directions" not in suite.migration
    said = " ".join(result.stdout.str().split())
    assert "judge:harmfulness: higher is better: 100% means no harmfulness" in said


def test_a_judge_that_judges_itself_is_warned_of(suite: Suite, serve: Serve) -> None:
    """So is one of a single side's family."""
    suite.rows(golden(1))
    suite.tests(JUDGED)
    serve(Rule(contains="Fences are", reply=scored(4)))
    by_judge(suite, judge=TARGET)
    warning = f"the judge is the target model itself ({TARGET}): judges favour their own answers"
    assert warning in suite.migration["warnings"]
    by_judge(suite, judge=JUDGE)
    (warning,) = [text for text in suite.migration["warnings"] if "judge" in text]
    assert warning.startswith(f"the judge {JUDGE} is of the source's family (anthropic): judges favour")


def test_judges_that_nobody_was_held_against_share_a_line(suite: Suite, judged: Bedrock) -> None:
    """However many metrics no gate judges by."""
    suite.tests(JUDGED.replace('["judge:correctness"]', '["judge:correctness", "judge:relevance", "judge_likert"]'))
    text = " ".join(by_judge(suite, "-k", "r00").stdout.str().split())
    said = "judge:correctness, judge:relevance, judge_likert, which no gate judges by: their judges were not held"
    assert f"{said} against people" in text
    assert len(judged.questions(JUDGE)) == 3
