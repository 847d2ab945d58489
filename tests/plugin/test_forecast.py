"""What a run was expected to cost, and how far off that was, in its record and on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Rule, ScriptedFault
from tests.plugin.suite import OTHER_TARGET, ROWS_ONLY, TARGET, golden

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Bedrock, Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
FIRST = ("-k", "r00 or r01 or r02 or r03 or r04")
A_ROW = 1.75e-06 + 3.6e-07
"""US dollars for both sides' answers to a row."""


def forecast(suite: Suite) -> Any:
    """Return the newest run's forecast."""
    return suite.results["spending"]["forecast"]


@PROCESSES
def test_kept_answers_tell_what_a_run_costs(suite: Suite, bedrock: Bedrock, processes: tuple[str, ...]) -> None:
    """The first answers make the forecast of the others, once for all processes; it is held against what was spent."""
    suite.rows(golden())
    suite.tests(ROWS_ONLY)
    first = suite.migrate(*FIRST)
    assert forecast(suite) == {
        "calls": 10,
        "usd_expected": None,
        "usd_at_most": pytest.approx(0.0309, rel=0.1),
        "usd_error": None,
    }
    first.stdout.no_fnmatch_line("forecast*")
    result = suite.migrate(*processes)
    found = forecast(suite)
    assert (found["calls"], found["usd_expected"]) == (30, pytest.approx(15 * A_ROW))
    assert found["usd_error"] == pytest.approx(0, abs=1e-9)
    assert found["usd_at_most"] > found["usd_expected"]
    result.stdout.fnmatch_lines(
        ["paid for in this run: 30 calls for *", "forecast $0.000031[67], spent $0.000031[67] on answers (0%)"]
    )
    assert "CountTokens" not in {call.operation for call in bedrock.endpoint.calls}


@PROCESSES
def test_a_run_without_calls_has_no_forecast(suite: Suite, bedrock: Bedrock, processes: tuple[str, ...]) -> None:
    """Where every answer is there, nothing is reckoned and nothing said."""
    suite.rows(golden(5))
    suite.tests(ROWS_ONLY)
    suite.migrate()
    for options in ((), ("--migration-answers", "replay")):
        result = suite.migrate(*options, *processes)
        assert forecast(suite) is None
        result.stdout.no_fnmatch_line("forecast*")
    assert len(bedrock.asked) == 10


def test_longer_answers_than_before_are_an_error(suite: Suite, serve: Serve) -> None:
    """Where the later rows get longer answers, the forecast was too low, and the run says by how much."""
    suite.file("prices.csv", "model,input,output\nrecorded,0,0\n" + f"{TARGET},0,1000\n")
    serve(
        Rule(contains="question 0", reply=Reply(text="yes", output_tokens=100)),
        default=Reply(text="yes", output_tokens=150),
    )
    suite.rows(golden(20))
    suite.tests(ROWS_ONLY)
    options = ("--target-model", TARGET, "--prompt-strategy", "identity", "--migration-prices", "prices.csv")
    suite.run(*options, "-k", "r0")
    result = suite.run(*options)
    assert forecast(suite)["usd_error"] == pytest.approx(0.5)
    result.stdout.fnmatch_lines(["forecast $1.00, spent $1.50 on answers (+50%)"])


def test_targets_share_the_forecast_of_their_source(suite: Suite, bedrock: Bedrock) -> None:
    """The source's answers, which serve two targets, are expected once."""
    suite.rows(golden(12))
    suite.tests(ROWS_ONLY)
    suite.migrate("--target-model", OTHER_TARGET, *FIRST)
    suite.migrate("--target-model", OTHER_TARGET)
    assert forecast(suite)["calls"] == 21
    assert forecast(suite)["usd_error"] == pytest.approx(0, abs=1e-9)
    assert len(bedrock.asked) == 36


def test_a_run_that_was_cut_short_has_no_error(suite: Suite, serve: Serve) -> None:
    """What a part of the calls cost tells nothing of the whole."""
    suite.rows(golden())
    suite.tests(ROWS_ONLY)
    serve()
    suite.migrate(*FIRST)
    serve(Rule(model=TARGET, fault=ScriptedFault(name="AccessDeniedException")))
    result = suite.migrate()
    assert suite.results["spending"]["calls"] < 30
    assert (forecast(suite)["calls"], forecast(suite)["usd_error"]) == (30, None)
    result.stdout.fnmatch_lines(["forecast $0.000031[67] for 30 calls"])


def test_a_pipeline_is_not_foretold(suite: Suite, bedrock: Bedrock) -> None:
    """Which calls a pipeline makes is known when it runs: a forecast without them would be none of the run's."""
    suite.rows(golden(6))
    suite.tests(ROWS_ONLY)
    suite.tests(
        """
        import pytest

        def one_step(model, prompt, row):
            return model.generate(row["question"] + " please", step="only")

        @pytest.mark.migration("rows.csv", pipeline=one_step)
        def test_row(case):
            pass
        """,
        "test_pipeline.py",
    )
    suite.migrate()
    assert forecast(suite) is None
    assert len(bedrock.asked) == 24
