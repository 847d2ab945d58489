"""Batch inference from the command line: both sides' jobs on an endpoint with files, over real HTTP."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from pytest_llm_migrate.answers import parcels
from pytest_llm_migrate.models.endpoint import Batch, Endpoint, Reply, Rule, Script, ScriptedEngine, ScriptedFault
from tests.plugin.suite import ROWS_AND_GATE, SOURCE, TARGET, golden

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.plugin.suite import Suite

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/planted-batch-role"
FOLDER = "s3://bucket/golden"
BATCH = ("--migration-execution", "batch", "--migration-batch-s3", FOLDER, "--migration-batch-role", ROLE)
NEEDS = "--migration-execution batch needs"
QUICK = "gather=0.1, turn=0.05, first=0.05, longest=0.1, said=0.1"
RHYTHM = f"""
    from pytest_llm_migrate.answers import parcels

    parcels.RHYTHM = parcels.Rhythm({QUICK})
"""
"""A conftest whose jobs are looked at often."""
PRICES = """
- {model: anthropic.claude-3-haiku-20240307-v1:0, input: 1000000, output: 1000000}
- {model: anthropic.claude-3-haiku-20240307-v1:0, input: 500000, output: 500000, tier: batch}
- {model: us.amazon.nova-lite-v1:0, input: 1000000, output: 1000000}
- {model: us.amazon.nova-lite-v1:0, input: 500000, output: 500000, tier: batch}
"""
"""A dollar a token, and half of it in batch jobs."""


class Serve(Protocol):
    """Starts an endpoint that all AWS clients find."""

    def __call__(self, *rules: Rule, **batch: Any) -> Endpoint:
        """Return the endpoint; it answers ``yes`` but for its rules."""


@pytest.fixture
def serve(suite: Suite, credentials: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Endpoints, and a suite whose runs look at jobs often."""
    suite.file("conftest.py", "\n".join(line.strip() for line in RHYTHM.splitlines()))
    credentials.setattr(parcels, "RHYTHM", parcels.RHYTHM)
    with ExitStack() as endpoints:

        def start(*rules: Rule, **batch: Any) -> Endpoint:
            settings = Batch(**{"minimum": 10, **batch})
            script = Script(rules=rules, default=Reply(text="yes", input_tokens=2, output_tokens=2), batch=settings)
            endpoint = endpoints.enter_context(Endpoint(ScriptedEngine(script)))
            credentials.setenv("AWS_ENDPOINT_URL", endpoint.url)
            return endpoint

        yield start


@pytest.fixture(autouse=True)
def _small_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_llm_migrate.models.batch.LEAST_RECORDS", 10)


def made(endpoint: Endpoint, operation: str = "CreateModelInvocationJob") -> int:
    """Return how often an endpoint was asked for something."""
    return [call.operation for call in endpoint.calls].count(operation)


def called(endpoint: Endpoint) -> int:
    """Return how many calls by themselves there were."""
    return made(endpoint, "ConverseStream") + made(endpoint, "Converse")


def test_both_sides_are_answered_by_jobs(suite: Suite, serve: Serve) -> None:
    """Each side is one job; answers have batch prices, no latency, and no call is made beside them."""
    endpoint = serve(duration=0.3)
    suite.rows(golden(20))
    suite.tests()
    suite.file("prices.yaml", PRICES)
    result = suite.migrate(*BATCH, "--migration-latency-rows", "0", "--migration-prices", "prices.yaml")
    result.assert_outcomes(passed=21)
    assert (made(endpoint), called(endpoint)) == (2, 0)
    line = suite.lines[0]
    for side in ("source", "target"):
        assert (line[side]["text"], line[side]["cost"]) == ("yes", 2.0)
        assert line[side].get("latency") is None
        assert line[side].get("ttft") is None
    assert suite.results["spending"]["calls"] == 40
    assert suite.results["spending"]["usd"] == 80
    result.stdout.fnmatch_lines_random(
        [
            f"*llm-migrate: batch job * for 20 records of {SOURCE}",
            f"*llm-migrate: batch job * for 20 records of {TARGET}",
            "*llm-migrate: batch job *: InProgress, * of 20 records done",
            "*llm-migrate: batch job * ended as Completed",
        ]
    )


def test_a_latency_gate_cannot_judge_batch_answers(suite: Suite, serve: Serve) -> None:
    """Batch answers have no latency: a gate on it says that it cannot judge."""
    serve()
    suite.rows(golden(20))
    suite.tests(
        """
        import pytest

        @pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])
        def test_gate(comparison):
            assert comparison.latency.p50.ratio_at_most(1.2)
        """
    )
    suite.migrate(*BATCH, "--migration-latency-rows", "0").assert_outcomes(failed=1)
    (gate,) = suite.migration["gates"]
    assert gate["verdict"] == "CANNOT JUDGE"
    assert "latency" in gate["statement"]


def test_nothing_written_holds_the_role(suite: Suite, serve: Serve) -> None:
    """Neither the role, the account nor the credentials are in any file of a run."""
    fault = ScriptedFault(name="AccessDeniedException", message=f"{ROLE} may not")
    serve(Rule(operation="ModelInvocationJob", contains="question 03.", fault=fault))
    suite.rows(golden(20))
    suite.tests()
    suite.migrate(*BATCH, "--migration-answers", "fresh")
    written = [path for path in (suite.path / ".llm-migrate").rglob("*") if path.is_file()]
    assert {"results.json", "report.html", "answers.sqlite"} <= {path.name for path in written}
    for path in written:
        content = path.read_bytes()
        assert b"planted-batch-role" not in content, path
        assert ACCOUNT.encode() not in content, path


def test_failed_records_are_called_one_by_one(suite: Suite, serve: Serve) -> None:
    """Records that fail in a job get their answers by calls; the run is as good as any."""
    fault = ScriptedFault(name="ThrottlingException", each=True)
    rules = [Rule(operation="ModelInvocationJob", contains=f"question 0{number}.", fault=fault) for number in (3, 7)]
    endpoint = serve(*rules)
    suite.rows(golden(20))
    suite.tests()
    suite.migrate(*BATCH, "--migration-latency-rows", "0").assert_outcomes(passed=21)
    assert (made(endpoint), called(endpoint)) == (2, 4)
    assert suite.results["spending"]["failed_calls"] == {"throttled": 4}


def test_few_rows_are_called_one_by_one(suite: Suite, serve: Serve) -> None:
    """Fewer rows than a job takes need neither files nor jobs."""
    endpoint = serve()
    suite.rows(golden(5))
    suite.tests()
    result = suite.migrate(*BATCH, "--migration-latency-rows", "0")
    assert (made(endpoint), made(endpoint, "PutObject"), called(endpoint)) == (0, 0, 10)
    result.stdout.fnmatch_lines([f"*5 records for {TARGET}, and a batch job takes 10 or more: called one by one"])


def test_the_services_own_minimum_counts(suite: Suite, serve: Serve) -> None:
    """Where the service asks for more records than most models do, rows are called one by one."""
    endpoint = serve(minimum=1000)
    suite.rows(golden(20))
    suite.tests()
    suite.migrate(*BATCH, "--migration-latency-rows", "0").assert_outcomes(passed=21)
    assert called(endpoint) == 40


def test_two_workers_share_a_job(suite: Suite, serve: Serve) -> None:
    """Under ``-n 2`` one worker starts and reads each side's job, and both have the answers."""
    endpoint = serve(duration=0.5)
    suite.rows(golden(120))
    suite.tests()
    suite.migrate(*BATCH, "--migration-latency-rows", "0", "-n2").assert_outcomes(passed=121)
    assert (made(endpoint), called(endpoint)) == (2, 0)
    assert suite.results["spending"]["calls"] == 240


def test_a_budget_that_does_not_hold_a_job(suite: Suite, serve: Serve) -> None:
    """Nothing is started that the budget does not hold; rows are not run, and no row is failed."""
    endpoint = serve()
    suite.rows(golden(20))
    suite.tests()
    suite.file("prices.yaml", PRICES)
    suite.migrate(
        *BATCH, "--migration-latency-rows", "0", "--migration-prices", "prices.yaml", "--migration-max-cost", "50"
    )
    assert (made(endpoint), called(endpoint)) == (0, 0)
    assert suite.migration["row_tests"].get("failed", 0) == 0
    assert suite.results["spending"]["calls"] == 0


def command() -> list[str]:
    """Return a command for a process of its own."""
    models = ("--source-model", SOURCE, "--target-model", TARGET, "--prompt-strategy", "identity")
    return [sys.executable, "-m", "pytest", *models, *BATCH, "--migration-latency-rows", "0"]


def started(suite: Suite) -> int:
    """Return how many jobs have their id in the store."""
    path = suite.path / ".llm-migrate" / "answers.sqlite"
    if not path.exists():
        return 0
    try:
        with sqlite3.connect(path) as database:
            return int(database.execute("SELECT count(*) FROM jobs WHERE id IS NOT NULL").fetchone()[0])
    except sqlite3.OperationalError:  # not made yet
        return 0


def wait_for_jobs(suite: Suite, process: subprocess.Popen[str]) -> None:
    """Wait until both sides' jobs are noted."""
    deadline = time.monotonic() + 30
    while started(suite) < 2:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_killed_run_joins_its_jobs(suite: Suite, serve: Serve) -> None:
    """After ``kill -9`` while waiting the same command reads the jobs that run: no second one is paid."""
    endpoint = serve(duration=3.0)
    suite.rows(golden(100))
    suite.tests(ROWS_AND_GATE)
    killed = subprocess.Popen(command(), cwd=suite.path, stdout=subprocess.PIPE, text=True, start_new_session=True)
    wait_for_jobs(suite, killed)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    again = subprocess.run(command(), cwd=suite.path, capture_output=True, text=True, check=False)
    assert again.returncode == pytest.ExitCode.OK, again.stdout
    assert (made(endpoint), called(endpoint)) == (2, 0)
    assert again.stdout.count("was started before: joined") == 2
    assert suite.migration["row_tests"]["passed"] == 100
    assert suite.results["spending"]["calls"] == 200
    assert suite.results["unknown_calls"] == []


def test_ctrl_c_leaves_the_jobs(suite: Suite, serve: Serve) -> None:
    """An interrupted run says that its jobs go on, and the same command joins them."""
    endpoint = serve(duration=3.0)
    suite.rows(golden(100))
    suite.tests(ROWS_AND_GATE)
    interrupted = subprocess.Popen(command(), cwd=suite.path, stdout=subprocess.PIPE, text=True)
    wait_for_jobs(suite, interrupted)
    interrupted.send_signal(signal.SIGINT)
    said, _ = interrupted.communicate(timeout=30)
    assert interrupted.returncode == pytest.ExitCode.INTERRUPTED
    assert "llm-migrate: 2 batch jobs go on at AWS; the same command joins what runs" in said
    again = subprocess.run(command(), cwd=suite.path, capture_output=True, text=True, check=False)
    assert again.returncode == pytest.ExitCode.OK, again.stdout
    assert (made(endpoint), called(endpoint)) == (2, 0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            (),
            f"ERROR: {NEEDS} --migration-batch-s3 s3://BUCKET/PREFIX and --migration-batch-role ARN",
        ),
        (("--migration-batch-s3", FOLDER), f"ERROR: {NEEDS} --migration-batch-role ARN"),
        (
            ("--migration-batch-role", ROLE),
            f"ERROR: {NEEDS} --migration-batch-s3 s3://BUCKET/PREFIX",
        ),
    ],
)
def test_batch_needs_a_place_and_a_role(suite: Suite, serve: Serve, options: tuple[str, ...], said: str) -> None:
    """What is missing is named before anything is called."""
    endpoint = serve()
    result = suite.migrate("--migration-execution", "batch", *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in result.errlines
    assert endpoint.calls == ()


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--migration-execution", "bulk", "--migration-execution takes one of single, batch; got 'bulk'"),
        ("--migration-batch-s3", "bucket/prefix", "takes a folder in S3, such as s3://bucket/prefix, got 'bucket/p"),
        ("--migration-batch-s3", "s3://B", "takes a folder in S3, such as s3://bucket/prefix, got 's3://B'"),
        ("--migration-batch-role", "admin", "takes an IAM role's ARN, such as arn:aws:iam::...:role/NAME, got 'admin'"),
        (
            "--migration-batch-role",
            f"arn:aws:iam::{ACCOUNT}:user/me",
            "takes an IAM role's ARN, such as arn:aws:iam::...:role/NAME, got 'arn:aws:iam::<account>:user/me'",
        ),
    ],
)
def test_a_value_of_another_shape_is_named(suite: Suite, option: str, value: str, said: str) -> None:
    """A folder, a role or a way that is none is a usage error that says what it should be."""
    result = suite.migrate(option, value)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in " ".join(result.errlines)


def test_the_ini_file_sets_them_too(suite: Suite, serve: Serve) -> None:
    """All three are ini options as well."""
    endpoint = serve()
    suite.rows(golden(20))
    suite.tests()
    suite.ini(f"migration_execution = batch\nmigration_batch_s3 = {FOLDER}/\nmigration_batch_role = {ROLE}\n")
    suite.migrate("--migration-latency-rows", "0").assert_outcomes(passed=21)
    assert (made(endpoint), called(endpoint)) == (2, 0)


def test_records_hold_what_a_call_would(suite: Suite, serve: Serve) -> None:
    """Stored batch answers serve later runs of either kind."""
    endpoint = serve()
    suite.rows(golden(20))
    suite.tests()
    suite.migrate(*BATCH, "--migration-latency-rows", "0")
    suite.migrate("--migration-latency-rows", "0").assert_outcomes(passed=21)
    assert called(endpoint) == 0
    assert json.loads(json.dumps(suite.migration["cached"])) == {"source": 20, "target": 20}
