"""Judges held against people in a run: columns, review files, the gate and what is kept of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.plugin.suite import collection_faults, golden
from tests.report.test_schemas import validator

if TYPE_CHECKING:
    from tests.plugin.suite import Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
REVIEWED = """
    import pytest
    from pytest_llm_migrate.metrics import review_scores

    pytestmark = pytest.mark.migration(
        "rows.csv", prompt="triage", metrics=["llm_judge_score", review_scores("reviews.csv")]
    )

    def test_judge(comparison):
        assert comparison.judge("llm_judge_score").agreement(at_least=0.6)

    def test_gate(comparison):
        assert comparison["llm_judge_score"].non_inferior(margin=0.3)
"""


def judged(rows: int, *, broken: int = 10) -> list[dict[str, Any]]:
    """Return rows with a judge's scores of both recorded answers: 1 for those that are right."""
    found = golden(rows, broken=range(broken))
    return [
        row | {"llm_judge_score_source_llm": 1, "llm_judge_score_target_llm": int(row["answer_target_llm"] == "yes")}
        for row in found
    ]


def review_file(suite: Suite, rows: list[dict[str, Any]], *, raters: int = 2, fair: bool = True) -> None:
    """Write what people gave: 5 of 5 to right answers and 1 to wrong ones, or the other way round."""
    best, worst = (5, 1) if fair else (1, 5)
    lines = [
        f"{row['sample_id']},{side},rater {rater},{best if row[f'answer_{side}_llm'] == 'yes' else worst}"
        for row in rows
        for side in ("source", "target")
        for rater in range(raters)
    ]
    suite.file("reviews.csv", "\n".join(["sample_id,side,rater,rating", *lines]) + "\n")


@PROCESSES
def test_a_judge_is_certified_by_a_review_file(suite: Suite, processes: tuple[str, ...]) -> None:
    """The gate passes, its figures are in the record, and other gates do not speak of the judge."""
    rows = judged(60, broken=20)
    suite.rows(rows)
    review_file(suite, rows)
    suite.tests(REVIEWED.replace("margin=0.3", "margin=0.6"))
    suite.judge(*processes).assert_outcomes(passed=2)
    validator("results").validate(suite.results)
    (found,) = suite.migration["certificates"]["llm_judge_score"]
    assert (found["answers"], found["rows"], found["kappa"]["value"]) == (120, 60, 1.0)
    assert found["among_people"]["raters"] == 2
    assert found["among_people"]["alpha"]["value"] == 1.0
    said = {gate["nodeid"].rpartition("::")[2]: gate["statement"] for gate in suite.migration["gates"]}
    assert "agrees with people by a kappa of 1.00 over 120 answers of 60 rows" in said["test_judge"]
    assert "judge behind it" not in said["test_gate"]
    ((corrected,),) = suite.migration["corrected"].values()
    assert (corrected["labelled"], round(corrected["value"], 3)) == (60, -0.333)


def test_a_judge_that_people_contradict_is_no_go(suite: Suite) -> None:
    """And every gate that stands on it says so."""
    rows = judged(60, broken=30)
    suite.rows(rows)
    review_file(suite, rows, raters=1, fair=False)
    suite.tests(REVIEWED.replace("margin=0.3", "margin=0.9"))
    suite.judge().assert_outcomes(passed=1, failed=1)
    said = {gate["verdict"]: gate["statement"] for gate in suite.migration["gates"]}
    assert "it is below 0.6" in said["NO-GO"]
    assert "The judge behind it is not shown to agree with people: kappa -" in said["GO"]


def test_without_people_a_judged_gate_says_so(suite: Suite) -> None:
    """The ruling is what it was."""
    suite.rows(judged(60))
    suite.tests("""
        import pytest

        @pytest.mark.migration("rows.csv", prompt="triage", metrics=["llm_judge_score"])
        def test_gate(comparison):
            assert comparison["llm_judge_score"].non_inferior(margin=0.3)
    """)
    suite.judge().assert_outcomes(passed=1)
    (gate,) = suite.migration["gates"]
    assert gate["statement"].endswith("The judge behind it was not held against people.")
    assert suite.migration["certificates"] == {"llm_judge_score": []}


def test_a_broken_review_file_is_a_collection_error(suite: Suite) -> None:
    """It names file, line and column, before anything is judged."""
    suite.rows(judged(4, broken=0))
    suite.file("reviews.csv", "sample_id,side,rating\nr00,left,5\n")
    suite.tests(REVIEWED)
    faults = "\n".join(collection_faults(suite.judge()))
    assert "reviews.csv:2, column 'side': 'left' is not 'source' or 'target'" in faults
