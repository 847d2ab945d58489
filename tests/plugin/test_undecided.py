"""Gates that say NOT ENOUGH EVIDENCE, where they fail the run and where they only warn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugin.suite import ROWS_AND_GATE, golden
from tests.report.test_schemas import validator

if TYPE_CHECKING:
    from tests.plugin.suite import Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
WARN = ("--migration-undecided", "warn")
STRICT = ROWS_AND_GATE.replace("0.3", "0.05")
WARNING = "gate test_triage.py::test_gate is undecided: warned, not failed"


@pytest.fixture
def undecided(suite: Suite) -> Suite:
    """A suite of 20 rows without a fault, too few for its gate."""
    suite.rows(golden())
    suite.tests(STRICT)
    return suite


def gates(suite: Suite, *assertions: str) -> None:
    """Write a gate that evaluates an undecided verdict, ``quality``, and does this."""
    lines = "".join(f"\n            {line}" for line in assertions)
    suite.tests(f"""
        import pytest

        @pytest.mark.migration("rows.csv", metrics=["exact_match"])
        def test_gate(comparison):
            quality = comparison["exact_match"].non_inferior(margin=0.05){lines}
    """)


@PROCESSES
def test_an_undecided_gate_fails_the_run(undecided: Suite, processes: tuple[str, ...]) -> None:
    """Unless told otherwise, too few rows are no pass."""
    result = undecided.judge(*processes)
    result.assert_outcomes(passed=20, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert undecided.results["verdict"] == "NOT ENOUGH EVIDENCE"
    assert WARNING not in undecided.migration["warnings"]


@PROCESSES
def test_an_undecided_gate_may_only_warn(undecided: Suite, processes: tuple[str, ...]) -> None:
    """Told to warn, the run passes, and its verdict stays what it is: on record, named and on the screen."""
    result = undecided.judge(*WARN, "-rx", *processes)
    result.assert_outcomes(passed=20, xfailed=1)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines([f"  *{WARNING}", "*NOT ENOUGH EVIDENCE: test_gate"], consecutive=False)
    result.stdout.fnmatch_lines(["XFAIL test_triage.py::test_gate - undecided: warned, not failed*"])
    (gate,) = undecided.migration["gates"]
    assert (undecided.results["verdict"], gate["verdict"], gate["outcome"]) == (*["NOT ENOUGH EVIDENCE"] * 2, "xfailed")
    assert gate["statement"] == gate["statements"][0]["statement"]
    assert WARNING in undecided.migration["warnings"]
    assert WARNING in (undecided.folder / "report.html").read_text("utf-8")


@PROCESSES
def test_a_margin_that_nobody_can_lose_is_not_only_warned_of(suite: Suite, processes: tuple[str, ...]) -> None:
    """Where the source is never right a gate on a loss cannot judge: everywhere it is said, and the run fails."""
    wrong = {"answer_source_llm": "no", "answer_target_llm": "no"}
    suite.rows([row | wrong for row in golden(100)])
    suite.tests(STRICT)
    result = suite.judge(*WARN, *processes)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    validator("results").validate(suite.results)
    (gate,) = suite.migration["gates"]
    assert (suite.results["verdict"], gate["verdict"]) == ("CANNOT JUDGE", "CANNOT JUDGE")
    words = "the source is shown to have less than 0.05 to lose, so that any target would pass."
    assert gate["statement"].endswith(words)
    assert words in " ".join(" ".join(result.outlines).split())
    assert words in (suite.folder / "report.html").read_text("utf-8")
    assert "any target would pass" in (suite.folder / "summary.md").read_text("utf-8")


def test_the_ini_file_may_say_so(undecided: Suite) -> None:
    """The ini file sets what counts where the option is not given."""
    undecided.ini("migration_undecided = warn\n")
    assert undecided.judge().ret == pytest.ExitCode.OK
    assert undecided.judge("--migration-undecided", "fail").ret == pytest.ExitCode.TESTS_FAILED


def test_a_row_still_fails_the_run(suite: Suite) -> None:
    """A gate that only warns does not excuse a row below its bar."""
    suite.rows(golden(broken=[3]))
    suite.tests(STRICT)
    result = suite.judge(*WARN)
    result.assert_outcomes(passed=19, failed=1, xfailed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize(
    "assertions",
    [
        ['assert comparison["exact_match"].at_least(1.0) and quality'],
        ["assert quality.ruling == 'GO'"],
        ["if not quality:", "    pytest.fail(repr(quality))"],
    ],
)
def test_what_is_short_of_evidence_warns(suite: Suite, assertions: list[str]) -> None:
    """However a gate says that it lacks evidence, it warns."""
    suite.rows(golden())
    gates(suite, *assertions)
    suite.judge(*WARN).assert_outcomes(xfailed=1)
    assert suite.results["verdict"] == "NOT ENOUGH EVIDENCE"


@pytest.mark.parametrize(
    ("assertions", "outcome", "verdict"),
    [
        (['worse = comparison["exact_match"].superior(0.5)', "assert quality and worse"], "failed", "NO-GO"),
        (["assert comparison.cost.at_most(1)", "assert quality"], "failed", "CANNOT JUDGE"),
        (["assert comparison.errors.target == 1", "assert quality"], "failed", "NOT ENOUGH EVIDENCE"),
        (["assert qualty"], "errors", "CANNOT JUDGE"),
        (['worse = comparison["exact_match"].superior(0.5)', "assert worse + qualty"], "errors", "NO-GO"),
    ],
    ids=["NO-GO", "CANNOT JUDGE", "another assertion", "a mistake", "a mistake behind a NO-GO"],
)
def test_what_is_more_than_undecided_fails(suite: Suite, assertions: list[str], outcome: str, verdict: str) -> None:
    """A gate that says worse, or that fails or breaks for something else than its verdict, fails the run as ever."""
    suite.rows(golden())
    gates(suite, *assertions)
    result = suite.judge(*WARN)
    result.assert_outcomes(**{outcome: 1})
    assert (result.ret, suite.results["verdict"]) == (pytest.ExitCode.TESTS_FAILED, verdict)


def test_a_tolerance_reaches_the_gates(suite: Suite) -> None:
    """Rows without an answer are too many or tolerated as the option, or the ini file, has it."""
    rows = golden(100)
    rows[7]["answer_target_llm"] = None
    suite.rows(rows, "rows.jsonl")
    suite.tests(ROWS_AND_GATE.replace("rows.csv", "rows.jsonl"))
    suite.ini("migration_error_tolerance = 0.5%\n")
    for options, verdict in [((), "CANNOT JUDGE"), (("--migration-error-tolerance", "0.01"), "GO")]:
        suite.judge("-k", "gate", *options)
        assert suite.results["verdict"] == verdict
    assert "sensitivity" in suite.migration["gates"][0]["statements"][0]["figures"]
