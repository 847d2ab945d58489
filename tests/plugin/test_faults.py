"""Calls, metrics and pipelines that fail: named, counted, never scored, never stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Rule, ScriptedFault
from tests.plugin.suite import ROWS_ONLY, SOURCE, TARGET, golden

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
REFUSED = Rule(contains="question 03.", model=TARGET, fault=ScriptedFault(name="ValidationException", message="bad"))
DENIED = Rule(model=TARGET, fault=ScriptedFault(name="AccessDeniedException", message="no access to this model"))


@PROCESSES
def test_a_failed_call_is_an_error_and_no_zero(suite: Suite, serve: Serve, processes: tuple[str, ...]) -> None:
    """The row test errs, the line names the fault, no mean counts the row, and the gate cannot judge."""
    serve(REFUSED)
    suite.rows(golden())
    suite.tests()
    result = suite.migrate(*processes)
    result.assert_outcomes(passed=19, failed=1, errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["no target answer: validation: bad"])
    line = next(line for line in suite.lines if line["sample_id"] == "r03")
    assert line["target"] == {"error": {"kind": "validation", "message": "bad"}}
    assert (line["tests"][0]["outcome"], line["flips"]) == ("error", {})
    migration = suite.migration
    assert migration["errors"] == {"source": 0, "target": 1, "kinds": {"source": {}, "target": {"validation": 1}}}
    assert (migration["metrics"]["exact_match"]["n"], migration["metrics"]["exact_match"]["target"]["mean"]) == (19, 1)
    assert (migration["verdict"], migration["rows_below_bar"]) == ("CANNOT JUDGE", 0)
    assert "1 of 20 rows lack exact_match scores on a side" in migration["gates"][0]["statement"]


def test_a_failed_call_is_made_again_by_the_next_run(suite: Suite, serve: Serve) -> None:
    """Failures are never stored."""
    suite.rows(golden())
    suite.tests()
    serve(REFUSED)
    suite.migrate()
    mended = serve()
    suite.migrate().assert_outcomes(passed=21)
    assert mended.asked == [(TARGET, "question 03.")]


def test_a_few_failed_calls_do_not_stop_a_gate(suite: Suite, serve: Serve) -> None:
    """Up to two rows in a hundred may lack an answer: the gate judges, and the record says so."""
    serve(REFUSED)
    suite.rows(golden(60))
    suite.tests()
    suite.migrate("-k", "gate").assert_outcomes(passed=1, deselected=60)
    assert suite.migration["verdict"] == "GO"
    assert "1 of 60 target rows have no answer; they are in no mean" in suite.migration["warnings"]


def test_a_passing_fault_is_tried_again(suite: Suite, serve: Serve) -> None:
    """A stream that broke once is asked for once more, and the test never hears of it."""
    bedrock = serve(Rule(contains="question 03.", fault=ScriptedFault(name="reset_mid_stream", times=1)))
    suite.rows(golden(5))
    suite.tests(ROWS_ONLY)
    suite.migrate().assert_outcomes(passed=5)
    assert len(bedrock.asked) == 11


@PROCESSES
def test_a_fatal_fault_stops_the_run_early(suite: Suite, serve: Serve, processes: tuple[str, ...]) -> None:
    """Where every further call would fail alike the run ends after the first, and says so in one sentence."""
    bedrock = serve(DENIED)
    suite.rows(golden(60))
    suite.tests()
    result = suite.migrate(*processes)
    assert result.ret in {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}
    assert len(bedrock.questions(TARGET)) <= 10
    said = "access_denied: no access to this model. Allow bedrock:InvokeModel *"
    result.stdout.fnmatch_lines([f"! *llm-migrate: {said}!"])
    assert len(result.stdout.str().splitlines()) < 120
    assert "INTERNALERROR" not in result.stdout.str()
    assert suite.results["verdict"] in {None, "CANNOT JUDGE"}


def test_a_fatal_fault_fails_a_gate_that_runs_alone(suite: Suite, serve: Serve) -> None:
    """A gate cannot judge rows that nobody answered."""
    bedrock = serve(DENIED)
    suite.rows(golden(60))
    suite.tests()
    result = suite.migrate("-k", "gate")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert len(bedrock.questions(TARGET)) <= 10
    assert suite.results["verdict"] == "CANNOT JUDGE"
    assert suite.migration["errors"]["kinds"]["target"] == {"access_denied": 60}


@pytest.mark.parametrize("failures", ["fail", "report"])
def test_a_metric_that_raises_is_an_error_and_no_zero(suite: Suite, failures: str) -> None:
    """A score that a metric could not give makes its test an error, also where rows are only reported."""
    suite.rows(golden())
    suite.tests(f"""
        import pytest
        from pytest_llm_migrate import metric

        @metric
        def broken(answer, row):
            if row.sample_id == "r03":
                raise RuntimeError("cannot read this")
            return 1.0

        pytestmark = pytest.mark.migration("rows.csv", metrics=[broken], row_failures={failures!r})

        def test_row(case):
            assert case.target["broken"] == 1

        def test_gate(comparison):
            assert comparison["broken"].non_inferior(margin=0.3)
    """)
    result = suite.judge()
    result.assert_outcomes(passed=19, failed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["broken could not score the target answer of row 'r03': RuntimeError: cannot read this"]
    )
    line = suite.lines[3]
    assert line["target"]["failures"] == {"broken": "RuntimeError: cannot read this"}
    assert (line["target"]["scores"], line["tests"][0]["outcome"]) == ({}, "error")
    assert suite.migration["metrics"]["broken"]["failures"] == {"source": 1, "target": 1}
    assert suite.migration["verdict"] == "CANNOT JUDGE"


def test_cut_off_and_refused_answers_are_counted(suite: Suite, serve: Serve) -> None:
    """Truncation and refusals are figures of their own."""
    serve(
        Rule(contains="question 01.", model=TARGET, reply=Reply(text="I cannot help with that.")),
        Rule(contains="question 02.", model=TARGET, reply=Reply(text="ye", stop_reason="max_tokens")),
    )
    suite.rows(golden(4))
    suite.tests(ROWS_ONLY)
    suite.migrate().assert_outcomes(passed=2, failed=2)
    assert suite.migration["truncated"] == {"source": 0, "target": 1}
    assert suite.migration["refusals"] == {"source": 0, "target": 1}
    assert "1 of 4 target answers were cut off at their token limit" in suite.migration["warnings"]


def test_both_sides_of_a_failed_row_may_be_read_for_why(suite: Suite, serve: Serve) -> None:
    """The side that did answer is recorded as ever."""
    serve(Rule(contains="question 00.", model=SOURCE, fault=ScriptedFault(name="ValidationException", message="bad")))
    suite.rows(golden(1))
    suite.tests(ROWS_ONLY)
    suite.migrate().assert_outcomes(errors=1)
    assert suite.lines[0]["source"] == {"error": {"kind": "validation", "message": "bad"}}
    assert suite.lines[0]["target"]["text"] == "yes"
