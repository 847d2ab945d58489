"""``--migration-attribution``: both models are asked with both prompts, and the change is taken apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Rule, ScriptedFault
from tests.plugin.suite import OTHER_TARGET, SOURCE, TARGET, golden
from tests.report.test_schemas import validator

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Bedrock, Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
ATTRIBUTION = "--migration-attribution"
BOTH = ("--source-model", SOURCE, "--target-model", TARGET)
NO = Reply(text="no")
SERVED = (
    Rule(model=SOURCE, contains="Briefly: question 1", reply=NO),
    Rule(model=SOURCE, contains="question 19", reply=NO),
    Rule(model=TARGET, contains="Briefly: question 00", reply=NO),
    Rule(model=TARGET, contains="Briefly", reply=Reply(text="yes")),
    Rule(model=TARGET, contains="question 0", reply=NO),
)
"""Of 20 rows the source gets 19 right, 10 when asked briefly; the target 10, and 19 when asked briefly."""


@pytest.fixture
def asked(suite: Suite, serve: Serve) -> Bedrock:
    """Return an endpoint, after a suite with a migrated prompt was written."""
    suite.rows(golden(20))
    suite.tests()
    for name, model in (("nova", TARGET), ("micro", OTHER_TARGET)):
        suite.file(
            f"prompts/triage/{name}.prompt.yaml", f"name: triage\nmodel: {model}\nuser: 'Briefly: {{{{ question }}}}'\n"
        )
    return serve(*SERVED)


def grid(suite: Suite) -> dict[str, Any]:
    """Return the grid of the newest run's only metric."""
    validator("results").validate(suite.results)
    return dict(suite.migration["attribution"]["metrics"]["exact_match"])


@PROCESSES
def test_the_grid_takes_a_change_apart(suite: Suite, asked: Bedrock, processes: tuple[str, ...]) -> None:
    """Every cell is asked once, and the report says what of the change is the model's and what the prompt's."""
    result = suite.run(*BOTH, ATTRIBUTION, *processes)
    assert len(asked.asked) == 80
    assert asked.repeated == []
    found = grid(suite)
    assert found["n"] == 20
    assert found["means"] == {
        "source_model": {"source_prompt": 0.95, "migrated_prompt": 0.5},
        "target_model": {"source_prompt": 0.5, "migrated_prompt": 0.95},
    }
    estimates = {name: round(effect["estimate"], 9) for name, effect in found["effects"].items()}
    assert estimates == {
        "change": 0,
        "model_at_source_prompt": -0.45,
        "model_at_migrated_prompt": 0.45,
        "prompt_at_source_model": -0.45,
        "prompt_at_target_model": 0.45,
        "interaction": 0.9,
    }
    text = " ".join(line.strip() for line in result.outlines)
    assert "exact_match: of the change of +0.000, +0.450 is the prompt's (on the target model)" in text
    assert "-0.450 the model's (at the source prompt)" in text


@PROCESSES
def test_answers_that_exist_are_reused(suite: Suite, asked: Bedrock, processes: tuple[str, ...]) -> None:
    """After a run without the grid its two cells alone are asked for, and a third run asks for nothing."""
    suite.run(*BOTH)
    asked.asked.clear()
    suite.run(*BOTH, ATTRIBUTION, *processes)
    assert len(asked.asked) == 40
    assert {(model, question.startswith("Briefly")) for model, question in asked.asked} == {
        (SOURCE, True),
        (TARGET, False),
    }
    suite.run(*BOTH, ATTRIBUTION)
    assert len(asked.asked) == 40
    assert grid(suite)["n"] == 20


def test_a_grid_is_recorded_and_replayed(suite: Suite, asked: Bedrock) -> None:
    """Recordings keep the exchanged answers, too: a replay elsewhere needs no call for them."""
    suite.run(*BOTH, ATTRIBUTION, "--migration-record")
    asked.asked.clear()
    suite.run(*BOTH, ATTRIBUTION, "--migration-answers", "replay", "--migration-dir", "elsewhere")
    assert asked.asked == []
    (results,) = (suite.path / "elsewhere" / "runs").glob("*/results.json")
    assert '"n": 20' in results.read_text("utf-8").partition('"attribution"')[2][:300]


def test_forecast_plan_and_budget_count_the_grid(suite: Suite, asked: Bedrock) -> None:
    """What the grid costs is known before, and no run passes its budget for it."""
    plan = " ".join(suite.run(*BOTH, ATTRIBUTION, "--migration-plan").outlines)
    assert f"source with migrated prompt {SOURCE}: 20 calls" in plan
    assert f"target with source prompt {TARGET}: 20 calls" in plan
    suite.run(*BOTH, ATTRIBUTION, "--migration-max-cost", "0.0000001")
    assert len(asked.asked) == 0
    suite.run(*BOTH, ATTRIBUTION)
    assert suite.results["spending"]["forecast"]["calls"] == suite.results["spending"]["calls"] == 80


@pytest.mark.parametrize("selected", [("-k", "test_row"), ("-k", "r01")])
def test_without_a_gate_nothing_is_asked(suite: Suite, asked: Bedrock, selected: tuple[str, ...]) -> None:
    """Rows alone need no grid, and the record says that none was asked for."""
    suite.run(*BOTH, ATTRIBUTION, *selected)
    assert {(model, question.startswith("Briefly")) for model, question in asked.asked} == {
        (SOURCE, False),
        (TARGET, True),
    }
    found = suite.migration["attribution"]
    assert found == {"note": "No gate that judged this migration asked for the grid.", "metrics": {}}


def test_the_same_prompt_leaves_nothing_to_attribute(suite: Suite, asked: Bedrock) -> None:
    """With the source prompt on both sides no further call is made, and one line says why."""
    result = suite.migrate(ATTRIBUTION)
    assert len(asked.asked) == 40
    note = "There is nothing to attribute: both models are sent the same prompt."
    assert suite.migration["attribution"] == {"note": note, "metrics": {}}
    result.stdout.fnmatch_lines([f"  {note}"])


def test_a_recorded_source_leaves_the_targets_row(suite: Suite, asked: Bedrock) -> None:
    """The source cannot be asked again: the prompt's effect on the target stands alone."""
    suite.run("--target-model", TARGET, ATTRIBUTION)
    assert len(asked.asked) == 40
    found = grid(suite)
    assert found["means"]["source_model"] == {"source_prompt": None, "migrated_prompt": None}
    assert found["means"]["target_model"] == {"source_prompt": 0.5, "migrated_prompt": 0.95}
    assert [name for name, effect in found["effects"].items() if effect] == ["prompt_at_target_model"]
    assert suite.migration["attribution"]["note"].startswith("The source's answers are recorded")
    assert found["statement"] == "exact_match: on the target model the migrated prompt changes it by +0.450."


def test_a_recorded_target_cannot_be_attributed(suite: Suite, asked: Bedrock) -> None:
    """Answers that the dataset brings cannot be had with another prompt."""
    suite.judge(ATTRIBUTION)
    assert asked.asked == []
    assert suite.migration["attribution"]["note"].startswith("Nothing can be attributed: the target's answers are")


def test_a_failed_cell_leaves_its_row_out(suite: Suite, serve: Serve, asked: Bedrock) -> None:
    """Means are over the rows that have all cells, and how many they are is said."""
    assert asked.asked == []
    refused = Rule(model=SOURCE, contains="Briefly: question 0", fault=ScriptedFault(name="ValidationException"))
    serve(refused, *SERVED)
    suite.run(*BOTH, ATTRIBUTION)
    found = grid(suite)
    assert found["n"] == 10
    assert found["means"]["source_model"] == {"source_prompt": 0.9, "migrated_prompt": 0.0}


def test_several_targets_have_a_grid_each(suite: Suite, asked: Bedrock) -> None:
    """Each target is attributed by itself; the source's answers to a prompt that both were given serve both."""
    suite.run(*BOTH, "--target-model", OTHER_TARGET, ATTRIBUTION)
    assert [item["attribution"]["metrics"]["exact_match"]["n"] for item in suite.results["migrations"]] == [20, 20]
    assert len(asked.asked) == 120
    assert asked.repeated == []


def test_without_the_option_there_is_no_grid(suite: Suite, asked: Bedrock) -> None:
    """Nothing of it is asked, recorded or printed."""
    result = suite.run(*BOTH)
    assert len(asked.asked) == 40
    assert suite.migration["attribution"] is None
    result.stdout.no_fnmatch_line("*the prompt's*")
