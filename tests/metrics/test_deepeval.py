"""DeepEval's own metrics behind a judge that says what it was told to."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.domain import Answer, JudgedMetric, Score, ScoreFailure, ToolCall
from pytest_llm_migrate.errors import (
    CallFailedError,
    DeepEvalDirectionError,
    MetricDefinitionError,
    MissingExtraError,
    UnknownNameError,
)
from pytest_llm_migrate.metrics import builtins, deepeval_geval, deepeval_metric, resolve
from pytest_llm_migrate.metrics.deepeval import JudgedDeepEvalMetric
from pytest_llm_migrate.metrics.deepeval_canary import prove
from pytest_llm_migrate.metrics.deepeval_judge import QUIET, deepeval, plain_schema
from pytest_llm_migrate.metrics.deepeval_names import READY
from tests.metrics.judges import ScriptedJudge, judge, row, verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llm_migrate.domain import Request, Row

REGISTRY = {metric.name: metric for metric in builtins()}
GOOD = {"verdict": "yes", "reason": "it is said"}
POOR = {"verdict": "no", "reason": "it is not"}
TWO = verdict(statements=["one", "two"])
ROW = row(question="why?", content=["because", "of this"], answer_ground_truth="so")


def ready(name: str) -> JudgedDeepEvalMetric:
    """Return a metric by its ready name."""
    found = REGISTRY[f"deepeval:{name}"]
    assert isinstance(found, JudgedDeepEvalMetric)
    return found


def scored(metric: JudgedDeepEvalMetric, *answers: Answer | str | Exception, on: Row = ROW) -> Score | ScoreFailure:
    """Score an answer with a judge that answers so."""
    return metric.judged_by(lambda _: judge(*answers)).score(Answer(text="one two"), on)


def failure(metric: JudgedDeepEvalMetric, *answers: Answer | str | Exception, on: Row = ROW) -> str:
    """Return why there is no score."""
    found = scored(metric, *answers, on=on)
    assert isinstance(found, ScoreFailure)
    return found.reason


@pytest.mark.parametrize(
    ("name", "answers", "score"),
    [
        ("answer_relevancy", [TWO, verdict(verdicts=[GOOD, POOR])], 0.5),
        ("faithfulness", [verdict(truths=["a"]), verdict(claims=["b", "c"]), verdict(verdicts=[GOOD, POOR])], 0.5),
        ("toxicity", [verdict(opinions=["a", "b"]), verdict(verdicts=[POOR, GOOD])], 0.5),
        ("bias", [verdict(opinions=["a", "b"]), verdict(verdicts=[POOR, POOR])], 1.0),
        ("hallucination", [verdict(verdicts=[GOOD, POOR])], 0.5),
        (
            "summarization",
            [
                *(verdict(truths=["a"]), verdict(claims=["b"]), verdict(questions=["c?"])),
                *(verdict(answers=["yes"]), verdict(answers=["no"]), verdict(verdicts=[GOOD])),
            ],
            0.0,
        ),
    ],
)
def test_ready_metrics_ask_our_judge_as_often_as_they_must(name: str, answers: list[Answer], score: float) -> None:
    """Each gives DeepEval's score of the verdicts, and the judge is asked once a step, never for a summary."""
    found = judge(*answers)
    metric = ready(name).judged_by(lambda _: found)
    assert metric.score(Answer(text="one two"), ROW) == score
    assert len(found.asked) == len(answers) == metric.calls


def test_every_ready_name_is_a_judged_metric() -> None:
    """They are in the registry, and ask for the run's judge."""
    assert [f"deepeval:{name}" for name in READY] == [name for name in REGISTRY if name.startswith("deepeval:")]
    assert all(isinstance(ready(name), JudgedMetric) for name in READY)


def test_the_reason_is_that_of_the_verdicts() -> None:
    """What the judge found stands in the reason."""
    found = scored(ready("answer_relevancy"), TWO, verdict(verdicts=[GOOD, POOR]))
    assert isinstance(found, Score)
    assert found.reason == "it is said; it is not"


def test_verdicts_are_asked_for_by_a_tool_with_plain_shapes() -> None:
    """The schema has no references, and what may be null says so."""
    found = judge(TWO, verdict(verdicts=[GOOD, {"verdict": "no", "reason": None}]))
    ready("answer_relevancy").judged_by(lambda _: found).score(Answer(text="one two"), ROW)
    (tool,) = found.asked[1].options["tools"]
    item = tool["input_schema"]["properties"]["verdicts"]["items"]
    assert item["properties"]["reason"]["type"] == ["string", "null"]
    assert item["properties"]["verdict"] == {"enum": ["yes", "no", "borderline"], "type": "string"}


def test_words_are_read_where_a_judge_takes_no_tools() -> None:
    """Fenced JSON is parsed as elsewhere."""
    answers = ['```json\n{"statements": ["a"]}\n```', '{"verdicts": [{"verdict": "yes"}]}']
    found = judge(*answers, ref="local:small")
    assert ready("answer_relevancy").judged_by(lambda _: found).score(Answer(text="one"), ROW) == 1.0


@pytest.mark.parametrize(
    ("name", "answers", "said"),
    [
        ("answer_relevancy", [TWO, verdict(verdicts=[])], "verdicts has 0 items, and there are 2 statements"),
        ("answer_relevancy", [TWO, verdict(verdicts=[GOOD])], "verdicts has 1 items, and there are 2 statements"),
        ("answer_relevancy", [verdict(statements=[])], "statements is empty, and a share of nothing is no score"),
        ("faithfulness", [verdict(truths=["a"]), verdict(claims=[])], "claims is empty"),
        ("toxicity", [verdict(opinions=["a"]), verdict(verdicts=[])], "verdicts has 0 items, and there are 1 opinions"),
        ("hallucination", [verdict(verdicts=[GOOD])], "verdicts has 1 items, and there are 2 context to judge"),
        ("answer_relevancy", [TWO, verdict(verdicts=[GOOD, {"verdict": "maybe"}])], "verdict is 'maybe', not 'yes'"),
        ("answer_relevancy", ["I think it is fine."], "there is no JSON object to be read in it"),
        ("answer_relevancy", [""], "it is empty"),
        ("answer_relevancy", [Answer(text='{"statements": ["a', stop_reason="max_tokens")], "cut off"),
        ("answer_relevancy", [verdict(sentences=["a"])], "'statements' is missing in the verdict"),
        ("answer_relevancy", [CallFailedError("throttled", "slow down")], "judge throttled: slow down"),
    ],
)
def test_a_judge_that_says_too_little_gives_no_score(name: str, answers: list[Answer | str], said: str) -> None:
    """What DeepEval would count as perfect, or crash on, is a score failure that says what was wrong."""
    assert said in failure(ready(name), *answers)


@pytest.mark.parametrize("score", [95, -3, float("nan"), float("inf"), "8/10", None])
def test_g_eval_takes_no_score_off_its_scale(score: object) -> None:
    """Neither 95 nor -3 of 10, nor what is no number."""
    metric = deepeval_geval("tone", evaluation_steps=["Is it polite?"])
    said = failure(metric, verdict(reason="so", score=score))
    assert "score is" in said or "is not a JSON number" in said


def test_g_eval_brings_ten_points_to_one() -> None:
    """By steps that are given it asks once; of criteria it makes the steps first."""
    answer = verdict(reason="polite", score=8)
    found = scored(deepeval_geval("tone", evaluation_steps=["Is it polite?"]), answer)
    assert (found, getattr(found, "reason", "")) == (0.8, "polite")
    assert scored(deepeval_geval("tone", criteria="polite"), verdict(steps=["Is it?"]), answer) == 0.8
    with pytest.raises(MetricDefinitionError, match="G-Eval judges by criteria or by evaluation_steps"):
        deepeval_geval("tone")


def test_an_answer_without_opinions_is_not_toxic() -> None:
    """Nothing to hold against it is found by a judge that was asked."""
    assert scored(ready("toxicity"), verdict(opinions=[])) == 1.0


def test_an_empty_answer_and_a_row_without_context_are_not_scored() -> None:
    """Neither is a low score, and the judge is not asked."""
    found = judge(TWO)
    metric = ready("answer_relevancy").judged_by(lambda _: found)
    assert metric.score(Answer(text=" "), ROW) == ScoreFailure(
        reason="the answer is empty, and DeepEval scores no empty answer"
    )
    assert "'retrieval_context' cannot be None" in failure(ready("faithfulness"), TWO, on=row(question="why?"))
    assert not found.asked


class Broken(ScriptedJudge):
    """Raises a TypeError when it is asked."""

    def ask(self, request: Request, row: Row) -> Answer:  # noqa: ARG002 - the promise of every judge
        """Fail."""
        self.asked.append(request)
        raise TypeError("no such argument")


def test_a_type_error_is_not_asked_for_twice() -> None:
    """DeepEval takes one for a model without schemas, and would ask again without."""
    found = Broken([])
    assert ready("toxicity").judged_by(lambda _: found).score(Answer(text="one"), ROW) == ScoreFailure(
        reason="TypeError: no such argument"
    )
    assert len(found.asked) == 1


class ByQuestion(ScriptedJudge):
    """Finds one statement, which is relevant if the answer says so."""

    def ask(self, request: Request, row: Row) -> Answer:  # noqa: ARG002 - the promise of every judge
        """Answer by what is asked."""
        text, properties = request.turns[-1].text, request.options["tools"][0]["input_schema"]["properties"]
        if "statements" in properties:
            return verdict(statements=["relevant" if "good" in text.rpartition("Text:")[2] else "idle"])
        return verdict(verdicts=[GOOD if '"relevant"' in text or "'relevant'" in text else POOR])


def test_scores_of_many_threads_do_not_meet() -> None:
    """Each is measured by an object of its own."""
    metric = ready("answer_relevancy").judged_by(lambda _: ByQuestion([]))
    texts = ["good" if number % 2 else "bad" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: metric.score(Answer(text=text), ROW), texts))
    assert found == [float(text == "good") for text in texts]


def test_a_tool_call_that_is_no_json_is_a_failure() -> None:
    """Its text is kept for the reader."""
    answer = Answer(text="", tool_calls=(ToolCall(name="verdict", arguments="{statements"),))
    found = scored(ready("answer_relevancy"), answer)
    assert isinstance(found, ScoreFailure)
    assert found.raw == "{statements"


def test_objects_and_classes_of_deepeval_are_metrics() -> None:
    """What an object was made with is kept, but for its model, which gives way to our judge."""
    own = deepeval("metrics")
    model = ready("toxicity").judged_by(lambda _: judge())._fresh(_model()).model
    geval = own.GEval(
        name="tone", evaluation_steps=["polite?"], evaluation_params=_seen("actual_output"), model=model, threshold=0.2
    )
    metrics = resolve([own.AnswerRelevancyMetric, geval, own.ExactMatchMetric()], REGISTRY)
    assert [metric.name for metric in metrics] == ["deepeval:answer_relevancy", "tone", "deepeval:exact_match"]
    assert [isinstance(metric, JudgedMetric) for metric in metrics] == [True, True, False]
    assert isinstance(metrics[1], JudgedDeepEvalMetric)
    assert scored(metrics[1], verdict(reason="so", score=5)) == 0.5
    assert metrics[2].score(Answer(text="so"), ROW) == 1.0


def _given(found: ScriptedJudge, _ref: str | None) -> ScriptedJudge:
    return found


def _model() -> Any:
    from pytest_llm_migrate.metrics.deepeval_judge import generating_model  # noqa: PLC0415 - needs DeepEval

    return generating_model("theirs", lambda *_: pytest.fail("the object's own model is asked"))


def _seen(*names: str) -> list[Any]:
    return [deepeval("test_case").SingleTurnParams(name) for name in names]


def test_a_metric_of_one_s_own_is_copied_for_each_score() -> None:
    """A subclass that cannot be made anew from its attributes still scores, and remembers nothing."""
    base: Any = deepeval("metrics").BaseMetric

    class Long(base):  # type: ignore[misc]
        """Whether an answer has as many letters."""

        def __init__(self, letters: int) -> None:
            self._least, self.threshold = letters, 0.5

        def measure(self, test_case: Any, **_: Any) -> float:
            """Count the letters."""
            self.score = float(len(test_case.actual_output) >= self._least)
            return float(self.score)

        async def a_measure(self, test_case: Any, **_: Any) -> float:
            """Do likewise."""
            return self.measure(test_case)

        def is_successful(self) -> bool:
            """Tell whether it is."""
            return bool(self.score)

    mine = Long(3)
    (metric,) = resolve([mine], REGISTRY)
    assert (metric.name, metric.score(Answer(text="four"), ROW)) == ("deepeval:long", 1.0)
    assert metric.score(Answer(text="no"), ROW) == 0.0
    assert getattr(mine, "score", None) is None


def test_what_scores_conversations_is_refused() -> None:
    """A row has one answer."""
    with pytest.raises(MetricDefinitionError, match="it scores conversations, and a row has one answer"):
        resolve([deepeval("metrics").KnowledgeRetentionMetric], REGISTRY)


def test_any_class_is_named_without_its_key_or_import() -> None:
    """Settings go to its constructor; a wrong name or setting is said before any call."""
    metric = deepeval_metric("ContextualRecallMetric", include_reason=False)
    assert metric.name == "deepeval:contextual_recall"
    assert scored(metric, verdict(verdicts=[GOOD, POOR])) == 0.5
    with pytest.raises(MetricDefinitionError, match="has no class 'RecallMetric' among its metrics"):
        deepeval_metric("RecallMetric").judged_by(lambda _: judge())
    with pytest.raises(MetricDefinitionError, match="unexpected keyword argument 'colour'"):
        deepeval_metric("BiasMetric", colour="red").judged_by(lambda _: judge())


def test_any_metric_of_deepeval_has_a_name() -> None:
    """A class that takes no settings is found by its name, and asks for verdicts alone."""
    (metric,) = resolve(["deepeval:contextual_recall"], REGISTRY)
    assert isinstance(metric, JudgedDeepEvalMetric)
    assert (metric.name, metric.calls) == ("deepeval:contextual_recall", 1)
    assert scored(metric, verdict(verdicts=[GOOD, POOR])) == 0.5
    assert metric.version == deepeval_metric("ContextualRecallMetric", include_reason=False).version
    (plain,) = resolve(["deepeval:exact_match"], REGISTRY)
    assert plain.score(Answer(text="so"), ROW) == 1.0


def test_names_that_deepeval_does_not_have_get_the_nearest() -> None:
    """So do classes and what G-Eval sees; what takes settings is named with them."""
    with pytest.raises(UnknownNameError, match=r"unknown metric 'deepeval:contextual_recal'. Did you mean '.*recall'"):
        resolve(["deepeval:contextual_recal"], REGISTRY)
    with pytest.raises(MetricDefinitionError, match=r"among its metrics. Did you mean 'FaithfulnessMetric'"):
        deepeval_metric("FaithfulnesMetric").judged_by(lambda _: judge())
    with pytest.raises(UnknownNameError, match=r"parameter of a test case 'actual'. Did you mean 'actual_output'"):
        deepeval_geval("g", criteria="c", parameters=("actual",)).judged_by(lambda _: judge())
    asked = r"takes prompt_instructions. Give what it takes: deepeval_metric\('PromptAlignmentMetric', prompt_instr"
    with pytest.raises(MetricDefinitionError, match=asked):
        resolve(["deepeval:prompt_alignment"], REGISTRY)
    with pytest.raises(MetricDefinitionError, match=r"takes pattern. Give what it takes: PatternMatchMetric\(pattern="):
        resolve([deepeval("metrics").PatternMatchMetric], REGISTRY)


def test_versions_tell_metrics_settings_and_judges_apart() -> None:
    """And are the same for equal ones."""
    metrics = [ready("bias"), ready("toxicity"), deepeval_metric("BiasMetric"), deepeval_metric("BiasMetric", n=1)]
    assert len({metric.version for metric in metrics}) == len(metrics)
    assert ready("bias").version == deepeval_metric("BiasMetric", include_reason=False).version
    judges = [judge(ref="a.b"), judge(ref="c.d")]
    one, other = (ready("bias").judged_by(partial(_given, found)) for found in judges)
    assert one.version != other.version


def test_a_deepeval_that_scores_the_other_way_round_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary is a metric whose verdicts are all bad: were its score high, toxic answers would pass."""
    kind = deepeval("metrics").ToxicityMetric
    measure: Callable[..., float] = kind.measure
    monkeypatch.setattr(kind, "measure", lambda *given, **more: 1 - measure(*given, **more))
    prove.cache_clear()
    with pytest.raises(DeepEvalDirectionError, match="scores 1 where every verdict is bad and 0 where every one is"):
        ready("toxicity").judged_by(lambda _: judge())
    prove.cache_clear()


def test_without_the_package_one_line_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The metric is registered nonetheless: who does not use it never hears of it."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "deepeval"]:
        monkeypatch.delitem(sys.modules, name)

    class Finder:
        """Finds no DeepEval."""

        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            """Refuse it."""
            if name.partition(".")[0] == "deepeval":
                raise ModuleNotFoundError(f"No module named {name!r}", name="deepeval")

    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    prove.cache_clear()
    with pytest.raises(MissingExtraError, match=r"needs deepeval: pip install 'pytest-llm-migrate\[deepeval\]'"):
        ready("bias").judged_by(lambda _: judge())


PROGRAM = """
import sys
from pytest_llm_migrate.metrics import builtins
found = {metric.name: metric for metric in builtins()}
assert "deepeval" not in sys.modules
from tests.metrics.judges import judge, row, verdict
from pytest_llm_migrate.domain import Answer
said = verdict(verdicts=[{"verdict": "yes", "reason": "a"}])
metric = found["deepeval:hallucination"].judged_by(lambda _: judge(said))
print(metric.score(Answer(text="a"), row(question="q", content="c")))
import os
print(os.environ.get("FROM_DOTENV"), [name for name in sys.modules if name.partition(".")[0] == "deepeval"] != [])
"""


def test_nothing_is_sent_read_or_written_beside_the_score(tmp_path: Path) -> None:
    """DeepEval is imported at the first use, with telemetry, .env files and files of its own off."""
    (tmp_path / ".env").write_text("FROM_DOTENV=1\n", "utf-8")
    environment = {name: value for name, value in os.environ.items() if name not in QUIET}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        cwd=tmp_path,
        env={**environment, "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("<1: a>\nNone True\n", "")
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_shapes_that_are_no_objects_are_left_to_pydantic() -> None:
    """Unions and maps are not checked here; the class they come from does."""
    part = {"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "number"}]}, "b": {}}}
    assert plain_schema(part) == {"type": "object", "properties": {"a": {}, "b": {}}}
    assert plain_schema({"type": "array"}) == {"type": "object", "properties": {}}
