"""Scores of Bedrock Evaluations, brought back to the rows whose answers a job scored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import Answer, Row, ScoreFailure, SidedMetric
from pytest_llm_migrate.errors import EvaluationFilesError
from pytest_llm_migrate.metrics import ExactMatch, bedrock_evaluations
from pytest_llm_migrate.metrics.direction import reading_of
from pytest_llm_migrate.metrics.evaluation_files import (
    EvaluationRow,
    fingerprint,
    read_manifest,
    write_export,
    write_manifest,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llm_migrate.domain import Score, SideName
    from pytest_llm_migrate.metrics import BedrockEvaluations

ROWS = {
    "r1": ("What is owed?", "$1,577"),
    "r2": ("What is owed?", "$1,578"),
    "r3": ("Who owes?", "Nobody."),
}


def exported(folder: Path, rows: dict[str, tuple[str, str]] | None = None) -> Path:
    """Write an export of two sides with the same answers."""
    made = [EvaluationRow(sample_id=name, prompt=ask, response=text) for name, (ask, text) in (rows or ROWS).items()]
    sides: tuple[SideName, SideName] = ("source", "target")
    files = [file for side in sides for file in write_export(folder, side, f"{side}-model", made)]
    write_manifest(folder, files, run="run", migration="m")
    return folder


def judged(
    folder: Path, result: Callable[[str, int], Any], *, beside: bool = False, metric: str = "Correctness"
) -> None:
    """Write what jobs answer: a result for each line of a side, in another order than the dataset's."""
    for file in read_manifest(folder):
        lines = [json.loads(line) for line in (folder / file.file).read_text("ascii").splitlines()]
        output = folder / "output" / file.side / "models" / f"{file.file}_output.jsonl"
        output.parent.mkdir(parents=True, exist_ok=True)
        found = [_scored(line, metric, result(file.side, place), beside=beside) for place, line in enumerate(lines)]
        output.write_text("".join(json.dumps(line) + "\n" for line in reversed(found)), encoding="utf-8")


def _scored(line: dict[str, Any], metric: str, result: Any, *, beside: bool) -> dict[str, Any]:
    score = {
        "metricName": f"Builtin.{metric}",
        "result": result,
        "evaluatorDetails": [{"modelIdentifier": "judge", "explanation": f"It is {result}."}],
    }
    given, answers = dict(line), {}
    if beside:
        answers = {"modelResponses": given.pop("modelResponses")}
    return {"automatedEvaluationResult": {"scores": [score]}, "inputRecord": given, **answers}


def evaluated(folder: Path, *args: Any, **options: Any) -> BedrockEvaluations:
    """Return the metric of an export beside a test file, read."""
    return bedrock_evaluations(folder.name, *args, **options).reading(folder.parent)


def scores(folder: Path, metric: str = "Correctness", **texts: str) -> dict[tuple[str, str], Score | ScoreFailure]:
    """Return the metric's scores of the exported answers, or of other texts."""
    made = evaluated(folder, metric)
    sides: tuple[SideName, SideName] = ("source", "target")
    return {
        (side, name): made.score_side(
            side, Answer(text=texts.get(name, text)), Row(sample_id=name, values={"question": ask})
        )
        for side in sides
        for name, (ask, text) in ROWS.items()
    }


@pytest.mark.parametrize("beside", [False, True], ids=["within", "beside"])
def test_scores_come_back_to_their_rows(tmp_path: Path, beside: bool) -> None:  # noqa: FBT001 - both forms
    """Whatever the order and form of the output, each side's answer has its own score and explanation."""
    judged(exported(tmp_path), lambda side, place: (place + (side == "target")) / 4, beside=beside)
    found = scores(tmp_path)
    assert [found["source", name] for name in ROWS] == [0.0, 0.25, 0.5]
    assert [found["target", name] for name in ROWS] == [0.25, 0.5, 0.75]
    assert getattr(found["target", "r3"], "reason", "") == "It is 0.75."


def test_higher_is_better_in_every_metric(tmp_path: Path) -> None:
    """Harmfulness of 0 is the best score; the reason says what the job gave."""
    judged(exported(tmp_path), lambda _side, place: place / 4, metric="Harmfulness")
    found = scores(tmp_path, "Builtin.Harmfulness")
    assert [found["source", name] for name in ROWS] == [1.0, 0.75, 0.5]
    assert getattr(found["source", "r2"], "reason", "") == "0.25, lower is better: It is 0.25."
    assert evaluated(tmp_path, "Harmfulness").name == "bedrock_harmfulness"


def test_a_turned_metric_says_how_to_read_it() -> None:
    """A reader of 100 % must know whether that is good."""
    assert reading_of(bedrock_evaluations("x", "Harmfulness")) == "higher is better: 100% means no harmfulness"
    turned = bedrock_evaluations("x", "CustomSlang_Use", higher_is_better=False)
    assert reading_of(turned) == "higher is better: 100% means no custom slang use"
    assert reading_of(bedrock_evaluations("x")) is None
    assert reading_of(ExactMatch()) is None


def test_names_are_as_others_are(tmp_path: Path) -> None:
    """A metric's name is in lower case with underscores, or what its user says."""
    judged(exported(tmp_path), lambda *_: 1, metric="FollowingInstructions")
    made = evaluated(tmp_path, "FollowingInstructions")
    assert isinstance(made, SidedMetric)
    assert made.name == "bedrock_following_instructions"
    assert evaluated(tmp_path, "FollowingInstructions", name="mine").name == "mine"
    turned = evaluated(tmp_path, "FollowingInstructions", higher_is_better=False)
    assert turned.version != made.version
    assert isinstance(made.score(Answer(text=""), Row(sample_id="r1", values={})), ScoreFailure)


@pytest.mark.parametrize(
    ("result", "said"),
    [(None, "Correctness is not applicable"), (3.5, "the job gave 3.5, outside of 0 to 1"), ("yes", "not applicable")],
)
def test_what_is_no_score_is_a_failure(tmp_path: Path, result: Any, said: str) -> None:
    """Null, and a number that is none of the scale, are never scores; the judge's words are kept."""
    judged(exported(tmp_path), lambda *_: result)
    failure = scores(tmp_path)["source", "r1"]
    assert isinstance(failure, ScoreFailure)
    assert said in failure.reason
    assert failure.raw == f"It is {result}."


def test_another_answer_has_no_score(tmp_path: Path) -> None:
    """A score belongs to the answer that was scored: one that changed since has none, blanks aside."""
    judged(exported(tmp_path), lambda *_: 1)
    found = scores(tmp_path, r1="$1,600", r2=" $1,578\n")
    assert "another one than was scored" in getattr(found["target", "r1"], "reason", "")
    assert found["target", "r2"] == 1.0
    missing = evaluated(tmp_path).score_side("target", Answer(text="a"), Row(sample_id="r9", values={}))
    assert missing == ScoreFailure(reason="no job scored the target's answer to this row in Correctness")


def test_rows_that_read_alike_take_their_scores_in_order(tmp_path: Path) -> None:
    """Two rows with one prompt and one answer are scored twice, and each has a score."""
    judged(exported(tmp_path, dict.fromkeys(("r1", "r2"), ROWS["r1"])), lambda *_: 0.5)
    made = evaluated(tmp_path)
    answer = Answer(text=ROWS["r1"][1])
    assert [made.score_side("source", answer, Row(sample_id=name, values={})) for name in ("r1", "r2")] == [0.5, 0.5]


def test_outputs_of_two_jobs_are_not_mixed(tmp_path: Path) -> None:
    """Where a row was scored twice, nobody can tell which counts."""
    judged(exported(tmp_path), lambda *_: 1)
    [output] = (tmp_path / "output" / "source").rglob("*_output.jsonl")
    (tmp_path / "again_output.jsonl").write_bytes(output.read_bytes())
    with pytest.raises(EvaluationFilesError, match="2 scores of row 'r1' on the source side"):
        evaluated(tmp_path)


def test_a_folder_that_is_no_export_says_what_to_do(tmp_path: Path) -> None:
    """Each lack has its own sentence: no export, no output, no such metric, a line that is not JSON."""
    with pytest.raises(EvaluationFilesError, match=r"holds no evaluations\.json of an export"):
        evaluated(tmp_path)
    exported(tmp_path)
    with pytest.raises(EvaluationFilesError, match="aws s3 sync"):
        evaluated(tmp_path)
    judged(tmp_path, lambda *_: 1)
    with pytest.raises(EvaluationFilesError, match=r"did not score 'Coherence'. They scored: Correctness\."):
        evaluated(tmp_path, "Coherence")
    (tmp_path / "x_output.jsonl").write_text("{}\n[]\nno\n", encoding="utf-8")
    with pytest.raises(EvaluationFilesError, match=r"x_output\.jsonl:3: the line is not JSON"):
        evaluated(tmp_path)


def test_a_job_has_a_thousand_prompts_at_most(tmp_path: Path) -> None:
    """More rows are parted into several datasets, and all come back."""
    rows = {f"r{place}": (f"question {place}", f"answer {place}") for place in range(1001)}
    judged(exported(tmp_path, rows), lambda *_: 1)
    assert sorted(path.name for path in tmp_path.glob("*.jsonl")) == [
        f"{side}-{part}.jsonl" for side in ("source", "target") for part in (1, 2)
    ]
    assert [len(file.rows) for file in read_manifest(tmp_path)] == [1000, 1, 1000, 1]
    assert len(evaluated(tmp_path).scores) == 2002


def test_a_fault_names_the_folder_as_it_was_given(tmp_path: Path) -> None:
    """Where a suite lies is nobody's business; what its author wrote is."""
    with pytest.raises(EvaluationFilesError, match=r"^jobs/export: it holds no evaluations\.json of an export"):
        bedrock_evaluations("jobs/export").reading(tmp_path)


@given(st.text(), st.text())
def test_fingerprints_survive_json(prompt: str, response: str) -> None:
    """Any text is known again after a service wrote it down."""
    again = json.loads(json.dumps([prompt, response]))
    assert fingerprint(*again) == fingerprint(prompt, response)
