"""Use cases of several calls: each step is kept, timed, recorded and replayed by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.models.endpoint import Reply, Rule, ScriptedFault
from tests.plugin.suite import SOURCE, TARGET, golden

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
REWRITE = Rule(contains="Rewrite:", reply=Reply(text="rewritten", input_tokens=10, output_tokens=5))
TWO_STEPS = """
    import pytest

    def two_steps(model, prompt, row):
        rewritten = model.generate(f"Rewrite: {row['question']}", step="rewrite", max_tokens=20)
        return model.generate(f"{rewritten.text} {row.id if hasattr(row, 'id') else row.sample_id}", step="reply")

    pytestmark = pytest.mark.migration("rows.csv", metrics=["exact_match"], pipeline=two_steps)

    def test_row(case):
        assert case.target["exact_match"] == 1
        assert list(case.target.steps) == ["rewrite", "reply"]
        assert case.target.steps["rewrite"].output_tokens == 5

    def test_gate(comparison):
        assert comparison["exact_match"].non_inferior(margin=0.9)
        assert comparison.tokens.mean.target == 18
"""


@PROCESSES
def test_each_step_is_kept_apart(suite: Suite, serve: Serve, processes: tuple[str, ...]) -> None:
    """A pipeline's answer is its last word, with the sums of its steps; a second run calls nothing."""
    bedrock = serve(REWRITE)
    suite.rows(golden(3))
    suite.tests(TWO_STEPS)
    suite.migrate(*processes).assert_outcomes(passed=4)
    assert (len(bedrock.asked), bedrock.repeated) == (12, [])
    target = suite.lines[0]["target"]
    assert [step["name"] for step in target["steps"]] == ["rewrite", "reply"]
    assert target["latency"] == pytest.approx(sum(step["latency"] for step in target["steps"]))
    assert (target["text"], target["input_tokens"], target["output_tokens"]) == ("yes", 12, 6)
    suite.migrate(*processes).assert_outcomes(passed=4)
    again = suite.lines[0]["target"]
    assert (again["cached"], again["latency"]) == (True, target["latency"])
    assert len(bedrock.asked) == 12


def test_steps_are_recorded_and_replayed(suite: Suite, serve: Serve, credentials: pytest.MonkeyPatch) -> None:
    """A recording holds every step, and is enough without a store or credentials."""
    bedrock = serve(REWRITE)
    suite.rows(golden(3))
    suite.tests(TWO_STEPS)
    suite.migrate("--migration-record")
    for path in (suite.path / ".llm-migrate").glob("answers.sqlite*"):
        path.unlink()
    credentials.delenv("AWS_ACCESS_KEY_ID")
    suite.migrate("--migration-answers", "replay").assert_outcomes(passed=4)
    assert len(bedrock.asked) == 12
    assert suite.results["spending"]["calls"] == 0


def test_a_step_that_fails_fails_its_row(suite: Suite, serve: Serve) -> None:
    """The row test errs with the name of the call's fault; later steps are not called."""
    bedrock = serve(
        Rule(contains="Rewrite: question 01.", fault=ScriptedFault(name="ValidationException", message="bad")), REWRITE
    )
    suite.rows(golden(3))
    suite.tests(TWO_STEPS)
    suite.migrate("-k", "row").assert_outcomes(passed=2, errors=1, deselected=1)
    assert suite.lines[1]["target"]["error"]["kind"] == "validation"
    assert len(bedrock.asked) == 10


def test_a_mistake_in_a_pipeline_is_named(suite: Suite, serve: Serve) -> None:
    """A pipeline's own exception is that row's fault, by its name."""
    serve()
    suite.rows(golden(1))
    suite.tests("""
        import pytest

        def broken(model, prompt, row):
            return model.generate("hello").text + row["channel"]["wrong"]

        @pytest.mark.migration("rows.csv", pipeline=broken)
        def test_row(case):
            pass
    """)
    suite.migrate().assert_outcomes(errors=1)
    error = suite.lines[0]["source"]["error"]
    assert error["kind"] == "pipeline_error"
    assert error["message"].startswith("TypeError: string indices must be integers")


def test_a_pipeline_gets_its_sides_prompt(suite: Suite, serve: Serve) -> None:
    """With ``prompt=`` a pipeline renders each side's own prompt, and may return a plain text."""
    bedrock = serve()
    suite.file("prompts/triage/target.prompt.yaml", f"name: triage\nmodel: {TARGET}\nuser: 'Now: {{{{ question }}}}'\n")
    suite.rows(golden(1))
    suite.tests("""
        import pytest

        def shouted(model, prompt, row):
            return model.generate(prompt.render(row)).text.upper()

        @pytest.mark.migration("rows.csv", prompt="triage", pipeline=shouted)
        def test_row(case):
            assert (case.source.text, case.target.text) == ("YES", "YES")
    """)
    suite.run("--source-model", SOURCE, "--target-model", TARGET).assert_outcomes(passed=1)
    assert sorted(bedrock.asked) == [(SOURCE, "question 00."), (TARGET, "Now: question 00.")]


def test_a_pipeline_without_credentials_stops_at_once(suite: Suite) -> None:
    """What no row can get past is said once, not for every row."""
    suite.rows(golden(40))
    suite.tests(TWO_STEPS)
    result = suite.migrate()
    assert result.ret != pytest.ExitCode.OK
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["! llm-migrate: not_answered: cannot connect to *: You must specify a region. Set *"])


def test_a_pipeline_that_cannot_be_replayed_says_so(suite: Suite, serve: Serve) -> None:
    """Which calls a pipeline makes is known only when it runs: each row without a recording errs by itself."""
    bedrock = serve()
    suite.rows(golden(2))
    suite.tests(TWO_STEPS)
    result = suite.migrate("--migration-answers", "replay", "-k", "row")
    result.assert_outcomes(errors=2, deselected=1)
    result.stdout.fnmatch_lines(["no source answer: * no recording for row 'r00' on *"])
    assert bedrock.asked == []
