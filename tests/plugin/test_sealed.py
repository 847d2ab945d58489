"""What a run seals before its first call, and what it says of it afterwards."""

from __future__ import annotations

import datetime as dt
import json
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from tests.plugin.suite import ROWS_AND_GATE, ROWS_ONLY, SOURCE, TARGET, golden
from tests.report.test_schemas import validator

if TYPE_CHECKING:
    from pytest_llm_migrate.models.endpoint import Answer
    from pytest_llm_migrate.models.endpoint.engines import Converse
    from tests.plugin.suite import Bedrock, Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
ACCOUNT = "918273645546"
GATE_TEXT = """def test_gate(comparison):
    '''Quality holds.'''
    assert comparison["exact_match"].non_inferior(margin=0.3)
"""
REWRITING = (
    ROWS_AND_GATE
    + """
    def test_other(comparison):
        from pathlib import Path
        path = Path(__file__)
        path.write_text(path.read_text().replace("margin=0.3", "margin=0.9"))
"""
)
WITHOUT_TEXT = """
    import pytest

    pytestmark = pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])
    exec("def test_made(comparison):\\n    assert comparison['exact_match'].non_inferior(margin=0.3)")
"""

BLOCKING = """
import os
from pathlib import Path

def pytest_collection_finish(session):
    for folder in Path(session.config.rootpath, ".llm-migrate", "runs").iterdir():
        (folder / f".sealed.json.{os.getpid()}.part").mkdir()
"""
"""Puts a folder where the seal would be written."""


def seal_of(suite: Suite) -> dict[str, Any]:
    """Return the newest run's ``sealed.json``."""
    found: dict[str, Any] = json.loads((suite.folder / "sealed.json").read_text("utf-8"))
    validator("sealed").validate(found)
    return found


def clocked(bedrock: Bedrock, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list that gets the time of every call of an endpoint."""
    times: list[float] = []
    plain = bedrock.converse

    def converse(request: Converse) -> Answer:
        times.append(time.time())
        return plain(request)

    monkeypatch.setattr(bedrock, "converse", converse)
    return times


@PROCESSES
def test_gates_are_sealed_before_the_first_call(
    suite: Suite, bedrock: Bedrock, monkeypatch: pytest.MonkeyPatch, processes: tuple[str, ...]
) -> None:
    """The seal holds gate, dataset, prompts and metrics, is older than every call, and is told in every report."""
    path, times = suite.rows(golden(12)), clocked(bedrock, monkeypatch)
    suite.tests(ROWS_AND_GATE)
    result = suite.migrate("--judge-model", TARGET, *processes)
    result.assert_outcomes(passed=13)
    seal, results = seal_of(suite), suite.results
    at = dt.datetime.fromisoformat(seal["sealed_at"])
    assert at.timestamp() <= min(times)
    assert seal["run"] == results["run"]["id"]
    (gate,), (migration,) = seal["gates"], seal["migrations"]
    assert (gate["nodeid"], gate["text"], gate["parameters"]) == ("test_triage.py::test_gate", GATE_TEXT, None)
    module = {"path": "test_triage.py", "sha256": sha256((suite.path / "test_triage.py").read_bytes()).hexdigest()}
    assert gate["module"] == module
    assert migration["dataset"]["sha256"] == sha256(path.read_bytes()).hexdigest()
    assert (migration["source"]["ref"], migration["target"]["ref"], migration["judge"]) == (SOURCE, TARGET, TARGET)
    assert migration["target"]["prompt_sha256"] == suite.migration["target"]["prompt"]["sha256"]
    assert [metric["name"] for metric in migration["metrics"]] == ["exact_match"]
    whole = sha256((suite.folder / "sealed.json").read_bytes()).hexdigest()
    assert results["run"]["sealed"] == {"at": seal["sealed_at"], "sha256": whole, "options": seal["options"]}
    assert suite.migration["gates"][0]["sealed_sha256"] == sha256(GATE_TEXT.encode()).hexdigest()
    assert results["warnings"] == []
    validator("results").validate(results)
    sentence = f"gates sealed at {at:%H:%M:%S} UTC, before the first call"
    result.stdout.fnmatch_lines([sentence])
    assert f", {sentence}." in (suite.folder / "summary.md").read_text("utf-8")
    page = (suite.folder / "report.html").read_text("utf-8")
    assert f"; {sentence} <span" in page
    assert whole in page
    assert not list(suite.folder.glob(".*"))


def test_every_target_has_its_own_gate_and_a_function_is_read_once(suite: Suite, bedrock: Bedrock) -> None:
    """Tests of one function are sealed one by one, with what tells them apart; accounts are not named."""
    refs = [f"arn:aws:bedrock:us-east-1:{ACCOUNT}:application-inference-profile/{name}" for name in ("abc", "def")]
    suite.rows(golden(12))
    suite.tests(ROWS_AND_GATE)
    suite.migrate("--target-model", refs[0], "--target-model", refs[1], "-k", "gate", "--judge-model", refs[0])
    assert bedrock.asked
    seal = seal_of(suite)
    masked = {ref.replace(ACCOUNT, "<account>") for ref in refs}
    assert masked < {gate["parameters"] for gate in seal["gates"]}
    assert len({gate["sha256"] for gate in seal["gates"]}) == 1
    assert {migration["judge"] for migration in seal["migrations"]} < masked
    assert ACCOUNT not in json.dumps(seal)


def test_options_that_decide_are_sealed(suite: Suite) -> None:
    """The seal has the options in force, and the report names those that let more pass than by default."""
    suite.rows(golden(12))
    suite.tests(ROWS_AND_GATE)
    result = suite.judge(
        "--migration-error-tolerance", "10%", "--migration-undecided", "warn", "--migration-sample", "8"
    )
    assert seal_of(suite)["options"] == {
        "error_tolerance": 0.1,
        "undecided": "warn",
        "latency_rows": 0,
        "repeats": 1,
        "sample": 8,
        "prompt_strategy": "catalog",
    }
    validator("results").validate(suite.results)
    said = "with 10.0% of rows allowed to be missing instead of 2.0%, with undecided gates that only warn"
    assert said in " ".join(result.outlines)
    assert said in (suite.folder / "summary.md").read_text("utf-8")
    assert said in (suite.folder / "report.html").read_text("utf-8")


def test_a_run_without_a_call_says_so(suite: Suite) -> None:
    """Answers that the dataset carries are older than any seal."""
    suite.rows(golden(12))
    suite.tests(ROWS_AND_GATE)
    result = suite.judge()
    result.stdout.fnmatch_lines(["gates sealed at ??:??:?? UTC, no call was made"])
    assert len(seal_of(suite)["gates"]) == 1


def test_a_replay_is_sealed_too(suite: Suite, bedrock: Bedrock) -> None:
    """A replayed run seals the same gates and terms, and calls nothing."""
    suite.rows(golden(12))
    suite.tests(ROWS_AND_GATE)
    suite.migrate("--migration-record")
    first, called = seal_of(suite), len(bedrock.asked)
    suite.migrate("--migration-answers", "replay").stdout.fnmatch_lines(["gates sealed at *, no call was made"])
    again = seal_of(suite)
    assert len(bedrock.asked) == called
    assert first["run"] != again["run"]
    assert [first[part] for part in ("gates", "migrations")] == [again[part] for part in ("gates", "migrations")]


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        (ROWS_ONLY, ()),
        (ROWS_AND_GATE, ("-k", "row")),
        (ROWS_AND_GATE.replace("    def test_gate", "    @pytest.mark.skip\n    def test_gate"), ()),
    ],
    ids=["no-gate", "not-selected", "skipped"],
)
def test_nothing_is_sealed_where_no_gate_is_to_run(suite: Suite, text: str, arguments: tuple[str, ...]) -> None:
    """Without a gate there is no file, no line and no hash."""
    suite.rows(golden(12))
    suite.tests(text)
    result = suite.judge(*arguments)
    result.stdout.no_fnmatch_line("gates sealed*")
    assert not (suite.folder / "sealed.json").exists()
    assert suite.results["run"]["sealed"] is None
    assert {gate["sealed_sha256"] for gate in suite.migration["gates"]} <= {None}


@PROCESSES
def test_a_gate_that_changes_during_the_run_is_named(suite: Suite, processes: tuple[str, ...]) -> None:
    """A file that is written over after the seal is found out, whoever ran its tests."""
    suite.rows(golden(12))
    suite.tests(REWRITING)
    suite.judge(*processes).assert_outcomes(passed=14)
    is_not = "changed after it was sealed: test_triage.py is not the file that it was before the calls"
    assert suite.results["warnings"] == [
        f"test_triage.py::test_gate {is_not}",
        f"test_triage.py::test_other {is_not}",
    ]
    assert "margin=0.3" in seal_of(suite)["gates"][0]["text"]


@pytest.mark.parametrize("write", ["path.unlink()", 'path.write_text(path.read_text().replace("0.3", "0.9"))'])
def test_a_seal_that_was_tampered_with_is_no_seal(suite: Suite, write: str) -> None:
    """A seal that is gone or says another thing at the end is told, and not reported as one."""
    suite.rows(golden(12))
    find = 'path, = Path(__file__).parent.glob(".llm-migrate/runs/*/sealed.json")'
    suite.tests(
        f"{ROWS_AND_GATE}\n    def test_breaks():\n        from pathlib import Path\n        {find}\n        {write}"
    )
    suite.judge().assert_outcomes(passed=14)
    assert suite.results["warnings"] == ["sealed.json is gone or was changed: what was sealed is unknown"]
    assert suite.results["run"]["sealed"] is None


def test_a_gate_without_a_source_text_is_named(suite: Suite) -> None:
    """A gate that no file holds is sealed by its module's hash alone, and the run says so."""
    suite.rows(golden(12))
    suite.tests(WITHOUT_TEXT)
    suite.judge().assert_outcomes(passed=1)
    (gate,) = seal_of(suite)["gates"]
    assert (gate["text"], gate["sha256"], gate["module"]["path"]) == (None, None, "test_triage.py")
    assert suite.results["warnings"] == [
        "the text of test_triage.py::test_made is not to be had, and was not sealed",
    ]


def test_what_cannot_be_sealed_is_not_begun(suite: Suite, bedrock: Bedrock) -> None:
    """Where the run folder cannot be made, the run ends in one line before any call."""
    suite.rows(golden(12))
    suite.tests(ROWS_AND_GATE)
    suite.file("conftest.py", BLOCKING)
    result = suite.migrate()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: llm-migrate: cannot write *sealed.json: *"])
    assert bedrock.asked == []


def test_a_looser_margin_than_the_accepted_one_is_named(suite: Suite) -> None:
    """The warning has both margins and the run that was accepted; damaged records of other runs do no harm."""
    suite.rows(golden(12))
    suite.tests(ROWS_AND_GATE)
    suite.judge().assert_outcomes(passed=13)
    accepted = suite.results["run"]["id"]
    suite.file(f".llm-migrate/runs/{accepted}x/results.json", "{")
    time.sleep(1.01)  # runs of one second have no order
    suite.tests(ROWS_AND_GATE.replace("0.3", "0.4"))
    result = suite.judge()
    (warning,) = suite.results["warnings"]
    assert warning == (
        "test_triage.py::test_gate: the margin of exact_match.non_inferior is 0.4, "
        f"looser than 0.3 in run {accepted}, which was accepted"
    )
    result.stdout.fnmatch_lines(["warning: test_triage.py::test_gate: the margin of *"])
