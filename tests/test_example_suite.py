"""The example suite, run as a newcomer runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from pytest_llm_migrate.models.endpoint import Endpoint, Reply, Script, ScriptedEngine

ROOT = Path(__file__).parents[1]
USE_CASES = {"call_summaries", "judged_answers", "order_extraction", "policy_questions", "ticket_triage"}
SOURCE, TARGET = "anthropic.claude-3-haiku-20240307-v1:0", "us.amazon.nova-lite-v1:0"
JUDGE = "us.amazon.nova-pro-v1:0"


def run_suite(folder: Path, *arguments: str, **environment: str) -> tuple[int, str, dict[str, Any]]:
    """Return the exit code, the output and the results of one run without any AWS setting but those given."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "example_suite", "--migration-dir", str(folder), *arguments]
    settings = inherited | {"AWS_EC2_METADATA_DISABLED": "true", "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    done = subprocess.run(
        command, cwd=ROOT, env=settings | environment, capture_output=True, encoding="utf-8", check=False
    )
    results = next(folder.glob("runs/*/results.json"), None)
    return done.returncode, done.stdout, json.loads(results.read_text("utf-8")) if results else {}


def test_every_use_case_is_judged_without_a_call(tmp_path: Path) -> None:
    """Recorded answers are replayed: every row is there, every use case has a verdict, and nothing is called."""
    code, output, results = run_suite(tmp_path, "--migration-answers", "replay")
    assert code in {0, 1}, output
    assert {migration["name"] for migration in results["migrations"]} == USE_CASES
    assert all(migration["verdict"] for migration in results["migrations"])
    assert all(
        migration["errors"] == {"source": 0, "target": 0, "kinds": {"source": {}, "target": {}}}
        for migration in results["migrations"]
    )
    assert results["spending"]["calls"] == 0
    assert "llm migration" in output
    assert "report.html" in output


def test_small_judge_is_shown_to_be_none(tmp_path: Path) -> None:
    """A local model has judged every answer that a person rated, in verdicts of one schema, and is no judge for it."""
    _, _, results = run_suite(tmp_path, "--migration-answers", "replay", "-k", "judged_answers")
    (migration,) = results["migrations"]
    assert migration["judges"] == ["local:smollm2-135m"]
    assert migration["metrics"]["says_the_same"]["failures"] == {"source": 0, "target": 0}
    (certificate,) = migration["certificates"]["says_the_same"]
    assert (certificate["answers"], certificate["rows"]) == (48, 24)
    assert certificate["kappa"]["interval"][1] < 0.6
    assert certificate["caution"].startswith("The judge behind it is not shown to agree with people: kappa 0.")
    assert any(warning.startswith("the judge is the source model itself") for warning in migration["warnings"])
    (report,) = tmp_path.glob("runs/*/report.html")
    assert certificate["caution"] in report.read_text("utf-8")


def test_same_suite_runs_against_bedrock(tmp_path: Path) -> None:
    """Model ids are all it takes: the same rows go over Bedrock's wire, to the prompts filed for those models."""
    with Endpoint(ScriptedEngine(Script(default=Reply(text="billing")))) as endpoint:
        code, output, results = run_suite(
            tmp_path,
            *("--source-model", SOURCE, "--target-model", TARGET, "--judge-model", JUDGE, "--migration-sample", "3"),
            AWS_ENDPOINT_URL_BEDROCK_RUNTIME=endpoint.url,
            AWS_ACCESS_KEY_ID="key",
            AWS_SECRET_ACCESS_KEY="secret",  # noqa: S106 - the endpoint takes any
            AWS_DEFAULT_REGION="us-east-1",
        )
        asked = [call.model for call in endpoint.calls]
    assert code == 1, output
    # Judged answers are among those to policy questions: the same on both sides here, and twice no verdict.
    assert sorted(asked) == sorted([SOURCE, TARGET] * 3 * (len(USE_CASES) - 1) + [JUDGE] * 3 * 2)
    assert {migration["target"]["ref"] for migration in results["migrations"]} == {TARGET}
    assert results["spending"]["calls"] == len(asked)
