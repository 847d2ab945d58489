"""Which calls a run makes, counted at the endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.models.endpoint import Reply
from tests.plugin.suite import OTHER_TARGET, ROWS_AND_GATE, ROWS_ONLY, SOURCE, TARGET, golden

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Bedrock, Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
QUESTIONS = [row["question"] for row in golden()]


@PROCESSES
def test_each_row_is_asked_once_a_side(suite: Suite, bedrock: Bedrock, processes: tuple[str, ...]) -> None:
    """Rows and gates share answers: every row is asked once on each side, in however many processes."""
    suite.rows(golden())
    suite.tests()
    result = suite.migrate(*processes)
    assert result.ret == pytest.ExitCode.OK
    assert bedrock.questions(SOURCE) == bedrock.questions(TARGET) == QUESTIONS
    assert suite.results["spending"]["calls"] == 40
    assert suite.results["spending"]["usd"] == pytest.approx(20 * (1.75e-06 + 3.6e-07))
    line = suite.lines[0]
    assert (line["target"]["text"], line["target"]["stop_reason"]) == ("yes", "end_turn")
    assert (line["target"]["input_tokens"], line["target"]["output_tokens"]) == (2, 1)
    assert (line["target"]["cached"], line["target"]["cost"]) == (False, 3.6e-07)
    assert 0 < line["target"]["ttft"] <= line["target"]["latency"] < 10


@pytest.mark.parametrize(
    ("selection", "rows"),
    [
        (("-k", "r03 or r07"), [3, 7]),
        (("--deselect", "test_triage.py::test_row[r00]"), range(1, 20)),
        (("test_triage.py::test_row[r05]",), [5]),
    ],
    ids=["-k", "--deselect", "node id"],
)
def test_only_selected_rows_are_asked(
    suite: Suite, bedrock: Bedrock, selection: tuple[str, ...], rows: list[int]
) -> None:
    """Rows whose tests are not selected cost nothing."""
    suite.rows(golden())
    suite.tests(ROWS_ONLY)
    suite.migrate(*selection)
    assert bedrock.questions(SOURCE) == bedrock.questions(TARGET) == [QUESTIONS[number] for number in rows]


def test_a_gate_asks_for_every_row(suite: Suite, bedrock: Bedrock) -> None:
    """A gate that is selected with one row needs them all."""
    suite.rows(golden())
    suite.tests()
    suite.migrate("-k", "r03 or gate").assert_outcomes(passed=2, deselected=19)
    assert bedrock.questions(TARGET) == QUESTIONS


def test_a_sample_asks_for_its_rows(suite: Suite, bedrock: Bedrock) -> None:
    """With ``--migration-sample`` rows and gates alike see the sample only."""
    suite.rows(golden())
    suite.tests(ROWS_AND_GATE.replace("0.3", "0.9"))
    suite.migrate("--migration-sample", "4").assert_outcomes(passed=5)
    asked = [line["inputs"]["question"] for line in suite.lines]
    assert len(asked) == 4
    assert bedrock.questions(SOURCE) == bedrock.questions(TARGET) == asked


@pytest.mark.parametrize(
    "mark",
    ["skip(reason='no')", "skipif(True, reason='no')", "skipif(condition=1, reason='no')"],
)
def test_rows_that_a_mark_skips_are_not_asked(suite: Suite, bedrock: Bedrock, mark: str) -> None:
    """Where a mark skips every test of the rows, nothing is fetched for them."""
    suite.rows(golden())
    suite.tests(f"""
        import pytest

        pytestmark = pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])

        @pytest.mark.{mark}
        def test_row(case):
            pass

        @pytest.mark.{mark}
        def test_gate(comparison):
            pass
    """)
    suite.migrate().assert_outcomes(skipped=21)
    assert bedrock.asked == []


def test_a_row_that_one_of_two_tests_needs_is_asked(suite: Suite, bedrock: Bedrock) -> None:
    """A skipped test does not take the row from another one."""
    suite.rows(golden(2))
    suite.tests("""
        import pytest

        pytestmark = pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])

        @pytest.mark.skipif(False, reason="it runs")
        def test_one(case):
            pass

        @pytest.mark.skip
        def test_two(case):
            pass
    """)
    suite.migrate().assert_outcomes(passed=2, skipped=2)
    assert len(bedrock.asked) == 4


@pytest.mark.parametrize("option", ["--collect-only", "--setup-plan", "--migration-plan"])
def test_looking_calls_nothing(suite: Suite, bedrock: Bedrock, option: str) -> None:
    """What runs no test makes no call."""
    suite.rows(golden())
    suite.tests()
    assert suite.migrate(option).ret == pytest.ExitCode.OK
    assert bedrock.asked == []


def test_two_targets_ask_the_source_once(suite: Suite, bedrock: Bedrock) -> None:
    """The source's answers serve every target."""
    suite.rows(golden(3))
    suite.tests(ROWS_ONLY)
    suite.migrate("--target-model", OTHER_TARGET).assert_outcomes(passed=6)
    assert [bedrock.questions(ref) for ref in (SOURCE, TARGET, OTHER_TARGET)] == [QUESTIONS[:3]] * 3


def test_two_files_share_equal_requests(suite: Suite, bedrock: Bedrock) -> None:
    """What two files ask alike is asked once."""
    suite.rows(golden(3))
    for name in ("test_one.py", "test_two.py"):
        suite.tests(ROWS_ONLY, name)
    suite.migrate().assert_outcomes(passed=6)
    assert len(bedrock.asked) == 6


def test_repeats_ask_again_and_average(suite: Suite, serve: Serve) -> None:
    """``--migration-repeats`` asks each row so often; scores and times are means."""
    bedrock = serve(default=Reply(text="yes", output_tokens=4))
    suite.rows(golden(2))
    suite.tests(ROWS_ONLY)
    suite.migrate("--migration-repeats", "3").assert_outcomes(passed=2)
    assert bedrock.questions(TARGET) == [QUESTIONS[0]] * 3 + [QUESTIONS[1]] * 3
    assert suite.lines[0]["target"]["output_tokens"] == 4
    assert suite.lines[0]["target"]["reasons"]["exact_match"] == "mean of 3 repeats: 1, 1, 1"
    suite.migrate().assert_outcomes(passed=2)
    assert len(bedrock.asked) == 12


@PROCESSES
def test_stopping_at_the_first_failure_asks_little_ahead(
    suite: Suite, serve: Serve, processes: tuple[str, ...]
) -> None:
    """Under ``-x`` only a small window is fetched ahead: a first row that fails does not cost the whole dataset."""
    bedrock = serve(default=Reply(text="no", latency=0.05))
    suite.rows(golden(60))
    suite.tests(ROWS_ONLY)
    suite.migrate("-x", *processes)
    assert len(bedrock.questions(TARGET)) <= 20


def test_rows_with_prompts_of_their_own_send_those(suite: Suite, bedrock: Bedrock) -> None:
    """Without ``prompt=`` each row's finished prompt is sent to both sides as it is."""
    suite.rows([row | {"prompt_source_llm": f"Finished {row['sample_id']}"} for row in golden(2)])
    suite.tests(ROWS_ONLY.replace('prompt="triage", ', ""))
    suite.migrate().assert_outcomes(passed=2)
    assert bedrock.questions(SOURCE) == bedrock.questions(TARGET) == ["Finished r00", "Finished r01"]


def test_the_target_gets_the_prompt_filed_for_it(suite: Suite, bedrock: Bedrock) -> None:
    """With a catalog each side is sent its own prompt, and the record shows both."""
    suite.file(
        "prompts/triage/target.prompt.yaml", f"name: triage\nmodel: {TARGET}\nuser: 'Briefly: {{{{ question }}}}'\n"
    )
    suite.rows(golden(1))
    suite.tests("""
        import pytest

        @pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])
        def test_row(case, source_prompt, migrated_prompt):
            assert source_prompt.render(case.row).turns[0].text == "question 00."
            assert migrated_prompt.render(case.row).turns[0].text == "Briefly: question 00."
    """)
    suite.run("--source-model", SOURCE, "--target-model", TARGET).assert_outcomes(passed=1)
    assert bedrock.asked.count((SOURCE, "question 00.")) == 1
    assert bedrock.asked.count((TARGET, "Briefly: question 00.")) == 1
    prompts = [suite.migration[side]["prompt"] for side in ("source", "target")]
    assert [prompt["strategy"] for prompt in prompts] == [None, "catalog"]
    assert [prompt["user"] for prompt in prompts] == ["{{ question }}", "Briefly: {{ question }}"]


def test_models_may_be_called_from_a_test(suite: Suite, bedrock: Bedrock) -> None:
    """The model fixtures name their model and answer; what they answered is kept like all answers."""
    suite.tests("""
        def test_models(source_model, target_model, judge_model):
            assert source_model.ref.startswith("anthropic")
            for model in (source_model, target_model, judge_model):
                assert model.generate("hello", max_tokens=5).text == "yes"
    """)
    judged = ("--judge-model", OTHER_TARGET)
    suite.migrate(*judged).assert_outcomes(passed=1)
    suite.migrate(*judged).assert_outcomes(passed=1)
    assert sorted(model for model, _ in bedrock.asked) == sorted([SOURCE, TARGET, OTHER_TARGET])


def test_a_model_that_is_not_there_is_said(suite: Suite) -> None:
    """A test that would call a recorded source, or a judge that was not given, errs in one line."""
    suite.tests("""
        def test_source(source_model):
            pass

        def test_judge(judge_model):
            pass
    """)
    result = suite.judge()
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines([
        "there is no model to call: --source-model is recorded",
        "there is no model to call: --judge-model is not given",
    ])  # fmt: skip
