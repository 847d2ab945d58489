"""Runs on answers that the dataset carries: outcomes, records, selection, and how pytest's own options behave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.runs.conftest import RECORDED, results_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n", "2")], ids=["one-process", "xdist"])


@PROCESSES
def test_rows_and_gates_are_judged(suite: pytest.Pytester, processes: Sequence[str]) -> None:
    """The row that broke fails, the gate passes, and the records say both."""
    outcome = suite.runpytest(*RECORDED, *processes)
    outcome.assert_outcomes(passed=5, failed=1)
    assert outcome.ret == pytest.ExitCode.TESTS_FAILED
    migration = results_of(suite.path)["migrations"][0]
    assert migration["verdict"] == "GO"
    assert migration["heading"] == "GO by its gates; 1 row below its bar fails the run."
    assert migration["gates"][0]["statements"][0]["gate"] == "exact_match.non_inferior(margin=0.9)"
    assert migration["metrics"]["exact_match"]["flips"] == {"broke": 1, "fixed": 1, "both right": 3, "both wrong": 0}
    rows = rows_of(suite.path)
    assert list(rows) == ["a", "b", "c", "d", "e"]
    assert rows["b"]["tests"][0]["outcome"] == "failed"
    assert rows["b"]["tests"][0]["checks"][0]["against"] == "source exact_match"
    assert rows["c"]["flips"] == {"exact_match": "fixed"}


@PROCESSES
def test_gate_alone_sees_every_row(suite: pytest.Pytester, processes: Sequence[str]) -> None:
    """Where only the gate is selected, every row still has its line, without tests."""
    suite.runpytest(*RECORDED, "-k", "gate", *processes).assert_outcomes(passed=1, deselected=0 if processes else 5)
    rows = rows_of(suite.path)
    assert len(rows) == 5
    assert all(row["tests"] == [] for row in rows.values())


def test_rows_alone_have_no_verdict(suite: pytest.Pytester) -> None:
    """Where no gate ran, there is no verdict, and the heading says so."""
    suite.runpytest(*RECORDED, "-k", "test_row and not b").assert_outcomes(passed=4, deselected=2)
    migration = results_of(suite.path)["migrations"][0]
    assert migration["verdict"] is None
    assert migration["heading"] == "No gate judged this migration."


def test_failed_row_explains_itself(suite: pytest.Pytester) -> None:
    """The assertion shows side, metric, row and reason."""
    outcome = suite.runpytest(*RECORDED)
    outcome.stdout.fnmatch_lines(["E*<target exact_match 0 on row 'b': expected 'yes', got 'no'>*"])


def test_failed_gate_shows_its_whole_verdict(suite: pytest.Pytester) -> None:
    """A gate that is not GO fails, and its statement and detail are printed in full."""
    path = suite.path / "test_use_case.py"
    path.write_text(path.read_text("utf-8").replace("margin=0.9", "margin=0.05"), "utf-8")
    outcome = suite.runpytest(*RECORDED, "-k", "gate")
    assert outcome.ret == pytest.ExitCode.TESTS_FAILED
    outcome.stdout.fnmatch_lines(["NOT ENOUGH EVIDENCE: exact_match went from 0.800 to 0.800 over 5 rows; *more rows*"])
    outcome.stdout.fnmatch_lines(["*n=5; estimate +0.0000, one-sided 95% limits*tango score*"])
    assert results_of(suite.path)["verdict"] == "NOT ENOUGH EVIDENCE"


@PROCESSES
def test_reported_rows_do_not_fail_the_run(suite: pytest.Pytester, processes: Sequence[str]) -> None:
    """With row_failures='report' a row below its bar is an expected failure, and the gates decide."""
    path = suite.path / "test_use_case.py"
    path.write_text(path.read_text("utf-8").replace('slices=["channel"]', 'row_failures="report"'), "utf-8")
    outcome = suite.runpytest(*RECORDED, *processes)
    outcome.assert_outcomes(passed=5, xfailed=1)
    assert outcome.ret == pytest.ExitCode.OK
    assert results_of(suite.path)["migrations"][0]["heading"] == (
        "GO by its gates; 1 row below its bar is reported only."
    )


def test_no_target_skips_and_reads_nothing(suite: pytest.Pytester) -> None:
    """Without a target each migration test is one skipped item, and the dataset need not even exist."""
    (suite.path / "rows.csv").unlink()
    outcome = suite.runpytest("-rs")
    outcome.assert_outcomes(skipped=2)
    outcome.stdout.fnmatch_lines(["SKIPPED*no --target-model: give one to judge this migration"])
    assert not (suite.path / ".llm-migrate").exists()


@pytest.mark.parametrize("option", ["--collect-only", "--setup-plan", "--migration-plan"])
def test_looking_leaves_no_results(suite: pytest.Pytester, option: str) -> None:
    """What only looks runs no test and writes no report."""
    suite.runpytest(*RECORDED, option)
    assert not list(suite.path.glob(".llm-migrate/runs/*/results.json"))


def test_last_failed_runs_the_row_that_broke(suite: pytest.Pytester) -> None:
    """``--lf`` selects the broken row alone."""
    suite.runpytest(*RECORDED)
    suite.runpytest(*RECORDED, "--lf").assert_outcomes(failed=1)


def test_reruns_count_once(suite: pytest.Pytester) -> None:
    """A row that is run again has one outcome, the last."""
    suite.runpytest(*RECORDED, "--reruns", "1", "-k", "test_row")
    rows = rows_of(suite.path)
    assert [test["outcome"] for test in rows["b"]["tests"]] == ["failed"]


def test_classes_functions_and_parameters(suite: pytest.Pytester) -> None:
    """The closest marker wins whole, and equal markers share one migration, wherever they stand."""
    suite.makepyfile(
        test_use_case="""
        import pytest
        mark = pytest.mark.migration("rows.csv", metrics=["exact_match"])

        @pytest.mark.migration("missing.csv")
        class TestClass:
            @mark
            @pytest.mark.parametrize("floor", [0.0, 0.5])
            def test_row(self, case, floor):
                assert case.source["exact_match"] >= floor or floor

        @mark
        def test_gate(comparison):
            assert len(comparison) == 5
        """
    )
    suite.runpytest(*RECORDED).assert_outcomes(passed=11)
    assert len(results_of(suite.path)["migrations"]) == 1


def test_target_without_a_prompt_is_a_collection_error(suite: pytest.Pytester) -> None:
    """One of several targets that has no prompt ends collection in one clear line."""
    outcome = suite.runpytest(*RECORDED, "--target-model", "local:smollm2-135m", "--collect-only", "-q")
    assert outcome.ret == pytest.ExitCode.INTERRUPTED
    outcome.stdout.fnmatch_lines(["*no prompt 'ask' for 'local:smollm2-135m'*--prompt-strategy identity*"])


@PROCESSES
def test_hostile_ids_stay_selectable(suite: pytest.Pytester, processes: Sequence[str]) -> None:
    """Ids of any text become distinct tests, and every row gets its line."""
    ids = ["a/b", "a::b", "a[b]", "a\\nb", "emoji 🎉", "x" * 4000, "=cmd()", "<script>"]
    lines = [
        f'{{"sample_id": "{name}", "expected": "y", "answer_source_llm": "y", "answer_target_llm": "y"}}'
        for name in ids
    ]
    (suite.path / "rows.jsonl").write_text("\n".join(lines), "utf-8")
    path = suite.path / "test_use_case.py"
    path.write_text(
        path.read_text("utf-8").replace("rows.csv", "rows.jsonl").replace(', slices=["channel"]', ""), "utf-8"
    )
    suite.runpytest(*RECORDED, *processes).assert_outcomes(passed=len(ids) + 1)
    assert len(rows_of(suite.path)) == len(ids)


@PROCESSES
def test_half_a_surrogate_pair_never_turns_a_failure_green(suite: pytest.Pytester, processes: Sequence[str]) -> None:
    """A text that no file can hold still fails the run that it should fail."""
    line = '{"sample_id": "a", "expected": "y", "answer_source_llm": "y", "answer_target_llm": "\\ud800"}'
    (suite.path / "rows.jsonl").write_text(line, "utf-8")
    path = suite.path / "test_use_case.py"
    path.write_text(
        path.read_text("utf-8").replace("rows.csv", "rows.jsonl").replace(', slices=["channel"]', ""), "utf-8"
    )
    assert suite.runpytest(*RECORDED, *processes).ret == pytest.ExitCode.TESTS_FAILED


def test_metric_that_raises_is_an_error_not_a_zero(suite: pytest.Pytester) -> None:
    """A score that a metric cannot give makes its row test an error, and is counted in the records."""
    suite.makepyfile(
        test_use_case="""
        import pytest

        def picky(answer, row):
            if row.sample_id == "b":
                raise RuntimeError("cannot read this")
            return 1.0

        pytestmark = pytest.mark.migration("rows.csv", metrics=[picky])

        def test_row(case):
            assert case.target["picky"] == 1.0

        def test_gate(comparison):
            assert comparison["picky"].non_inferior(margin=0.9)
        """
    )
    outcome = suite.runpytest(*RECORDED, "-rE")
    outcome.assert_outcomes(passed=4, failed=1, errors=1)
    outcome.stdout.fnmatch_lines(
        ["*picky could not score the target answer of row 'b': RuntimeError: cannot read this"]
    )
    migration = results_of(suite.path)["migrations"][0]
    assert migration["verdict"] == "CANNOT JUDGE"
    assert migration["metrics"]["picky"]["failures"] == {"source": 1, "target": 1}


def test_plain_test_keeps_its_own_case(pytester: pytest.Pytester) -> None:
    """A test without the marker that parametrizes ``case`` itself is nobody's business."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("case", [1, 2])
        def test_mine(case):
            assert case
        """
    )
    pytester.runpytest(*RECORDED).assert_outcomes(passed=2)


def test_plain_run_loads_nothing_heavy(pytester: pytest.Pytester) -> None:
    """A run that does not use the plugin imports none of the heavy libraries and leaves no folder."""
    pytester.makepyfile(
        """
        import sys

        def test_nothing_heavy():
            heavy = {"boto3", "pandas", "scipy", "numpy", "jinja2", "yaml", "genai_prices", "xllamacpp"}
            assert not heavy & set(sys.modules)
            assert "pytest_llm_migrate.plugin.run" not in sys.modules
        """
    )
    pytester.runpytest_subprocess("-p", "no:randomly").assert_outcomes(passed=1)
    assert not (pytester.path / ".llm-migrate").exists()


def test_third_parties_register_by_hook(suite: pytest.Pytester) -> None:
    """Metrics, verdict observers and report sections come from a conftest."""
    suite.makeconftest(
        """
        def short(answer, row):
            return len(answer.text) < 9

        def pytest_llm_migrate_metrics():
            return [short]

        def pytest_llm_migrate_verdict(migration):
            print("VERDICT", migration["verdict"])

        def pytest_llm_migrate_report_sections(results):
            return [{"title": "Ours", "text": "<b>not markup</b>"}]
        """
    )
    path = suite.path / "test_use_case.py"
    path.write_text(
        path.read_text("utf-8").replace('metrics=["exact_match"]', 'metrics=["exact_match", "short"]'), "utf-8"
    )
    suite.runpytest(*RECORDED, "-k", "gate", "-s").stdout.fnmatch_lines(["*VERDICT GO"])
    results = results_of(suite.path)
    assert results["migrations"][0]["metrics"]["short"]["target"]["mean"] == 1.0
    assert results["sections"] == [{"title": "Ours", "text": "<b>not markup</b>"}]
    report = next(suite.path.glob(".llm-migrate/runs/*/report.html")).read_text("utf-8")
    assert "<b>not markup</b>" not in report
