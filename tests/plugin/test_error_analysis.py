"""What changed in the rows that broke, suspect ground truth, and scores of Bedrock Evaluations, in runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.__main__ import main
from tests.plugin.suite import collection_faults, golden
from tests.report.test_schemas import validator

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugin.suite import Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
GATE = """
    import pytest

    pytestmark = pytest.mark.migration("rows.csv", metrics=["exact_match"], row_failures="report")

    def test_row(case):
        assert case.target["exact_match"] >= case.source["exact_match"]

    def test_gate(comparison):
        '''Nearly all are right.'''
        assert comparison["exact_match"].at_least(0.9)
"""
SCORED = """
    import pytest
    from pytest_llm_migrate.metrics import bedrock_evaluations

    @pytest.mark.migration("rows.csv", metrics=[bedrock_evaluations("export")])
    def test_gate(comparison):
        assert comparison["bedrock_correctness"].non_inferior(margin=0.1)
"""


def rows() -> list[dict[str, Any]]:
    """Return rows of which three broke by a fence, and twenty have a ground truth that both sides contradict."""
    made = golden(120)
    for row in made[:3]:
        row["answer_target_llm"] = "```\nyes\n```"
    for row in made[100:]:
        row["answer_ground_truth"] = "no"
    return made


@PROCESSES
def test_a_run_says_what_changed_where_it_broke(suite: Suite, processes: tuple[str, ...]) -> None:
    """The groups stand in results.json, on the screen, in the summary and on the page; rows have their changes."""
    suite.rows(rows())
    suite.tests(GATE)
    result = suite.judge(*processes)
    validator("results").validate(suite.results)
    for line in suite.lines:
        validator("rows").validate(line)
    found = suite.migration["error_groups"]["exact_match"]
    assert (found["broke"], found["others"]) == (3, 117)
    [group] = found["groups"]
    assert (group["change"], group["rows"], group["examples"], group["lift"]) == (
        "fence gained",
        3,
        ["r00", "r01"],
        None,
    )
    assert [line["changes"][0]["change"] for line in suite.lines[2:4]] == ["fence gained", "same text"]
    result.stdout.fnmatch_lines(["*exact_match: 3 of 120 rows broke; in all 3: fence gained (in none of the 117"])
    assert "| exact_match | fence gained | 3 |" in (suite.folder / "summary.md").read_text("utf-8")
    assert "What changed in the rows that broke" in (suite.folder / "report.html").read_text("utf-8")


@PROCESSES
def test_gates_are_shown_without_suspect_rows(suite: Suite, processes: tuple[str, ...]) -> None:
    """A gate that wrong ground truth pulls down is shown without it, and is NO-GO all the same."""
    suite.rows(rows())
    suite.tests(GATE)
    result = suite.judge(*processes)
    audit = suite.migration["gold_audit"]
    assert [row["sample_id"] for row in audit["rows"]] == [f"r{place}" for place in range(100, 120)]
    assert audit["rows"][0]["reason"] == "both sides give the same answer: 'yes'"
    [item] = audit["verdicts"]
    assert (item["with"], item["without"], suite.migration["verdict"]) == ("NO-GO", "GO", "NO-GO")
    screen = " ".join(result.stdout.str().split())
    assert "20 rows with suspect ground truth: r100, r101, r102 and 17 more; without them" in screen
    assert "exact_match.at_least(0.9) is GO, not NO-GO" in screen
    assert "| Gate | Rows | Verdict | Without suspect ground truth |" in (suite.folder / "summary.md").read_text(
        "utf-8"
    )
    assert "Suspect ground truth" in (suite.folder / "report.html").read_text("utf-8")


@PROCESSES
def test_scores_of_an_evaluation_job_judge_a_migration(suite: Suite, processes: tuple[str, ...]) -> None:
    """A run is exported, jobs score its answers, and the next run is judged by their scores."""
    suite.rows(golden(60))
    suite.tests(GATE)
    suite.judge()
    export = suite.path / "export"
    assert main(["evaluations", "export", str(suite.folder), "--out", str(export)]) == 0
    for side in ("source", "target"):
        lines = [json.loads(line) for line in (export / f"{side}.jsonl").read_text("ascii").splitlines()]
        score = {"metricName": "Builtin.Correctness", "result": 0.75 if side == "source" else 1.0}
        outputs = [{"automatedEvaluationResult": {"scores": [score]}, "inputRecord": line} for line in lines]
        (export / f"{side}_output.jsonl").write_text("".join(json.dumps(line) + "\n" for line in outputs), "utf-8")
    suite.tests(SCORED)
    suite.judge(*processes).assert_outcomes(passed=1)
    found = suite.migration["metrics"]["bedrock_correctness"]
    assert (found["n"], found["source"]["mean"], found["target"]["mean"]) == (60, 0.75, 1.0)
    assert suite.migration["judged"] == ["bedrock_correctness"]


def test_an_evaluation_job_is_found_beside_the_test_file(suite: Suite, tmp_path: Path) -> None:
    """Wherever pytest is started, an export's folder is seen from the test file, as a dataset is."""
    suite.tests(SCORED, "llm/test_triage.py")
    suite.rows(golden(3), "llm/rows.csv")
    result = suite.judge(f"--rootdir={tmp_path}", str(suite.path / "llm"))
    (said,) = collection_faults(result)
    assert said.startswith("export: it holds no evaluations.json of an export. Write one: python -m ")
    export = suite.path / "llm" / "export"
    export.mkdir()
    (export / "evaluations.json").write_text('{"files": []}', "ascii")
    (said,) = collection_faults(suite.judge())
    assert said.startswith("export: it holds no *_output.jsonl of an evaluation job. Fetch what the job wrote into it")
