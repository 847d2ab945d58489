"""Two prompts on one model are compared by the same gates, and a tuned prompt is held against its dev score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Rule
from tests.plugin.suite import NO_PASS, SOURCE, TARGET
from tests.plugin.test_judged_pairs import won
from tests.plugin.test_judges import JUDGE, scored
from tests.plugin.test_migrate_prompts import STRATEGIES, rewrite, strategies  # noqa: F401 - pytest finds the fixture here

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])


CANDIDATE = f"""
name: triage
model: {TARGET}
user: "Please: {{{{ question }}}}"
provenance: {{strategy: please}}
"""
"""What somebody wrote by hand, filed as a strategy's."""


def compare(suite: Suite, prompt: str, against: str, *arguments: str) -> pytest.RunResult:
    """Compare two prompts on the target's model."""
    named = ("--prompt-strategy", prompt, "--migration-against", against)
    return suite.run("--target-model", TARGET, *named, *NO_PASS, *arguments)


@PROCESSES
def test_two_prompts_are_compared_on_one_model(strategies: Suite, processes: tuple[str, ...]) -> None:  # noqa: F811
    """Both sides ask the target; prompt b takes the source's place, whatever the processes."""
    rewrite(strategies, "please")
    result = compare(strategies, "please", "identity", *processes)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines([f"*prompt identity -> prompt please on {TARGET}"])
    found = strategies.migration
    assert (found["source"]["ref"], found["target"]["ref"]) == (TARGET, TARGET)
    assert (found["source"]["prompt"]["strategy"], found["target"]["prompt"]["strategy"]) == ("identity", "please")
    metric = found["metrics"]["exact_match"]
    assert (metric["source"]["mean"], metric["target"]["mean"]) == (0, 1)
    assert {gate["verdict"] for gate in found["gates"]} == {"GO"}
    page = (strategies.folder / "report.html").read_text("utf-8")
    assert f"prompt identity → prompt please on {TARGET}" in page
    assert f"prompt identity → prompt please on {TARGET}" in (strategies.folder / "summary.md").read_text("utf-8")


def test_the_source_model_is_not_asked(strategies: Suite, serve: Serve) -> None:  # noqa: F811
    """A source model of the ini file is left alone."""
    rewrite(strategies, "please")
    bedrock = serve(default=Reply(text="yes"))
    compare(strategies, "please", "identity", "--source-model", SOURCE, "--migration-answers", "fresh")
    assert {model for model, _ in bedrock.asked} == {TARGET}
    assert len(bedrock.asked) == 60


def test_rows_that_tuned_either_prompt_judge_neither(strategies: Suite) -> None:  # noqa: F811
    """Prompt b's dev rows are left out, too."""
    rewrite(strategies, "learned")
    assert compare(strategies, "identity", "learned").ret != pytest.ExitCode.USAGE_ERROR
    assert strategies.migration["dataset"]["rows"] == 20


def test_one_prompt_is_not_compared_with_itself(strategies: Suite) -> None:  # noqa: F811
    """Two names of one prompt are an error that names both."""
    rewrite(strategies, "please")
    said = " ".join(compare(strategies, "please", "catalog").outlines)
    assert "--prompt-strategy please and --migration-against catalog send the same prompt" in said


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--migration-against", "pleese"), "*--migration-against: unknown prompt strategy 'pleese'*'please'*"),
        (("--target-model", "recorded", "--migration-against", "please"), "*leave one --target-model*"),
        (("--migration-against", "please", "--migration-attribution"), "*--migration-attribution takes a source*"),
    ],
)
def test_what_does_not_go_together_is_said(
    strategies: Suite,  # noqa: F811
    arguments: tuple[str, ...],
    why: str,
) -> None:
    """Options that leave nothing to compare are refused before any call."""
    result = strategies.run("--target-model", TARGET, *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([why])


def test_recorded_answers_have_no_two_prompts(strategies: Suite) -> None:  # noqa: F811
    """A dataset has one answer a side: there is no model to send two prompts to."""
    result = strategies.run("--target-model", "recorded", "--migration-against", "please")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*recorded answers have no model to ask*"])


def test_the_gap_of_a_tuned_prompt_is_told(strategies: Suite) -> None:  # noqa: F811
    """Dev and holdout score stand beside each other with the gap's interval; a gap of nothing is no warning."""
    rewrite(strategies, "learned")
    result = strategies.run("--target-model", TARGET)
    tuning = strategies.migration["prompt_tuning"]
    assert (tuning["dev_score"], tuning["dev_rows"]) == (1.0, 10)
    assert (tuning["holdout_score"], tuning["holdout_rows"]) == (1.0, 20)
    assert tuning["gap"] == 0
    assert tuning["interval"][0] < 0 < tuning["interval"][1]
    assert not any("overfits" in warning for warning in strategies.migration["warnings"])
    said = " ".join(" ".join(result.outlines).split())
    assert "prompt of learned: 1.000 on the dev rows that tuned it (10 rows), 1.000 on the 20 holdout rows" in said


def test_a_prompt_that_overfits_is_warned_of(strategies: Suite, serve: Serve) -> None:  # noqa: F811
    """A prompt that is right on the rows that tuned it and wrong on the others is said to overfit, everywhere."""
    rewrite(strategies, "learned")
    serve(Rule(model=TARGET, reply=Reply(text="no")))
    result = strategies.run("--target-model", TARGET)
    tuning = strategies.migration["prompt_tuning"]
    assert tuning["overfits"]
    assert tuning["gap"] == 1
    assert tuning["interval"][0] > 0.5
    said = "the prompt of learned overfits: it scored 1.000 on the 10 dev rows"
    assert said in " ".join(" ".join(result.outlines).split())
    assert said in (strategies.folder / "summary.md").read_text("utf-8")
    assert said in (strategies.folder / "report.html").read_text("utf-8")


def test_a_prompt_that_no_row_tuned_has_no_gap(strategies: Suite) -> None:  # noqa: F811
    """A strategy that learns nothing from rows is judged by all of them, and has nothing to overfit."""
    rewrite(strategies, "please")
    strategies.run("--target-model", TARGET)
    assert strategies.migration["prompt_tuning"] is None
    assert strategies.migration["dataset"]["rows"] == 30


SHADOW = """
    import pytest
    from pytest_llm_migrate.metrics import RegexMatch

    polite = RegexMatch(name="polite", pattern="(?i)please|thank")

    pytestmark = pytest.mark.migration(
        "traffic.jsonl", prompt="triage", metrics=[polite, "judge:helpfulness", "pairwise", "monitor:refusal"]
    )

    def test_row(case):
        assert case.target["polite"] >= case.source["polite"]

    def test_gate(comparison):
        assert comparison["polite"].non_inferior(margin=0.3)
        assert comparison["judge:helpfulness"].non_inferior(margin=0.3)
        assert comparison["pairwise"].non_inferior(margin=0.3)
"""
"""Gates on traffic, of which nobody knows the right answers."""


@PROCESSES
def test_a_shadow_run_needs_no_ground_truth(suite: Suite, serve: Serve, processes: tuple[str, ...]) -> None:
    """Traffic is answered by the prompt in production and, in its shadow, by the candidate; judges tell them apart."""
    suite.rows([{"sample_id": f"t{n:02}", "question": f"question {n:02}."} for n in range(30)], "traffic.jsonl")
    suite.tests(SHADOW)
    suite.file("conftest.py", STRATEGIES)  # knows the candidate's name
    suite.file("prompts/triage/variants/please/x.prompt.yaml", CANDIDATE)
    serve(
        Rule(model=JUDGE, matches=r"answer A:\n```\nThank", reply=won("A")),
        Rule(model=JUDGE, matches=r"answer B:\n```\nThank", reply=won("B")),
        Rule(model=JUDGE, reply=scored(5)),
        Rule(model=TARGET, contains="Please: ", reply=Reply(text="Thank you: it is billing.")),
        default=Reply(text="billing"),
    )
    result = compare(suite, "please", "identity", "--judge-model", JUDGE, *processes)
    assert result.ret == pytest.ExitCode.OK, result.stdout.str()
    result.assert_outcomes(passed=31)
    assert suite.migration["metrics"]["polite"]["target"]["mean"] == 1
    assert suite.migration["pairwise"]["pairwise"]["wins"] == 30
