"""The loop by which a prompt gets better, as it is documented: one command a step, on one suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.__main__ import main
from pytest_llm_migrate.models.endpoint import Reply, Rule
from tests.plugin.suite import NO_PASS, TARGET, golden

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Suite

WRITER = "anthropic.claude-sonnet-4-20250514-v1:0"
FEW = ("--strategy-option", "trials=2", "--strategy-option", "examples=2")
CHAIN = "metaprompt+few-shot"


@pytest.fixture
def triage(suite: Suite, serve: Serve) -> Suite:
    """A suite of thirty rows whose target is right only where it is asked politely, and a model that knows that."""
    suite.rows(golden(30))
    suite.tests()
    written = Reply(text="<Instructions>Please answer yes or no. {{question}}</Instructions>")
    polite = Rule(model=TARGET, contains="Please", reply=Reply(text="yes"))
    serve(Rule(model=WRITER, reply=written), polite, default=Reply(text="no"))
    return suite


def rewrite(suite: Suite, *arguments: str) -> pytest.RunResult:
    """Rewrite with a model that writes, and examples after it."""
    result = suite.run("--target-model", TARGET, "--migrate-prompts", CHAIN, "--optimizer-model", WRITER, *arguments)
    assert result.ret == pytest.ExitCode.OK, result.stdout.str()
    return result


def test_every_step_is_one_command(
    triage: Suite, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plan, rewrite, judge, compare with what was there, and look at the catalog: each finds what the last one left."""
    monkeypatch.chdir(triage.path)
    plan = rewrite(triage, *FEW, "--migration-plan")
    plan.stdout.fnmatch_lines([f"triage for {TARGET}: {CHAIN}", f"  2 texts of {WRITER}, * answers of the*"])
    rewrite(triage, *FEW).stdout.fnmatch_lines(["  dev score 0.000 -> 1.000 over *"])

    judged = triage.run("--target-model", TARGET, *NO_PASS)
    assert judged.ret == pytest.ExitCode.OK, judged.stdout.str()
    assert triage.migration["dataset"]["rows"] == 20
    assert triage.migration["prompt_tuning"]["strategy"] == CHAIN
    assert "error_groups" in triage.migration

    sides = ("--prompt-strategy", CHAIN, "--migration-against", "identity")
    compared = triage.run("--target-model", TARGET, *sides, *NO_PASS)
    compared.stdout.fnmatch_lines([f"*prompt identity -> prompt {CHAIN} on {TARGET}"])
    assert compared.ret == pytest.ExitCode.OK, compared.stdout.str()

    capsys.readouterr()
    for action in (["list"], ["show", "triage", "--for", TARGET], ["diff", "triage"]):
        assert main(["prompts", *action]) == 0
    shown = capsys.readouterr().out
    assert f"{CHAIN}, dev score 1.000" in shown
    assert "+user: Please answer yes or no. {{ question }}" in shown
