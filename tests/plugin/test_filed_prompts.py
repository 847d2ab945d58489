"""What is filed and told of a rewritten prompt: no score that rows did not earn, no state of another target."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Rule, ScriptedFault
from tests.plugin.suite import OTHER_TARGET, TARGET, golden
from tests.plugin.test_judges import JUDGE, JUDGED, scored
from tests.plugin.test_migrate_prompts import STRATEGIES, filed, rewrite

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Suite


@pytest.fixture
def strategies(suite: Suite, serve: Serve) -> Suite:
    """A suite of thirty rows, strategies of its own, and targets that are right only where they are asked politely."""
    suite.file("conftest.py", STRATEGIES)
    suite.rows(golden(30))
    suite.tests()
    serve(Rule(contains="lease", reply=Reply(text="yes")), default=Reply(text="no"))
    return suite


def test_a_budget_that_does_not_reach_files_nothing(strategies: Suite, serve: Serve) -> None:
    """Rows that no money was left for are no rows that scored 0: no score is told, and no prompt is filed."""
    serve(default=Reply(text="no", output_tokens=4000))
    result = rewrite(strategies, "please", "--migration-max-cost", "0.004")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"triage for {TARGET}: budget_spent: not called: the budget of --migration-max-cost*"])
    result.stdout.no_fnmatch_line("*dev score*")
    assert not list((strategies.path / "prompts/triage").glob("us*"))


@pytest.mark.parametrize("strategy", ["please", "few-shot", "best-of:please,few-shot", "mipro"])
@pytest.mark.parametrize("fault", [None, ScriptedFault(name="AccessDeniedException", message="no access")])
def test_a_judge_that_money_or_leave_is_lacking_for_files_nothing(
    strategies: Suite, serve: Serve, strategy: str, fault: ScriptedFault | None
) -> None:
    """Rows that no judge could be asked about are no rows that scored 0, whatever the strategy does with scores."""
    strategies.tests(JUDGED)
    bedrock = serve(
        Rule(model=JUDGE, reply=replace(scored(4), output_tokens=1000), fault=fault), default=Reply(text="no")
    )
    strategies.file("prices.csv", f"model,input,output\n{TARGET},0,0\n{JUDGE},0,1000\n")
    budget = ("--migration-prices", "prices.csv", "--migration-max-cost", "2.1", "--judge-model", JUDGE)
    result = rewrite(strategies, strategy, *budget)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    why = "access_denied: *no access*" if fault else "budget_spent: *the judge *: not called: the budget of *"
    result.stdout.fnmatch_lines([f"triage for {TARGET}: {why}"])
    result.stdout.no_fnmatch_line("*dev score*")
    assert len(bedrock.questions(JUDGE)) <= (20 if fault else 2)
    assert not list((strategies.path / "prompts/triage").glob("us*"))


def test_what_is_filed_for_one_target_is_not_filed_for_another(strategies: Suite) -> None:
    """The table's state is that of the target it is about, though both got the same text."""
    both = ("--target-model", OTHER_TARGET)
    assert rewrite(strategies, "please", *both).ret == pytest.ExitCode.OK
    result = rewrite(strategies, "learned")
    result.stdout.fnmatch_lines(["  learned * filed, tuned by dev*", "  please * filed"])
    strategies.file("conftest.py", STRATEGIES.replace('"learned", "Please: "', '"learned", "Please, please: "'))
    result = rewrite(strategies, "learned")
    result.stdout.fnmatch_lines_random(["  learned * filed, tuned by dev*", "  please * kept"])


def test_the_cost_that_is_told_is_a_rows(strategies: Suite) -> None:
    """Tokens and cost stand beside each other, both for a row: the cost is the one that the table has."""
    rewrite(strategies, "please")
    usd = filed(strategies)["provenance"]["usd"]
    (line,) = (line for line in rewrite(strategies, "please").outlines if line.startswith("  cost a row: "))
    assert float(line.rpartition("$")[2]) == pytest.approx(usd)
