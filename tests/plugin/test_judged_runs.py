"""How a judged run goes and ends: what overlaps, what is forecast and paid, and what stops it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Rule, ScriptedFault
from tests.plugin.suite import ROWS_ONLY, SOURCE, TARGET, golden
from tests.plugin.test_judges import JUDGE, JUDGED, OTHER_JUDGE, PROCESSES, by_judge, scored
from tests.report.test_schemas import validator

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Bedrock, Suite


@pytest.fixture
def judged(suite: Suite, serve: Serve) -> Bedrock:
    """The endpoint of a suite of four rows whose judge gives 4 of 5."""
    suite.rows(golden(4))
    suite.tests(JUDGED)
    return serve(Rule(model=JUDGE, reply=scored(4)), Rule(model=OTHER_JUDGE, reply=scored(5)))


def test_answers_are_judged_while_others_are_awaited(suite: Suite, serve: Serve) -> None:
    """The judge begins with the answers that are there: before the slow row is answered, the others are judged."""
    suite.rows(golden(6))
    suite.tests(JUDGED)
    slow = Rule(model=TARGET, contains="question 00", reply=Reply(text="slow", latency=2))
    bedrock = serve(slow, Rule(model=JUDGE, reply=scored(4)))
    by_judge(suite).assert_outcomes(passed=7)
    asked = [question for model, question in bedrock.asked if model == JUDGE]
    assert len(asked) == 7
    assert "slow" in asked[-1]


def test_a_first_failure_ends_a_judged_run(suite: Suite, serve: Serve) -> None:
    """Under -x only a few rows are judged before the run ends."""
    suite.rows(golden(40))
    suite.tests(JUDGED)
    bedrock = serve(Rule(model=JUDGE, reply=scored(1)))
    by_judge(suite, "-x").assert_outcomes(failed=1)
    assert len(bedrock.questions(JUDGE)) < 10


def test_an_interrupted_run_does_not_wait_for_judges(suite: Suite, serve: Serve) -> None:
    """Ctrl-C ends the run though most rows are yet to be judged."""
    suite.rows(golden(60))
    suite.tests("""
        import pytest

        @pytest.mark.migration("rows.csv", prompt="triage", metrics=["judge:correctness"])
        def test_row(case):
            raise KeyboardInterrupt
    """)
    bedrock = serve(Rule(model=JUDGE, reply=replace(scored(4), latency=0.3)))
    result = suite.pytester.runpytest_subprocess(
        *("--source-model", SOURCE, "--target-model", TARGET, "--judge-model", JUDGE),
        *("--prompt-strategy", "identity", "--migration-concurrency", "2"),
        timeout=60,
    )
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert len(bedrock.questions(JUDGE)) < 60


@PROCESSES
def test_judges_have_a_forecast_of_their_own(suite: Suite, judged: Bedrock, processes: tuple[str, ...]) -> None:
    """It counts verdicts that are missing; what they cost is unknown until the judge gave one, and then expected."""
    result = by_judge(suite, "-k", "r00")
    text = " ".join(" ".join(result.outlines).split())
    assert f"forecast of judges: {JUDGE} at most 2 calls, their cost is unknown" in text
    assert "of these: judges 1 call, $0.0" in text
    assert suite.results["spending"]["judge_forecast"] == [
        {"ref": JUDGE, "calls": 2, "input_tokens": None, "output_tokens": None, "usd_expected": None}
    ]
    result = by_judge(suite, *processes)
    (found,) = suite.results["spending"]["judge_forecast"]
    spent = suite.results["spending"]["purposes"]["judge"]
    assert (found["calls"], spent["calls"]) == (6, 3)
    assert found["usd_expected"] == pytest.approx(2 * spent["usd"], rel=0.2)
    validator("results").validate(suite.results)
    assert "at most 6 calls, about $0.0" in " ".join(" ".join(result.outlines).split())
    by_judge(suite, *processes)
    assert suite.results["spending"]["judge_forecast"] == []
    assert len(judged.questions(JUDGE)) == 4


def test_a_forecast_of_judges_asks_none(suite: Suite, judged: Bedrock) -> None:
    """Answers that are there wait for the run to be judged; a new judge is forecast over all of them."""
    by_judge(suite)
    by_judge(suite, "-k", "r00", judge=OTHER_JUDGE)
    assert len(judged.questions(OTHER_JUDGE)) == 1
    assert [plan["calls"] for plan in suite.results["spending"]["judge_forecast"]] == [2]


def test_judges_are_paid_from_the_budget(suite: Suite, serve: Serve) -> None:
    """No verdict is asked for that could pass the budget, though answers are free; a kept one is paid for already."""
    suite.rows(golden(4))
    suite.tests(JUDGED)
    bedrock = serve(Rule(model=JUDGE, reply=replace(scored(4), output_tokens=1000)))
    free = "".join(f"{model},0,0\n" for model in (SOURCE, TARGET))
    suite.file("prices.csv", f"model,input,output\n{free}{JUDGE},0,1000\n")
    for budget, asked in (("0.5", 0), ("2.1", 2), ("2.1", 4)):
        by_judge(suite, "--migration-prices", "prices.csv", "--migration-max-cost", budget, "-k", "test_row")
        assert len(bedrock.questions(JUDGE)) == asked
    assert suite.results["spending"]["purposes"]["judge"] == {"calls": 2, "usd": 2.0, "unpriced_calls": 0}
    assert suite.results["spending"]["judge_forecast"][0]["usd_expected"] == 4.0


DENIED = Rule(model=JUDGE, fault=ScriptedFault(name="AccessDeniedException", message="no access to this model"))


@PROCESSES
def test_a_judge_that_cannot_be_asked_ends_the_run(suite: Suite, serve: Serve, processes: tuple[str, ...]) -> None:
    """Where every verdict would fail alike it is asked for a few times, and the run ends with one sentence."""
    bedrock = serve(DENIED)
    suite.rows(golden(60))
    suite.tests(JUDGED)
    result = by_judge(suite, *processes)
    assert result.ret in {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}
    assert 0 < len(bedrock.questions(JUDGE)) <= 20
    text = f"llm-migrate: the judge {JUDGE} cannot be asked: access_denied: no access to this model. Allow"
    result.stdout.fnmatch_lines([f"! *{text} bedrock:InvokeModel *!"])
    assert len(result.stdout.str().splitlines()) < 120
    assert "INTERNALERROR" not in result.stdout.str()
    assert suite.results["verdict"] in {None, "CANNOT JUDGE"}


def test_a_gate_says_which_judge_cannot_be_asked(suite: Suite, serve: Serve) -> None:
    """A gate that runs alone cannot judge without verdicts, and the fault is said below it."""
    bedrock = serve(DENIED)
    suite.rows(golden(60))
    suite.tests(JUDGED)
    result = by_judge(suite, "-k", "gate")
    assert result.ret in {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}
    assert len(bedrock.questions(JUDGE)) <= 20
    result.stdout.fnmatch_lines([f"! *the judge {JUDGE} cannot be asked: access_denied: no access*"])


def test_a_judge_out_of_reach_is_tried_once(suite: Suite, bedrock: Bedrock, credentials: pytest.MonkeyPatch) -> None:
    """Answers that are there need no credentials, a judge does: what is missing is said once, with the way out."""
    suite.rows(golden(30))
    suite.tests(ROWS_ONLY)
    suite.migrate()
    suite.tests(JUDGED)
    calls = len(bedrock.asked)
    credentials.delenv("AWS_ACCESS_KEY_ID")
    result = by_judge(suite, "-k", "test_row")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"! *the judge {JUDGE} cannot be asked: *credentials*"])
    assert len(bedrock.asked) == calls


@pytest.mark.usefixtures("judged")
def test_kept_verdicts_outlive_their_judge(suite: Suite, serve: Serve) -> None:
    """Rows that were judged before pass; only the first that lacks a verdict ends the run."""
    by_judge(suite, "-k", "test_row and (r00 or r01)").assert_outcomes(passed=2)
    serve(DENIED)
    by_judge(suite, "-k", "test_row").assert_outcomes(passed=2, errors=1)


@pytest.mark.usefixtures("judged")
def test_rows_without_a_paid_verdict_are_not_run(suite: Suite) -> None:
    """A budget that judges have spent leaves rows as not run, never as failed; the run does not pass."""
    free = "".join(f"{model},0,0\n" for model in (SOURCE, TARGET))
    suite.file("prices.csv", f"model,input,output\n{free}{JUDGE},0,1000\n")
    result = by_judge(suite, "--migration-prices", "prices.csv", "--migration-max-cost", "0.5", "-k", "test_row")
    result.assert_outcomes(skipped=4)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert suite.migration["row_tests"]["not_run"] == 4
