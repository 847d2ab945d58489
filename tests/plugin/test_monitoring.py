"""Monitoring metrics and figures of the run, in one process and in several."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.metrics import monitors
from tests.plugin.suite import golden

if TYPE_CHECKING:
    from tests.plugin.suite import Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
WATCHED = """
    import pytest

    pytestmark = pytest.mark.migration("rows.csv", prompt="triage", metrics=["monitor:*", "exact_match"])

    def test_row(case):
        assert case.target["exact_match"] == 1
"""
LABELLED = """
    import pytest
    from pytest_llm_migrate.metrics import LabelAccuracy

    class Broken(LabelAccuracy):
        def summary(self, pairs):
            raise ZeroDivisionError("no rows")

    LABELS = [LabelAccuracy(labels=("yes", "no")), Broken(name="broken", labels=("yes", "no"))]
    pytestmark = pytest.mark.migration("rows.csv", prompt="triage", metrics=LABELS)

    def test_row(case):
        assert case.target["label_accuracy"] >= 0
"""


@PROCESSES
def test_monitors_are_reported_and_judge_nothing(suite: Suite, processes: tuple[str, ...]) -> None:
    """Their means stand in one sentence and in the records, not among flips, worst rows or warnings."""
    suite.rows(golden(8, broken=[1, 3]))
    suite.tests(WATCHED)
    result = suite.judge(*processes)
    result.assert_outcomes(passed=6, failed=2)
    found = suite.migration
    scored = {name for name in found["metrics"] if name.startswith("monitor:")}
    assert scored == {metric.name for metric in monitors()} - {"monitor:repeated_answers"}
    assert next(iter(found["metrics"])) == "exact_match"
    assert found["run_level"]["monitor:repeated_answers"] == {
        "source": {"unique": 0, "most_frequent": 1},
        "target": {"unique": 0, "most_frequent": 0.75},
    }
    assert not [warning for warning in found["warnings"] if "monitor" in warning]
    assert all(set(line["flips"]) == {"exact_match"} for line in suite.lines)
    text = " ".join(" ".join(result.outlines).split())
    assert "monitoring, source -> target, not judged: readability" in text
    assert "repeated answers: unique 0 -> 0, most frequent 1 -> 0.75" in text
    assert "8 rows of rows.csv; exact_match broke 2, fixed 0; 2 below their bar" in text
    (first,) = (number for number, line in enumerate(result.outlines) if line.startswith("  monitoring, source"))
    assert all(len(line) <= 80 for line in result.outlines[first : first + 10] if str(suite.path) not in line)
    assert "monitoring, source" in (suite.folder / "summary.md").read_text("utf-8")
    assert "monitoring, source" in (suite.folder / "report.html").read_text("utf-8")


@PROCESSES
def test_figures_of_the_run_are_over_all_rows(suite: Suite, processes: tuple[str, ...]) -> None:
    """Rows may be split among processes: precision and recall are those of all of them; a bug is told once."""
    suite.rows(golden(8, broken=[1, 3]))
    suite.tests(LABELLED)
    result = suite.judge(*processes)
    result.assert_outcomes(passed=8)
    found = suite.migration["run_level"]
    assert found["label_accuracy"]["source"]["macro_f1"] == 1
    assert found["label_accuracy"]["target"]["accuracy"] == 0.75
    assert found["label_accuracy"]["target"]["macro_recall"] == 0.375
    assert found["broken"] == {"fault": "ZeroDivisionError: no rows"}
    told = [warning for warning in suite.migration["warnings"] if "broken" in warning]
    assert told == ["broken has no figures of the run: ZeroDivisionError: no rows"]
    text = " ".join(" ".join(result.outlines).split())
    assert "label_accuracy over the run, source -> target: accuracy 1 -> 0.75;" in text


def test_a_monitor_that_a_gate_names_is_told_as_judged(suite: Suite) -> None:
    """Only the others are said to judge nothing."""
    suite.rows(golden(8))
    suite.tests("""
        import pytest

        @pytest.mark.migration("rows.csv", prompt="triage", metrics=["monitor:length", "monitor:pii"])
        def test_gate(comparison):
            assert comparison["monitor:length"].non_inferior(margin=0.5)
    """)
    text = " ".join(suite.judge().stdout.str().split())
    assert "monitoring, source -> target, not judged: pii 1 -> 1 " in text
    assert "monitoring, source -> target, judged by a gate: length 0.001 -> 0.001" in text
