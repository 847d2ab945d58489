"""``python -m pytest_llm_migrate evaluations``: a run's answers as datasets, and jobs for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.__main__ import main
from pytest_llm_migrate.metrics.evaluation_files import read_manifest

if TYPE_CHECKING:
    from pathlib import Path

ROLE = "arn:aws:iam::123456789012:role/evaluations"
CREATE = ("--s3", "s3://bucket/tests", "--role", ROLE, "--evaluator-model", "us.amazon.nova-pro-v1:0")


def stored_run(folder: Path, *names: str) -> Path:
    """Write what a run of these migrations leaves."""
    migrations: list[dict[str, Any]] = [
        {
            "id": f"test_x.py::{place}",
            "name": name,
            "slices": ["channel"],
            "source": {"ref": "recorded"},
            "target": {"ref": "us.amazon.nova-lite-v1:0"},
        }
        for place, name in enumerate(names)
    ]
    rows = [_row(item["id"], place) for item in migrations for place in range(3)]
    (folder / "results.json").write_text(json.dumps({"run": {"id": "run-1"}, "migrations": migrations}), "utf-8")
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder


def _row(migration: str, place: int) -> dict[str, Any]:
    target = {"error": {"kind": "throttled", "message": "slow"}} if place == 1 else {"text": f"target {place}"}
    return {
        "migration": migration,
        "sample_id": f"r{place}",
        "inputs": {"question": f"question {place}", "content": ["one", "two"]} if place else {"question": "alone"},
        "reference": ["yes", "ja"] if place else None,
        "slices": {"channel": "mail"},
        "source": {"text": f"source {place}"},
        "target": target,
    }


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run the command and return what it says."""
    status = main(["evaluations", *arguments])
    out, err = capsys.readouterr()
    assert bool(err) == bool(status)
    return out or err


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a dataset."""
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


def test_a_run_becomes_a_dataset_a_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each line has what was asked, the ground truth, the group and one answer under the job's one identifier."""
    out = tmp_path / "made" / "triage"
    text = said(capsys, "export", str(stored_run(tmp_path, "triage")), "--out", str(out))
    assert text.splitlines() == [
        "source: 3 answers",
        "target: 2 answers, 1 without a text left out",
        f"{out / 'source.jsonl'}: 3 prompts",
        f"{out / 'target.jsonl'}: 2 prompts",
    ]
    alone, last = lines(out / "target.jsonl")
    assert alone == {
        "prompt": "alone",
        "category": "mail",
        "modelResponses": [{"response": "target 0", "modelIdentifier": "target-us.amazon.nova-lite-v1-0"}],
    }
    assert last["prompt"] == "question: question 2\n\ncontent: [1] one\n\n[2] two"
    assert last["referenceResponse"] == "yes or ja"
    assert [file.identifier for file in read_manifest(out)] == ["source-recorded", "target-us.amazon.nova-lite-v1-0"]


def test_one_of_several_migrations_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run of several says which there are; names and ids both do."""
    run, out = str(stored_run(tmp_path, "triage", "answers")), str(tmp_path / "out")
    assert "Name one with --migration: test_x.py::0, test_x.py::1." in said(capsys, "export", run, "--out", out)
    assert "unknown migration 'other'" in said(capsys, "export", run, "--out", out, "--migration", "other")
    for name in ("answers", "test_x.py::1"):
        assert "source: 3 answers" in said(capsys, "export", run, "--out", out, "--migration", name)


def test_a_folder_of_no_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without records there is nothing to export, and a place that cannot be written is named."""
    assert "results.json" in said(capsys, "export", str(tmp_path), "--out", str(tmp_path / "out"))
    run = stored_run(tmp_path, "triage")
    assert "Not a directory" in said(capsys, "export", str(run), "--out", str(run / "results.json" / "out"))


def test_requests_are_shown_without_a_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With ``--dry-run`` both jobs' requests are printed, checked."""
    out = tmp_path / "out"
    said(capsys, "export", str(stored_run(tmp_path, "triage")), "--out", str(out))
    text = said(
        capsys, "create", str(out), *CREATE, "--metric", "Correctness", "--metric", "Builtin.Refusal", "--dry-run"
    )
    assert text.count('"clientRequestToken"') == 2
    assert text.count('"Builtin.Refusal"') == 2
    assert '"s3Uri": "s3://bucket/tests/source.jsonl"' in text


@pytest.mark.parametrize(
    ("more", "fault"),
    [(("--metric", "Corectness"), "Did you mean 'Correctness'?"), (("--role", "mine"), "roleArn does not match")],
)
def test_wrong_settings_are_named_before_a_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], fault: str
) -> None:
    """A metric that there is not, or a request that the service would refuse, ends the command."""
    out = tmp_path / "out"
    said(capsys, "export", str(stored_run(tmp_path, "triage")), "--out", str(out))
    assert fault in said(capsys, "create", str(out), *CREATE, *more)


def test_jobs_are_started_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each dataset has its job, and the way to its output is printed."""
    out = tmp_path / "out"
    said(capsys, "export", str(stored_run(tmp_path, "triage")), "--out", str(out))
    monkeypatch.setattr("pytest_llm_migrate.models.evaluations.start_job", lambda job, _: f"id-{job.identifier}")
    text = said(capsys, "create", str(out), *CREATE)
    assert "source.jsonl: evaluation job id-source-recorded (out-source-" in text
    assert text.endswith(f"once they ended: aws s3 sync s3://bucket/tests/output {out / 'output'}\n")


def test_help_tells_the_whole_way(capsys: pytest.CaptureFixture[str]) -> None:
    """From export to the metric in the marker, in order."""
    with pytest.raises(SystemExit):
        main(["evaluations", "--help"])
    text = capsys.readouterr().out
    places = [
        text.index(step) for step in ("export RUN --out", "create DIR --s3", "aws s3 sync", "bedrock_evaluations(")
    ]
    assert places == sorted(places)
