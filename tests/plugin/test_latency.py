"""The latency pass of a run, counted at the endpoint."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.domain import Row
from pytest_llm_migrate.migration import watch
from pytest_llm_migrate.migration.latency import SEED
from pytest_llm_migrate.migration.measuring import turns
from pytest_llm_migrate.models.endpoint import Reply, Rule, ScriptedFault
from tests.plugin.suite import SOURCE, TARGET, golden

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Suite

ROWS = 34
SLOW, QUICK = Rule(model=SOURCE, reply=Reply(text="yes", latency=0.06)), Rule(reply=Reply(text="yes", latency=0.03))
GATES = """
    import pytest

    pytestmark = pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])

    def test_speed(comparison):
        '''Answers are no slower.'''
        assert comparison.latency.p50.ratio_at_most(1.2)

    def test_start(comparison):
        '''The first word is as soon.'''
        assert comparison.ttft.p50.ratio_at_most(1.2)
"""
PASS = ("--migration-latency-rows", str(ROWS))
"""Options of a pass on the rows of these tests."""


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the self-check lenient: here the endpoint, and whatever else runs, shares the machine."""
    monkeypatch.setattr(watch, "MOST_CPU", 100.0)
    monkeypatch.setattr(watch, "LEAST_LAG", 100.0)


def timed_suite(suite: Suite, rows: int = ROWS) -> None:
    """Write a suite with gates on times."""
    suite.rows(golden(rows))
    suite.tests(GATES)


def samples_of(suite: Suite) -> list[dict[str, Any]]:
    """Return the lines of the newest run's ``latency.jsonl``."""
    return [json.loads(line) for line in (suite.folder / "latency.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.usefixtures("patient")
def test_times_come_from_a_pass_of_their_own(suite: Suite, serve: Serve) -> None:
    """Both sides are asked once more, and gates judge by those times."""
    bedrock = serve(SLOW, QUICK)
    timed_suite(suite)
    result = suite.migrate(*PASS)
    result.assert_outcomes(passed=2)
    found = suite.migration["latency_pass"]
    assert (found["rows"], found["pairs"], found["concurrency"], found["warm_up"]) == (ROWS, ROWS, 4, 4)
    assert (found["valid"], found["kept"], found["latency_of"]) == (True, False, "service")
    assert found["excluded"] == {"source": {}, "target": {}}
    assert len(bedrock.asked) == 4 * ROWS + 4
    assert suite.results["spending"]["purposes"]["latency"]["calls"] == 2 * ROWS + 4
    assert suite.migration["latency"]["n"] == ROWS
    assert suite.migration["latency"]["statistics"]["p50"]["ratio"] < 0.9
    assert len(samples_of(suite)) == 2 * ROWS
    assert "latency pass of 34 pairs, up to 4 in flight" in suite.migration["gates"][0]["statements"][0]["detail"]
    assert suite.migration["warnings"] == []
    result.stdout.fnmatch_lines(["*latency pass: 34 of 34 pairs, up to 4 in flight*"])
    assert result.stdout.str().count("llm-migrate: measuring latency apart: at most 72 calls, 4 at a time") == 1


@pytest.mark.usefixtures("patient")
def test_a_finished_pass_is_kept(suite: Suite, serve: Serve) -> None:
    """The same command's next run pays nothing; ``fresh`` measures anew; another number of rows too."""
    bedrock = serve(SLOW, QUICK)
    timed_suite(suite)
    suite.migrate(*PASS)
    first, asked = suite.migration["latency_pass"], len(bedrock.asked)
    suite.migrate(*PASS).assert_outcomes(passed=2)
    again = suite.migration["latency_pass"]
    assert len(bedrock.asked) == asked
    assert again == {**first, "kept": True}
    suite.migrate(*PASS, "--migration-answers", "fresh")
    assert len(bedrock.asked) == 2 * asked
    assert not suite.migration["latency_pass"]["kept"]
    suite.migrate("--migration-latency-rows", "3")
    assert len(bedrock.asked) == 2 * asked + 6 + 4


def test_one_process_measures(suite: Suite, serve: Serve) -> None:
    """Under xdist the pass is made once, and its result reaches every gate."""
    bedrock = serve(SLOW, QUICK)
    timed_suite(suite)
    suite.migrate(*PASS, "-n2")
    assert len(bedrock.asked) == 4 * ROWS + 4
    details = {
        said["detail"].partition(" pairs")[2] for gate in suite.migration["gates"] for said in gate["statements"]
    }
    assert len(details) >= 1
    assert len(samples_of(suite)) == 2 * ROWS


def test_an_invalid_pass_judges_nothing(suite: Suite, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the client was too busy to measure, gates on times cannot judge, and the next run measures again."""
    monkeypatch.setattr(watch, "MOST_CPU", 0.0)
    bedrock = serve(SLOW, QUICK)
    timed_suite(suite, rows=2)
    suite.migrate(*PASS).assert_outcomes(failed=2)
    assert {gate["verdict"] for gate in suite.migration["gates"]} == {"CANNOT JUDGE"}
    said = suite.migration["gates"][0]["statement"]
    assert said.startswith("The latency pass is invalid: the client itself was busy ")
    assert said in suite.migration["warnings"]
    asked = len(bedrock.asked)
    suite.migrate(*PASS)
    assert len(bedrock.asked) == asked + 4 + 4


@pytest.mark.usefixtures("patient")
def test_too_few_pairs_are_not_enough(suite: Suite, serve: Serve) -> None:
    """Under 30 pairs no gate on times gives a verdict, whatever the figures are."""
    serve(SLOW, QUICK)
    timed_suite(suite, rows=10)
    suite.migrate(*PASS).assert_outcomes(failed=2)
    gate = suite.migration["gates"][0]
    assert gate["verdict"] == "NOT ENOUGH EVIDENCE"
    assert "p50 takes 30 rows or more" in gate["statement"]


@pytest.mark.usefixtures("patient")
def test_faults_are_counted_and_not_repeated(suite: Suite, serve: Serve) -> None:
    """A throttled call of the pass is its row's only one; its pair is left out, and the gate says so."""
    timed_suite(suite, rows=6)
    serve(SLOW, QUICK)
    suite.migrate()
    last = turns([Row(sample_id=f"r{number:02}", values={}) for number in range(6)], SEED)[-1].row.sample_id
    fault = ScriptedFault(name="ThrottlingException", times=1)
    bedrock = serve(Rule(model=TARGET, contains=f"question {last[1:]}", fault=fault, reply=QUICK.reply), SLOW, QUICK)
    suite.migrate("--migration-latency-rows", "6", "-k", "speed")
    found = suite.migration["latency_pass"]
    assert len(bedrock.asked) == 12 + 4
    assert found["pairs"] == 5
    assert found["excluded"] == {"source": {"other_side": 1}, "target": {"throttled": 1}}
    assert "left out 1 of 6 pairs: source other_side 1; target throttled 1" in suite.migration["gates"][0]["statement"]
    assert [item["excluded"] for item in samples_of(suite) if item["sample_id"] == last] in (
        ["throttled", "other_side"],
        ["other_side", "throttled"],
    )


def test_times_under_load_are_named(suite: Suite, serve: Serve) -> None:
    """Without a pass the calls' own concurrency is named, in the record and by the gate."""
    serve(SLOW, QUICK)
    timed_suite(suite)
    suite.migrate().assert_outcomes(passed=2)
    said = "Latencies come from calls at up to 4 in flight, not from a latency pass."
    assert said in suite.migration["warnings"]
    assert all(gate["statement"].endswith(said) for gate in suite.migration["gates"])
    assert suite.migration["latency_pass"] is None
    assert not (suite.folder / "latency.jsonl").exists()


def test_recorded_times_are_named(suite: Suite, serve: Serve) -> None:
    """Where the dataset has one side's times, nothing is measured, and both conditions are named."""
    bedrock = serve(QUICK)
    timed_suite(suite)
    suite.run("--target-model", TARGET, "--prompt-strategy", "identity", "--migration-concurrency", "4")
    said = "Source latencies were recorded in the dataset, target latencies come from calls at up to 4 in flight"
    assert any(warning.startswith(said) for warning in suite.migration["warnings"])
    assert said in suite.migration["gates"][0]["statement"]
    assert len(bedrock.asked) == ROWS


@pytest.mark.usefixtures("patient")
def test_cache_points_are_left_out(suite: Suite, serve: Serve) -> None:
    """A prompt with cache points is timed without them, and the record says so."""
    serve(SLOW, QUICK)
    timed_suite(suite, rows=2)
    suite.file(
        "prompts/triage/source.prompt.yaml",
        'name: triage\nsystem: Be brief.\nuser: "{{ question }}"\noptions: {cache: true}\n',
    )
    suite.migrate(*PASS)
    assert suite.migration["latency_pass"]["cache_off"] is True


@pytest.mark.usefixtures("patient")
def test_steps_are_kept_apart(suite: Suite, serve: Serve) -> None:
    """A pipeline is timed as a whole, each call once; its steps stand apart in the samples."""
    bedrock = serve(SLOW, QUICK)
    suite.rows(golden(2))
    suite.tests("""
        import pytest

        def chain(model, prompt, row):
            first = model.generate("first " + row["question"], step="rewrite")
            return model.generate("then " + first.text + row["question"], step="answer")

        pytestmark = pytest.mark.migration("rows.csv", pipeline=chain, prompt="triage", metrics=["exact_match"])

        def test_speed(comparison):
            assert comparison.latency.p50.target > 0
    """)
    suite.migrate(*PASS).assert_outcomes(passed=1)
    assert len(bedrock.asked) == 8 + 8 + 8
    assert [step["name"] for step in samples_of(suite)[0]["steps"]] == ["rewrite", "answer"]
    assert suite.migration["latency_pass"]["latency_of"] == "client"


def test_a_plan_counts_the_pass(suite: Suite, serve: Serve) -> None:
    """``--migration-plan`` says how many calls latency takes besides."""
    serve(SLOW, QUICK)
    timed_suite(suite)
    result = suite.migrate(*PASS, "--migration-plan")
    result.stdout.fnmatch_lines(["*latency, measured apart where a gate is judged: at most 72 calls*"])
