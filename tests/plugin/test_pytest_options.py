"""pytest's own selection, stopping, reruns and workers, on answers that the dataset carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.report.row_view import row_record
from tests.plugin.conftest import LIGHT
from tests.plugin.suite import ROWS_AND_GATE, golden
from tests.report.test_schemas import validator

if TYPE_CHECKING:
    from tests.plugin.suite import Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
REPORTED = ROWS_AND_GATE.replace("slices", 'row_failures="report", slices')


@pytest.fixture
def broken(suite: Suite) -> Suite:
    """A suite of 20 rows, of which the target broke one."""
    suite.rows(golden(broken=[3]))
    suite.tests()
    return suite


@PROCESSES
def test_a_gate_alone_judges_every_row(broken: Suite, processes: tuple[str, ...]) -> None:
    """With only the gate selected every row is compared and has its line, without a test."""
    result = broken.judge("-k", "gate", *processes)
    assert result.ret == pytest.ExitCode.OK
    assert [line["tests"] for line in broken.lines] == [[]] * 20
    assert broken.migration["metrics"]["exact_match"]["flips"]["broke"] == 1
    assert (broken.migration["heading"], broken.migration["rows_below_bar"]) == ("GO by its gates.", 0)


def test_rows_alone_have_no_verdict(broken: Suite) -> None:
    """Without a gate the verdict is null and the heading says that nobody judged."""
    assert broken.judge("-k", "test_row").ret == pytest.ExitCode.TESTS_FAILED
    assert (broken.results["verdict"], broken.migration["verdict"]) == (None, None)
    assert broken.migration["heading"] == "No gate judged this migration; 1 row below its bar."


def test_one_row_alone_has_one_line(broken: Suite) -> None:
    """A row that is named by its node id is run and recorded by itself."""
    result = broken.judge("test_triage.py::test_row[r03]")
    result.assert_outcomes(failed=1)
    assert [line["sample_id"] for line in broken.lines] == ["r03"]


def test_order_does_not_matter(broken: Suite) -> None:
    """A gate that runs before the rows says the same, and the lines keep the dataset's order."""
    broken.judge()
    apart = {"id": 0, "history": 0}  # of runs, not of what was seen
    usual = (broken.migration | apart, [line | {"tests": 0} for line in broken.lines])
    broken.file("conftest.py", "def pytest_collection_modifyitems(items):\n    items.reverse()\n")
    broken.judge().assert_outcomes(passed=20, failed=1)
    assert (broken.migration | apart, [line | {"tests": 0} for line in broken.lines]) == usual


@PROCESSES
def test_reported_rows_do_not_fail_the_run(suite: Suite, processes: tuple[str, ...]) -> None:
    """With ``row_failures="report"`` a row below its bar is an expected failure, and the gate decides."""
    suite.rows(golden(broken=[3]))
    suite.tests(REPORTED)
    result = suite.judge(*processes)
    result.assert_outcomes(passed=20, xfailed=1)
    assert result.ret == pytest.ExitCode.OK
    assert suite.migration["heading"] == "GO by its gates; 1 row below its bar is reported only."
    (test,) = suite.lines[3]["tests"]
    assert (test["outcome"], test["reported"], test["checks"][0]["passed"]) == ("xfailed", True, False)
    assert suite.migration["row_tests"]["reported"] == 1
    validator("results").validate(suite.results)
    validator("rows").validate(suite.lines[3])
    name, became, _, _ = row_record(suite.lines[3], ["exact_match"])["t"][0]
    assert (name, became) == ("test_row", "below its bar, reported only")
    page = " ".join((suite.folder / "report.html").read_text("utf-8").split())
    assert "19 passed, 1 below its bar, reported only" in page


def test_reported_rows_stay_reported_under_runxfail(suite: Suite) -> None:
    """``--runxfail`` is about marks in test files; it does not make reported rows fail."""
    suite.rows(golden(broken=[3]))
    suite.tests(REPORTED)
    suite.judge("--runxfail").assert_outcomes(passed=20, xfailed=1)


def test_reported_rows_leave_a_gate_to_fail(suite: Suite) -> None:
    """Only rows are reported: a gate that is not GO fails as ever."""
    suite.rows(golden(broken=range(20)))
    suite.tests(REPORTED)
    suite.judge().assert_outcomes(xfailed=20, failed=1)


def test_a_mistake_in_a_test_is_not_a_reported_row(suite: Suite) -> None:
    """What is no failed comparison, such as a metric's name misspelt, fails also where rows are reported."""
    suite.rows(golden(2))
    suite.tests("""
        import pytest

        @pytest.mark.migration("rows.csv", metrics=["exact_match"], row_failures="report")
        def test_row(case):
            assert case.target["exactmatch"] == 1
    """)
    result = suite.judge()
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*unknown metric 'exactmatch'. Did you mean 'exact_match'?*"])


def test_marks_of_the_user_keep_their_meaning(suite: Suite) -> None:
    """skip, xfail and importorskip in row tests are recorded as what they are."""
    suite.rows(golden(3))
    suite.tests("""
        import pytest

        pytestmark = pytest.mark.migration("rows.csv", metrics=["exact_match"])

        @pytest.mark.xfail(reason="known", strict=False)
        def test_known(case):
            assert case.id != "r00"

        def test_some(case):
            if case.id == "r01":
                pytest.skip("not this one")
    """)
    suite.judge().assert_outcomes(passed=2, skipped=1, xfailed=1, xpassed=2)
    assert (
        suite.migration["row_tests"] | {"passed": 2, "skipped": 1, "xfailed": 1, "xpassed": 2}
        == (suite.migration["row_tests"])
    )


def test_last_failed_runs_the_broken_row(broken: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """``--lf`` selects the row that failed."""
    monkeypatch.setenv("PYTEST_ADDOPTS", LIGHT)
    broken.judge().assert_outcomes(passed=20, failed=1)
    broken.judge("--lf").assert_outcomes(failed=1)
    assert [line["sample_id"] for line in broken.lines] == ["r03"]


@PROCESSES
def test_the_first_failure_may_end_the_run(broken: Suite, processes: tuple[str, ...]) -> None:
    """``-x`` stops at the broken row; what had run by then is recorded whole."""
    result = broken.judge("-x", *processes)
    assert result.ret in {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}
    assert result.parseoutcomes()["failed"] == 1
    failed = [line["sample_id"] for line in broken.lines for test in line["tests"] if test["outcome"] == "failed"]
    assert failed == ["r03"]
    assert "INTERNALERROR" not in result.stdout.str()


@PROCESSES
def test_of_reruns_the_last_counts(suite: Suite, monkeypatch: pytest.MonkeyPatch, processes: tuple[str, ...]) -> None:
    """A row that passes when run again has one test on its line, with the checks of the last run only."""
    monkeypatch.setenv("PYTEST_ADDOPTS", LIGHT.replace(" -p no:rerunfailures", ""))
    suite.rows(golden(4))
    suite.tests("""
        import pathlib
        import pytest

        @pytest.mark.migration("rows.csv", metrics=["exact_match"])
        def test_row(case):
            assert case.target["exact_match"] == 1
            tried = pathlib.Path(f"{case.id}.tried")
            again = tried.exists()
            tried.touch()
            assert again or case.id != "r01"
    """)
    result = suite.judge("--reruns", "1", *processes)
    assert result.ret == pytest.ExitCode.OK
    assert result.parseoutcomes()["rerun"] == 1
    (test,) = next(line for line in suite.lines if line["sample_id"] == "r01")["tests"]
    assert (test["outcome"], len(test["checks"])) == ("passed", 1)


def test_a_test_that_two_workers_run_is_one_test(broken: Suite) -> None:
    """``--dist each`` runs everything twice; the records hold every row and test once."""
    broken.judge("-n2", "--dist", "each")
    assert broken.migration["row_tests"]["passed"] == 19
    assert len(broken.lines) == 20
    assert all(len(line["tests"]) == 1 for line in broken.lines)


def test_a_worker_that_dies_costs_its_test_only(suite: Suite) -> None:
    """Where a worker is killed in the middle of a test, the run fails and the records of all others are whole."""
    suite.rows(golden(20))
    suite.tests("""
        import os
        import pytest

        @pytest.mark.migration("rows.csv", metrics=["exact_match"])
        def test_row(case):
            if case.id == "r09":
                os._exit(1)
    """)
    result = suite.judge("-n2")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "INTERNALERROR" not in result.stdout.str()
    assert suite.migration["row_tests"] | {"passed": 19, "error": 1} == suite.migration["row_tests"]
    (test,) = next(line for line in suite.lines if line["sample_id"] == "r09")["tests"]
    assert (test["outcome"], test["message"]) == ("error", "the test did not end")


def test_junit_says_what_failed(broken: Suite) -> None:
    """Row tests and gates are ordinary test cases to JUnit."""
    broken.judge("--junitxml", "junit.xml")
    text = (broken.path / "junit.xml").read_text("utf-8")
    assert 'tests="21"' in text
    assert 'failures="1"' in text
    assert 'name="test_row[r03]"' in text


def test_a_seeded_sample_is_the_same_everywhere(broken: Suite) -> None:
    """``--migration-sample`` judges the same few rows each time, and says of how many."""
    broken.judge("--migration-sample", "5")
    first = [line["sample_id"] for line in broken.lines]
    broken.judge("--migration-sample", "5")
    assert [line["sample_id"] for line in broken.lines] == first
    assert (broken.migration["dataset"]["rows"], broken.migration["dataset"]["rows_in_file"]) == (5, 20)


@pytest.mark.parametrize("option", ["--collect-only", "--setup-plan", "--migration-plan"])
def test_looking_leaves_nothing_behind(broken: Suite, option: str) -> None:
    """What runs no test leaves no run folder."""
    assert broken.judge(option).ret == pytest.ExitCode.OK
    assert not list((broken.path / ".llm-migrate").glob("runs/*"))


@PROCESSES
def test_properties_of_any_type_reach_the_reports(suite: Suite, processes: tuple[str, ...]) -> None:
    """A test may record a score, a date or anything else as its property, under workers too."""
    suite.ini("junit_family = legacy")
    suite.rows(golden(2))
    suite.tests("""
        import datetime
        import enum
        import pytest

        class Level(enum.IntEnum):
            HIGH = 3

        @pytest.mark.migration("rows.csv", metrics=["exact_match"])
        def test_row(case, record_property):
            record_property("score", case.target["exact_match"])
            record_property("day", datetime.date(2026, 1, 2))
            record_property("level", Level.HIGH)
            record_property("parts", [{"half": "\\ud800"}, (1, None)])
    """)
    result = suite.judge("--junitxml", "junit.xml", *processes)
    result.assert_outcomes(passed=2)
    assert "INTERNALERROR" not in result.stdout.str()
    text = (suite.path / "junit.xml").read_text("utf-8")
    assert text.count('<property name="day" value="2026-01-02" />') == 2
    assert text.count('name="parts"') == 2
