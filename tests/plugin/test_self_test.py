"""``--migration-self-test``: gates on a source that is compared with itself."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Script, ScriptedEngine
from tests.plugin.suite import ROWS_AND_GATE, ROWS_ONLY, SOURCE, TARGET, Bedrock, golden
from tests.report.test_schemas import validator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.models.endpoint import Answer
    from pytest_llm_migrate.models.endpoint.engines import Converse
    from tests.plugin.suite import Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
SELF_TEST = ("--source-model", SOURCE, "--migration-self-test=40")
GATES = """
    import pytest

    pytestmark = pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])

    def test_row(case):
        assert case.target["exact_match"] == 1

    def test_wide(comparison):
        '''A wide margin holds.'''
        assert comparison["exact_match"].non_inferior(margin=0.9)

    def test_strict(comparison):
        '''No row may break, which noise alone can do.'''
        assert not comparison["exact_match"].flips.broke

    def test_open(comparison):
        assert comparison["exact_match"].non_inferior(margin=0.2)

    def test_faster(comparison):
        assert comparison.latency.ratio_at_most(100)
"""


class Wavering(Bedrock):
    """An endpoint that says ``yes``, and to questions of some numbers every second time ``no``."""

    def __init__(self, *wavers: int) -> None:
        super().__init__()
        self._wavers = {f"question {number:02}." for number in wavers}
        self._other = ScriptedEngine(Script(default=Reply(text="no")))

    def converse(self, request: Converse) -> Answer:
        """Note a question and answer it, by how often it was asked before."""
        times = self.asked.count((request.model, request.question))
        if request.question in self._wavers and times % 2:
            self.asked.append((request.model, request.question))
            return self._other.converse(request)
        return super().converse(request)


@pytest.fixture
def wavering(credentials: pytest.MonkeyPatch) -> Iterator[Wavering]:
    """An endpoint that wavers in two of its answers."""
    bedrock = Wavering(3, 8)
    with bedrock.endpoint:
        credentials.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", bedrock.endpoint.url)
        yield bedrock


def section(result: pytest.RunResult) -> str:
    """Return what a self-test says on one line, after a look at its width."""
    start = next(number for number, line in enumerate(result.outlines) if "= llm migration self-test =" in line)
    lines = list(takewhile(lambda line: not line.startswith("==="), result.outlines[start + 1 :]))
    assert max(len(line) for line in lines if not line.startswith(("report: ", "run folder: "))) <= 80
    return " ".join(line.strip() for line in lines)


def gates_of(suite: Suite) -> dict[str, Any]:
    """Return the trials of the newest self-test's gates by their names, after a look at its records."""
    results = suite.results
    validator("results").validate(results)
    (tested,) = results["self_test"]["migrations"]
    return {gate["nodeid"].rpartition("::")[2]: gate["trials"] for gate in tested["gates"]}


@PROCESSES
def test_gates_are_tried_on_the_source_alone(suite: Suite, wavering: Wavering, processes: tuple[str, ...]) -> None:
    """Without a target, every row is asked twice, rows are not judged, and each gate says how often it cries wolf."""
    suite.rows(golden())
    suite.tests(GATES)
    result = suite.run(*SELF_TEST, *processes)
    result.assert_outcomes(passed=3, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert len(wavering.asked) == 40
    assert {model for model, _ in wavering.asked} == {SOURCE}
    gates = gates_of(suite)
    others = dict.fromkeys(["no_go", "no_gain", "undecided", "cannot_judge", "error"], 0)
    assert gates["test_wide"]["outcomes"] == {"passed": 40, **others}
    assert gates["test_faster"]["outcomes"]["passed"] + gates["test_faster"]["outcomes"]["undecided"] == 40
    assert (gates["test_open"]["outcomes"]["undecided"] > 0, gates["test_open"]["flips"]) == (True, False)
    strict = gates["test_strict"]
    assert strict["flips"]
    assert strict["outcomes"]["passed"] + strict["outcomes"]["no_go"] == 40
    assert strict["false_alarm_rate"] == strict["outcomes"]["no_go"] / 40
    said = section(result)
    assert "20 rows, 2 repeats each; repeats differ in 2 rows" in said
    assert "A wide margin holds. false alarms 0.0% [0.0%, 8.8%] in 40 trials; GO 100.0%" in said
    assert "warning: it flips on identical models: GO in" in said


@PROCESSES
def test_a_sound_suite_passes(suite: Suite, wavering: Wavering, processes: tuple[str, ...]) -> None:
    """Gates that noise does not move pass, and a second self-test pays for nothing and says the same."""
    suite.rows(golden())
    suite.tests(ROWS_AND_GATE.replace("0.3", "0.9"))
    first = suite.run(*SELF_TEST, *processes)
    assert first.ret == pytest.ExitCode.OK
    first.stdout.fnmatch_lines(["*1 passed*20 deselected*"] if not processes else ["*1 passed*"])
    figures, calls = gates_of(suite), len(wavering.asked)
    again = suite.run(*SELF_TEST, *processes, "--migration-answers", "replay")
    assert again.ret == pytest.ExitCode.OK
    assert (gates_of(suite), len(wavering.asked)) == (figures, calls)
    assert suite.results["migrations"] == []
    assert suite.results["verdict"] is None


def test_more_repeats_and_a_number_of_trials(suite: Suite, wavering: Wavering) -> None:
    """Repeats are those asked for, and 200 trials are made where no number is given."""
    suite.rows(golden(4))
    suite.tests(ROWS_AND_GATE.replace("0.3", "0.9"))
    suite.run("--source-model", SOURCE, "--migration-self-test", "--migration-repeats", "3")
    assert len(wavering.asked) == 12
    assert gates_of(suite)["test_gate"]["trials"] == 200
    assert suite.results["self_test"]["migrations"][0]["drawn"] == {"rows": 4, "repeats": 3, "rows_varied": 1}


def test_without_noise_it_says_so(suite: Suite, bedrock: Bedrock) -> None:
    """Where all repeats are equal there is nothing to test with, and nobody is told that gates are sound."""
    suite.rows(golden())
    suite.tests()
    result = suite.run(*SELF_TEST)
    assert result.ret == pytest.ExitCode.OK
    assert len(bedrock.asked) == 40
    assert "all of them the same: there was no noise in what was said to test gates with" in section(result)


def test_a_gate_that_breaks_is_named(suite: Suite, bedrock: Bedrock) -> None:
    """An error of a gate's own code is no false alarm, and fails the run."""
    suite.rows(golden())
    suite.tests("""
        import pytest

        pytestmark = pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])

        def test_typo(comparison):
            assert comparison["exakt_match"].non_inferior(margin=0.3)

        @pytest.fixture
        def quality(comparison):
            return comparison["exact_match"]

        def test_through_a_fixture(quality):
            assert quality.non_inferior(margin=0.3)
    """)
    result = suite.run(*SELF_TEST)
    result.assert_outcomes(failed=2)
    gates = gates_of(suite)
    assert gates["test_typo"]["outcomes"]["error"] == 40
    assert gates["test_typo"]["false_alarm_rate"] == 0
    assert gates["test_through_a_fixture"] is None
    said = section(result)
    assert "it ended in an error in 40 of 40 trials: UnknownNameError: unknown metric 'exakt_match'." in said
    assert "it must be a plain function that asks for 'comparison' itself, not through another fixture" in said
    assert len(bedrock.asked) == 40


def test_nothing_to_judge_by_is_no_pass(suite: Suite, bedrock: Bedrock) -> None:
    """A gate that can judge in no trial fails the run: nothing was tested."""
    suite.rows(golden())
    suite.tests("""
        import pytest
        from pytest_llm_migrate import metric

        @metric
        def broken(answer, row):
            raise LookupError

        @pytest.mark.migration("rows.csv", prompt="triage", metrics=[broken])
        def test_gate(comparison):
            assert comparison["broken"].non_inferior(margin=0.3)
    """)
    result = suite.run(*SELF_TEST)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert gates_of(suite)["test_gate"]["outcomes"]["cannot_judge"] == 40
    assert "it could not judge in any of 40 trials: There is nothing to judge" in section(result)
    assert bedrock.asked


def test_a_gain_that_no_model_has_over_itself_is_no_false_alarm(suite: Suite, bedrock: Bedrock) -> None:
    """A gate that asks for a lower bill is NO-GO on identical models, rightly, and nothing speaks against it."""
    suite.rows(golden())
    suite.tests("""
        import pytest

        @pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])
        def test_gate(comparison):
            assert comparison["exact_match"].non_inferior(margin=0.5)
            assert comparison.cost.ratio_at_most(0.6)
    """)
    result = suite.run(*SELF_TEST)
    result.assert_outcomes(passed=1)
    assert bedrock.asked
    (gate,) = suite.results["self_test"]["migrations"][0]["gates"]
    assert (gate["trials"]["outcomes"]["no_gain"], gate["trials"]["false_alarm_rate"]) == (40, 0)
    text = " ".join(line.strip() for line in result.outlines)
    assert "false alarms 0.0% [0.0%, 8.8%] in 40 trials" in text
    assert "NO-GO on a gain, which no model has over itself 100.0%" in text
    validator("results").validate(suite.results)


def test_a_recorded_source_has_no_repeats(suite: Suite) -> None:
    """Without a model there is one answer a row: a usage error that names the way out."""
    suite.rows(golden())
    suite.tests()
    result = suite.run("--migration-self-test")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*name the model with --source-model. With --migration-answers replay*"])


def test_a_path_is_no_number_of_trials(suite: Suite) -> None:
    """What stands behind the option is read as its number."""
    assert suite.run("--migration-self-test", "test_triage.py").ret == pytest.ExitCode.USAGE_ERROR


def test_a_target_is_not_used(suite: Suite, bedrock: Bedrock) -> None:
    """A target that is given all the same is named and never called."""
    suite.rows(golden())
    suite.tests()
    result = suite.run(*SELF_TEST, "--target-model", TARGET)
    assert f"--target-model {TARGET} is not used: a self-test has no target" in section(result)
    assert {model for model, _ in bedrock.asked} == {SOURCE}


def test_row_tests_alone_leave_nothing_to_do(suite: Suite, bedrock: Bedrock) -> None:
    """A file without a gate is asked nothing."""
    suite.rows(golden())
    suite.tests(ROWS_ONLY)
    result = suite.run(*SELF_TEST)
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert not bedrock.asked


def test_reports_say_the_same(suite: Suite, wavering: Wavering) -> None:
    """The summary in Markdown and the HTML report hold the table of gates."""
    suite.rows(golden())
    suite.tests(GATES)
    suite.run(*SELF_TEST)
    assert wavering.asked
    summary = (suite.folder / "summary.md").read_text("utf-8")
    assert summary.startswith("## ⚠️ Self-test: 1 gate with a warning")
    assert "| A wide margin holds. | 40 | 0.0% | \\[0.0%, 8.8%\\] | 100.0% | 0.0% |" in summary
    page = (suite.folder / "report.html").read_text("utf-8")
    assert "against itself" in page
    assert "A wide margin holds." in page
