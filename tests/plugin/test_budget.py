"""Money: price lists, and budgets that stop a run before the call that would pass them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.domain import SIDES
from pytest_llm_migrate.models.endpoint import Reply
from tests.plugin.suite import ROWS_AND_GATE, ROWS_ONLY, SOURCE, TARGET, golden, paid

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Bedrock, Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
PRICES = f"""model,input,output
{SOURCE},0,1000
{TARGET},0,1000
"""
"""A thousand dollars for a million tokens written: a dollar for each of our answers."""


@pytest.fixture
def dollar_answers(suite: Suite, serve: Serve) -> Bedrock:
    """An endpoint whose every answer costs a dollar, and a suite of 20 rows that may write no more than that."""
    suite.file("prices.csv", PRICES)
    suite.file(
        "prompts/triage/source.prompt.yaml",
        "name: triage\nuser: '{{ question }}'\ninference: {max_tokens: 1000}\n",
    )
    suite.rows(golden())
    suite.tests()
    return serve(default=Reply(text="yes", output_tokens=1000))


@PROCESSES
def test_the_rest_is_not_run(suite: Suite, dollar_answers: Bedrock, processes: tuple[str, ...]) -> None:
    """A spent budget skips the remaining rows as not run, never as failed; the run does not pass."""
    suite.tests(ROWS_ONLY)
    result = suite.migrate("--migration-prices", "prices.csv", "--migration-max-cost", "10", "-rs", *processes)
    assert len(dollar_answers.asked) == 10
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    outcomes = result.parseoutcomes()
    assert "failed" not in outcomes
    # Which model the money went to is a matter of luck: a row has passed where both sides had an answer paid for.
    both = {
        row for row, times in Counter(question for _, question in dollar_answers.asked).items() if times == len(SIDES)
    }
    assert (outcomes.get("passed", 0), outcomes["skipped"]) == (len(both), 20 - len(both))
    result.stdout.fnmatch_lines(["SKIPPED * not run: not called: the budget of --migration-max-cost is spent"])
    assert paid(suite) == (10, 10.0, 0)
    assert suite.migration["row_tests"]["not_run"] == outcomes["skipped"]
    found = Counter(test["outcome"] for line in suite.lines for test in line["tests"])
    assert found == Counter({"passed": len(both), "not_run": 20 - len(both)})


def test_a_gate_cannot_judge_what_was_not_run(suite: Suite, dollar_answers: Bedrock) -> None:
    """A gate that lacks too many rows for want of money fails as CANNOT JUDGE."""
    result = suite.migrate("--migration-prices", "prices.csv", "--migration-max-cost", "10", "-k", "gate")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert suite.results["verdict"] == "CANNOT JUDGE"
    assert len(dollar_answers.asked) == 10


def test_kept_answers_cost_no_budget(suite: Suite, dollar_answers: Bedrock) -> None:
    """The same command again goes on where the money ran out, until all rows are there."""
    command = ("--migration-prices", "prices.csv", "--migration-max-cost", "15")
    returned = [suite.migrate(*command).ret for _ in range(3)]
    assert returned == [pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.OK]
    assert (len(dollar_answers.asked), dollar_answers.repeated) == (40, [])


def test_a_fresh_run_that_ran_out_of_money_goes_on(suite: Suite, dollar_answers: Bedrock) -> None:
    """A fresh run that did not get to its end is gone on with; only the next one asks for all again."""
    command = ("--migration-answers", "fresh", "--migration-prices", "prices.csv", "--migration-max-cost", "25")
    suite.migrate(*command)
    assert suite.migrate(*command).ret == pytest.ExitCode.OK
    assert (len(dollar_answers.asked), dollar_answers.repeated) == (40, [])
    suite.migrate(*command)
    assert len(dollar_answers.asked) == 65


def test_a_budget_needs_prices(suite: Suite, dollar_answers: Bedrock) -> None:
    """A budget for a model without a price is refused before any call."""
    suite.file("prices.csv", PRICES.replace(TARGET, "us.amazon.nova-pro-v1:0"))
    result = suite.migrate("--migration-prices", "prices.csv", "--migration-max-cost", "10")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.errlines[0].startswith(
        f"ERROR: llm-migrate: --migration-max-cost needs a price, and {TARGET!r} has none."
    )
    assert dollar_answers.asked == []


def test_an_unknown_price_is_not_zero(suite: Suite, dollar_answers: Bedrock) -> None:
    """Without a price the cost of a side is unknown, the gate on it cannot judge, and the spending says so."""
    suite.file("prices.csv", PRICES.replace(TARGET, "us.amazon.nova-pro-v1:0"))
    suite.tests(ROWS_AND_GATE.replace('["exact_match"].non_inferior(margin=0.3)', ".cost.ratio_at_most(1)"))
    suite.migrate("--migration-prices", "prices.csv").assert_outcomes(passed=20, failed=1)
    mean = {"source": 1.0, "target": None, "ratio": None, "interval": None}
    assert suite.migration["cost"]["statistics"]["mean"] == mean
    assert "cost" not in suite.lines[0]["target"]
    assert suite.lines[0]["source"]["cost"] == 1.0
    assert paid(suite) == (40, 20.0, 20)
    assert suite.migration["verdict"] == "CANNOT JUDGE"
    assert len(dollar_answers.asked) == 40


def test_kept_answers_are_priced_by_todays_list(suite: Suite, dollar_answers: Bedrock) -> None:
    """Another price list changes what stored answers cost, without a call."""
    suite.migrate("--migration-prices", "prices.csv")
    suite.file("dear.csv", PRICES.replace("1000", "3000"))
    suite.migrate("--migration-prices", "dear.csv")
    assert suite.lines[0]["target"]["cost"] == 3.0
    assert suite.results["prices"]["source"] == "dear.csv"
    assert len(dollar_answers.asked) == 40


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("missing.csv", None, "missing.csv"),
        ("prices.csv", "model,input,output\nm,cheap,1\n", "prices.csv:2: column 'input'"),
    ],
)
def test_a_price_list_is_read_before_anything(
    suite: Suite, dollar_answers: Bedrock, name: str, text: str | None, said: str
) -> None:
    """A price list that is not there or not one is a usage error with its place."""
    if text:
        suite.file(name, text)
    result = suite.migrate("--migration-prices", name)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in result.errlines[0]
    assert dollar_answers.asked == []
