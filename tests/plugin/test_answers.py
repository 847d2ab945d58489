"""Answers that are kept: stored, asked for afresh, recorded and replayed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.models.endpoint import Reply
from tests.plugin.suite import NO_PASS, ROWS_AND_GATE, ROWS_ONLY, SOURCE, TARGET, collection_faults, golden

if TYPE_CHECKING:
    from tests.plugin.conftest import Serve
    from tests.plugin.suite import Bedrock, Suite

PROCESSES = pytest.mark.parametrize("processes", [(), ("-n2",)], ids=["one-process", "xdist"])
FRESH = ("--migration-answers", "fresh")
REPLAY = ("--migration-answers", "replay")


@pytest.fixture
def asked(suite: Suite, bedrock: Bedrock) -> Bedrock:
    """The endpoint after a run of a suite of 20 rows."""
    suite.rows(golden())
    suite.tests()
    suite.migrate()
    return bedrock


def test_a_second_run_calls_nothing(suite: Suite, asked: Bedrock) -> None:
    """Stored answers serve the next run, and say that they were kept, with the times and cost of their call."""
    first = suite.lines
    suite.migrate().assert_outcomes(passed=21)
    assert len(asked.asked) == 40
    assert suite.results["spending"]["calls"] == 0
    assert suite.migration["cached"] == {"source": 20, "target": 20}
    for then, now in zip(first, suite.lines, strict=True):
        assert (then["target"].pop("cached"), now["target"].pop("cached")) == (False, True)
        assert then["target"] == now["target"]


def test_a_changed_row_is_asked_again_and_no_other(suite: Suite, asked: Bedrock) -> None:
    """An answer belongs to exactly what was sent."""
    rows = golden()
    rows[4]["question"] = "another question"
    suite.rows(rows)
    suite.migrate()
    assert asked.asked[40:] in ([(SOURCE, "another question"), (TARGET, "another question")],
                                [(TARGET, "another question"), (SOURCE, "another question")])  # fmt: skip


@PROCESSES
def test_fresh_asks_for_all_again(suite: Suite, asked: Bedrock, processes: tuple[str, ...]) -> None:
    """``fresh`` takes no answer of an earlier run, and asks each question once."""
    suite.migrate(*FRESH, *processes)
    assert len(asked.asked) == 80
    assert suite.migration["cached"] == {"source": 0, "target": 0}
    suite.migrate(*FRESH, *processes)
    assert len(asked.asked) == 120


def test_replay_lives_on_the_store(suite: Suite, asked: Bedrock, credentials: pytest.MonkeyPatch) -> None:
    """What is stored can be replayed without credentials."""
    credentials.delenv("AWS_ACCESS_KEY_ID")
    suite.migrate(*REPLAY).assert_outcomes(passed=21)
    assert len(asked.asked) == 40


def test_replay_without_an_answer_is_one_line(suite: Suite, bedrock: Bedrock) -> None:
    """Nothing to replay is a usage error that names the row, the model and the way out; nothing is called."""
    suite.rows(golden())
    suite.tests()
    result = suite.migrate(*REPLAY)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.errlines[0] == (
        "ERROR: llm-migrate: --migration-answers replay: no recording for row 'r00' and 19 more on "
        f"{SOURCE} (none was ever made). Run once with --migration-answers auto --migration-record."
    )
    assert [line for line in result.errlines if line] == result.errlines[:1]
    assert bedrock.asked == []


def test_replay_without_an_answer_ends_a_run_with_workers(suite: Suite, bedrock: Bedrock) -> None:
    """Under ``-n`` the first test of each worker says the line, and no further one is run; nothing is called."""
    suite.rows(golden(40))
    suite.tests(ROWS_ONLY)
    result = suite.migrate(*REPLAY, "-n2")
    assert 1 <= result.parseoutcomes()["errors"] <= 2
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["--migration-answers replay: no recording for row 'r00' and 39 more on *"])
    result.stdout.fnmatch_lines(["!*Interrupted: *llm-migrate: --migration-answers replay: *"])
    assert bedrock.asked == []


@PROCESSES
def test_recordings_replay_on_another_machine(
    suite: Suite, bedrock: Bedrock, credentials: pytest.MonkeyPatch, processes: tuple[str, ...]
) -> None:
    """Recorded answers lie beside the suite, a file a model, and need neither a store nor credentials."""
    suite.rows(golden())
    suite.tests()
    suite.migrate("--migration-record", *processes)
    recordings = suite.path / "recordings" / "test_triage"
    assert sorted(path.name for path in recordings.iterdir()) == [
        "anthropic.claude-3-haiku-20240307-v1-0.jsonl",
        "us.amazon.nova-lite-v1-0.jsonl",
    ]
    lines = [json.loads(line) for line in (recordings / "us.amazon.nova-lite-v1-0.jsonl").read_text().splitlines()]
    assert [line["sample_id"] for line in lines] == [row["sample_id"] for row in golden()]
    assert lines[0]["answer"]["text"] == "yes"
    then = suite.lines
    for name in ("answers.sqlite", "answers.sqlite-wal", "answers.sqlite-shm"):
        (suite.path / ".llm-migrate" / name).unlink(missing_ok=True)
    credentials.delenv("AWS_ACCESS_KEY_ID")
    suite.migrate(*REPLAY, *processes).assert_outcomes(passed=21)
    assert len(bedrock.asked) == 40
    latencies = [{line["sample_id"]: line["target"]["latency"] for line in lines} for lines in (then, suite.lines)]
    assert latencies[0] == latencies[1]


def test_a_recording_of_some_rows_keeps_the_others(suite: Suite, asked: Bedrock) -> None:
    """Recording a few rows anew leaves the rest of the file as it was."""
    suite.migrate("--migration-record")
    path = suite.path / "recordings" / "test_triage" / "us.amazon.nova-lite-v1-0.jsonl"
    before = path.read_text("utf-8")
    suite.migrate("--migration-record", "-k", "r03")
    assert path.read_text("utf-8") == before
    assert len(asked.asked) == 40


def test_a_changed_prompt_makes_a_recording_stale(suite: Suite, asked: Bedrock) -> None:
    """Replay says that the recording is of something else."""
    suite.migrate("--migration-record")
    suite.prompt("Please: {{ question }}")
    result = suite.migrate(*REPLAY)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "(its row, prompt or settings changed since it was made)" in result.errlines[0]
    assert len(asked.asked) == 40


def test_a_torn_recording_is_one_line(suite: Suite, asked: Bedrock) -> None:
    """A recording that is no recording any more is named with its line."""
    suite.migrate("--migration-record")
    path = suite.path / "recordings" / "test_triage" / "us.amazon.nova-lite-v1-0.jsonl"
    path.write_text(path.read_text("utf-8")[:-20], "utf-8")
    result = suite.migrate()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    (fault,) = collection_faults(result)
    assert "us.amazon.nova-lite-v1-0.jsonl:20: not a recorded answer (" in fault
    assert len(asked.asked) == 40


@PROCESSES
def test_a_killed_run_goes_on_where_it_stopped(suite: Suite, serve: Serve, processes: tuple[str, ...]) -> None:
    """After ``kill -9`` the same fresh command asks for no answer that is stored, and its reports are whole."""
    bedrock = serve(default=Reply(text="yes", latency=0.05))
    suite.rows(golden(40))
    suite.tests(ROWS_AND_GATE)
    options = ("--source-model", SOURCE, "--target-model", TARGET, "--prompt-strategy", "identity", *NO_PASS)
    command = [sys.executable, "-m", "pytest", *options, *FRESH, "--migration-concurrency", "2", *processes]
    killed = subprocess.Popen(command, cwd=suite.path, stdout=subprocess.DEVNULL, start_new_session=True)
    while len(bedrock.asked) < 30:
        time.sleep(0.01)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    time.sleep(0.2)  # for questions on their way to the endpoint
    stored = set(bedrock.asked)
    assert len(stored) < 80
    again = subprocess.run(command, cwd=suite.path, capture_output=True, text=True, check=False)
    assert again.returncode == pytest.ExitCode.OK, again.stdout
    assert set(bedrock.asked) == {(model, row["question"]) for model in (SOURCE, TARGET) for row in golden(40)}
    assert len(bedrock.repeated) <= 4  # in flight when the run was killed: nobody has their answers
    assert len(suite.lines) == 40
    assert suite.migration["row_tests"]["passed"] == 40


@PROCESSES
def test_an_interrupted_run_keeps_what_was_asked(suite: Suite, serve: Serve, processes: tuple[str, ...]) -> None:
    """After Ctrl-C calls in flight are waited for and kept, the run says so, and the same command asks for the rest."""
    bedrock = serve(default=Reply(text="yes", latency=0.1))
    suite.rows(golden(60))
    suite.tests(ROWS_AND_GATE)
    options = ("--source-model", SOURCE, "--target-model", TARGET, "--prompt-strategy", "identity", *NO_PASS)
    command = [sys.executable, "-m", "pytest", *options, "--migration-concurrency", "2", *processes]
    stopped = subprocess.Popen(command, cwd=suite.path, stdout=subprocess.PIPE, text=True, start_new_session=True)
    while len(bedrock.asked) < 40:
        time.sleep(0.01)
    os.killpg(stopped.pid, signal.SIGINT)
    said, _ = stopped.communicate(timeout=60)
    asked = len(bedrock.asked)
    assert stopped.returncode == pytest.ExitCode.INTERRUPTED, said
    assert f"llm-migrate: interrupted: {asked} answers of this run kept. The same command goes on from here." in said
    again = subprocess.run(command, cwd=suite.path, capture_output=True, text=True, check=False)
    assert again.returncode == pytest.ExitCode.OK, again.stdout
    assert (len(bedrock.asked), bedrock.repeated) == (120, [])


@PROCESSES
def test_a_damaged_store_is_set_aside_and_said(suite: Suite, bedrock: Bedrock, processes: tuple[str, ...]) -> None:
    """A store that cannot be read ends the run in one line before any call; the next run begins an empty one."""
    suite.rows(golden(4))
    suite.tests(ROWS_ONLY)
    store = suite.path / ".llm-migrate" / "answers.sqlite"
    store.parent.mkdir()
    store.write_bytes(b"damaged " * 1000)
    result = suite.migrate(*processes)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.errlines if line]
    assert line.startswith("ERROR: llm-migrate: cannot use")
    assert "file is not a database. It was set aside as" in line
    assert bedrock.asked == []
    (aside,) = store.parent.glob("answers.sqlite.damaged-*")
    assert aside.read_bytes() == b"damaged " * 1000
    suite.migrate(*processes).assert_outcomes(passed=4)
