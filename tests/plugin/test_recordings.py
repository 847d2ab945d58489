"""Recordings of several prompts in one file, and of what tests ask for themselves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.plugin.suite import SOURCE, TARGET, golden

if TYPE_CHECKING:
    from tests.plugin.suite import Bedrock, Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
RECORD = "--migration-record"
REPLAY = ("--migration-answers", "replay")
TWO_PROMPTS = """
    import pytest

    @pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])
    def test_short(case):
        assert case.target["exact_match"] == 1

    @pytest.mark.migration("rows.csv", prompt="polite", metrics=["exact_match"])
    def test_polite(case):
        assert case.target["exact_match"] == 1
"""
OWN_QUESTIONS = """
    import pytest

    def test_greeting(target_model):
        assert target_model.generate("Say yes.", max_tokens=5).text == "yes"

    @pytest.mark.parametrize("name", ["Ann", "Bo"])
    def test_names(source_model, name):
        assert source_model.generate(f"Is {name} a name?").text == "yes"
"""
"""Tests without a dataset that call both models."""


@pytest.fixture
def two_prompts(suite: Suite, bedrock: Bedrock) -> Bedrock:
    """The endpoint of a suite whose file has two markers on the same three rows."""
    suite.rows(golden(3))
    suite.prompt("Please: {{ question }}", name="polite")
    suite.tests(TWO_PROMPTS)
    return bedrock


def forget_answers(suite: Suite, credentials: pytest.MonkeyPatch) -> None:
    """Leave the suite as on a machine that has never asked and cannot."""
    for path in (suite.path / ".llm-migrate").glob("answers.sqlite*"):
        path.unlink()
    credentials.delenv("AWS_ACCESS_KEY_ID")


def recorded(suite: Suite, model: str = "us.amazon.nova-lite-v1-0") -> list[tuple[str, str]]:
    """Return who got an answer and what asked, line by line of a recording."""
    path = suite.path / "recordings" / "test_triage" / f"{model}.jsonl"
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return sorted((line["sample_id"], line["of"]) for line in lines)


def test_prompts_of_one_file_are_recorded_one_at_a_time(
    suite: Suite, two_prompts: Bedrock, credentials: pytest.MonkeyPatch
) -> None:
    """Recording one marker's answers keeps those of the other, to the same rows of the same model."""
    suite.migrate(RECORD, "-k", "test_short")
    suite.migrate(RECORD, "-k", "test_polite")
    assert recorded(suite) == [
        (f"r0{number}", f"rows.csv {name}/source.prompt.yaml") for number in range(3) for name in ("polite", "triage")
    ]
    forget_answers(suite, credentials)
    suite.migrate(*REPLAY).assert_outcomes(passed=6)
    assert len(two_prompts.asked) == 12


def test_a_changed_prompt_replaces_its_own_answers(suite: Suite, two_prompts: Bedrock) -> None:
    """What a prompt asked before it changed goes when it is recorded anew; the other prompt's answers stay."""
    suite.migrate(RECORD)
    suite.prompt("Now: {{ question }}")
    suite.migrate(RECORD, "-k", "r01 or r02")
    assert len(recorded(suite)) == 6
    assert len(two_prompts.asked) == 12 + 4


def test_a_model_on_both_sides_keeps_both_sides_answers(suite: Suite, bedrock: Bedrock) -> None:
    """Prompts for the same model, one a side, are recorded apart even when they are recorded one after the other."""
    migrated = f"name: triage\nmodel: {TARGET}\nuser: 'Now: {{{{ question }}}}'\n"
    suite.file("prompts/triage/nova.prompt.yaml", migrated)
    suite.rows(golden(1))
    suite.tests(TWO_PROMPTS.partition('    @pytest.mark.migration("rows.csv", prompt="polite"')[0])
    suite.run("--target-model", TARGET, RECORD).assert_outcomes(passed=1)
    suite.run("--source-model", TARGET, "--target-model", "recorded", RECORD).assert_outcomes(passed=1)
    assert recorded(suite) == [("r00", f"rows.csv triage/{name}.prompt.yaml") for name in ("nova", "source")]
    assert len(bedrock.asked) == 2


@PROCESSES
def test_what_tests_ask_themselves_is_recorded(
    suite: Suite, bedrock: Bedrock, credentials: pytest.MonkeyPatch, processes: tuple[str, ...]
) -> None:
    """Answers of a model's fixture are recorded under the test's name, and replayed without store or credentials."""
    suite.tests(OWN_QUESTIONS)
    suite.migrate(RECORD, *processes).assert_outcomes(passed=3)
    assert recorded(suite) == [("test_greeting", "a test")]
    assert [name for name, _ in recorded(suite, "anthropic.claude-3-haiku-20240307-v1-0")] == [
        "test_names[Ann]",
        "test_names[Bo]",
    ]
    forget_answers(suite, credentials)
    suite.migrate(*REPLAY, *processes).assert_outcomes(passed=3)
    assert len(bedrock.asked) == 3


def test_replay_names_the_test_that_asks(suite: Suite, bedrock: Bedrock) -> None:
    """What a test asks and nobody recorded is said with the test's name, and whether it ever was."""
    suite.tests(OWN_QUESTIONS)
    result = suite.migrate(*REPLAY, "-k", "greeting")
    result.assert_outcomes(failed=1)
    said = f"no recording for test 'test_triage.py::test_greeting' on {TARGET} (none was ever made). Run once with"
    result.stdout.fnmatch_lines([f"*--migration-answers replay: {said}*"])
    suite.migrate(RECORD)
    suite.tests(OWN_QUESTIONS.replace("Say yes.", "Say it."))
    result = suite.migrate(*REPLAY, "-k", "greeting")
    result.stdout.fnmatch_lines(["*for test *::test_greeting' * (what it asks changed since it was recorded)*"])
    assert bedrock.questions(SOURCE) == ["Is Ann a name?", "Is Bo a name?"]
    assert bedrock.questions(TARGET) == ["Say yes."]


def test_a_row_tests_own_question_lies_beside_its_rows(suite: Suite, bedrock: Bedrock) -> None:
    """A row test that asks a model for itself has an answer of its own beside those of the rows."""
    suite.rows(golden(1))
    suite.tests("""
        import pytest

        @pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])
        def test_row(case, target_model):
            assert target_model.generate(f"Really {case.target.text}?").text == "yes"
    """)
    suite.migrate(RECORD).assert_outcomes(passed=1)
    assert recorded(suite) == [("r00", "rows.csv triage/source.prompt.yaml"), ("test_row[r00]", "a test")]
    assert len(bedrock.asked) == 3


def test_a_recording_that_cannot_be_written_fails_the_run(suite: Suite, bedrock: Bedrock) -> None:
    """Where a folder stands in the recording's place, the run says so and fails."""
    suite.tests(OWN_QUESTIONS)
    suite.file("recordings/test_triage", "not a folder")
    result = suite.migrate(RECORD, "-k", "greeting")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["llm-migrate: cannot write *recordings*"])
    assert len(bedrock.asked) == 1
