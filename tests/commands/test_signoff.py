"""The commands ``sign``, ``verify`` and ``report``, as a user runs them."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.__main__ import main
from pytest_llm_migrate.commands.sign import expiry
from tests.signoff.stored import person, records, store
from tests.signoff.test_signing import PKCS8, key_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SUBJECT = records()[0]["migrations"][0]["name"]
SAID = ("--name", "A. Meyer", "--role", "release manager", "--reason", "Gates hold.", "--migration", SUBJECT)
APPROVE = ("--decision", "approve")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody may change."""
    return store(tmp_path_factory.mktemp("stored") / "run")


@pytest.fixture
def run(stored: Path, tmp_path: Path) -> Path:
    """A copy of the run, where a run would be, with a key and the list of those that count beside."""
    folder = tmp_path / ".llm-migrate" / "runs" / "20261121-093012-1f3a"
    shutil.copytree(stored, folder)
    key_file(tmp_path)
    (tmp_path / "allowed_signers").write_text(person().line)
    return folder


def module(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the module in a process of its own."""
    command = [sys.executable, "-m", "pytest_llm_migrate", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_run_is_signed_and_verified_on_the_command_line(run: Path, tmp_path: Path) -> None:
    """What is signed is filed twice and verifies; one row that changed does not, and is named."""
    named = str(run.relative_to(tmp_path))
    signed = module(tmp_path, "sign", named, *SAID, *APPROVE, "--key", "key")
    assert (signed.returncode, signed.stderr) == (0, "")
    assert f"A. Meyer: approve {SUBJECT} for " in signed.stdout
    assert person().line.split(None, 1)[1].strip() in signed.stdout
    assert "PRIVATE" not in signed.stdout
    (copied,) = (tmp_path / "signoffs").glob("*.json")
    assert copied.read_bytes() == (run / "signatures" / "1.json").read_bytes()
    verified = module(tmp_path, "verify", named, "--trusted", "allowed_signers")
    assert (verified.returncode, verified.stderr) == (0, "")
    lines = verified.stdout.splitlines()
    assert lines[0] == f"VERIFIED: run {run.name}"
    assert "nothing changed since the run ended" in lines
    assert "  key SHA256:" in verified.stdout
    assert f", {person().name}\n" in verified.stdout
    content = (run / "rows.jsonl").read_bytes()
    (run / "rows.jsonl").write_bytes(content.replace(b'"text": "', b'"text": "!', 1))
    verified = module(tmp_path, "verify", named)
    assert verified.returncode == 1
    sample_id = records()[1][0]["sample_id"]
    assert verified.stdout.startswith("NOT VERIFIED: run ")
    assert f"rows.jsonl: row {sample_id!r}" in verified.stdout
    assert max(map(len, verified.stdout.splitlines())) <= 80


def called(capsys: pytest.CaptureFixture[str], arguments: Sequence[object]) -> tuple[int, str]:
    """Run a command in this process, and return its exit status and what it said."""
    status = main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return status, said.out + said.err


def test_json_has_all_that_was_found_out(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Changes by file and row, and where each sign-off stands, for a machine."""
    called(capsys, ["sign", run, *SAID, *APPROVE, "--key", tmp_path / "key"])
    (run / "summary.md").write_text("GO")
    status, said = called(capsys, ["verify", run, "--json"])
    record = json.loads(said)
    assert (status, record["holds"], record["keys_checked"]) == (1, False, False)
    (change,), (signoff,) = record["changes"], record["signoffs"]
    assert (change["kind"], change["file"], change["sample_id"]) == ("changed", "summary.md", None)
    assert (signoff["state"], signoff["name"], signoff["decision"]) == ("valid", "A. Meyer", "approve")


def test_what_is_shown_is_a_text_and_no_escape(run: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Names and reasons cannot move a cursor, and are wrapped at 80 columns."""
    hostile = ["--name", "\x1b[2JEve", "--role", "x", "--reason", "why " * 60, "--migration", SUBJECT]
    _, said = called(capsys, ["sign", run, *hostile, *APPROVE, "--key", tmp_path / "key"])
    assert "\x1b" not in said
    status, said = called(capsys, ["verify", run])
    assert status == 0
    assert "\x1b" not in said
    assert r"\x1b[2JEve" in said
    assert "whose keys these are was not checked" in " ".join(said.split())
    assert max(map(len, said.splitlines())) <= 80


def test_a_recorded_decision_is_called_so(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a signature the command says what that is worth, and the run does not verify."""
    status, said = called(capsys, ["sign", run, *SAID, *APPROVE, "--unsigned"])
    assert (status, "recorded only" in said) == (0, True)
    status, said = called(capsys, ["verify", run])
    assert status == 1
    assert "RECORDED" in said
    assert "nobody signed this run" in said


def test_a_run_that_was_carried_elsewhere_leaves_its_copy_where_it_is_told(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a run outside its folder nobody knows where sign-offs belong: only --signoffs files a copy."""
    moved = run.rename(tmp_path / "artifact")
    key_file(tmp_path, PKCS8)
    _, said = called(capsys, ["sign", moved, *SAID, *APPROVE, "--key", tmp_path / "key"])
    assert said.count("filed in") == 1
    _, said = called(
        capsys, ["sign", moved, *SAID, *APPROVE, "--key", tmp_path / "key", "--signoffs", tmp_path / "here"]
    )
    assert said.count("filed in") == 2
    assert len(list((tmp_path / "here").iterdir())) == 1


def test_what_cannot_be_done_is_one_sentence(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that is no run, and a decision that does not fit, end in one line and status 1."""
    status, said = called(capsys, ["verify", tmp_path])
    assert (status, said.count("\n")) == (1, 1)
    assert said.startswith(f"llm-migrate: cannot use {tmp_path}: it has no evidence.json")
    status, said = called(capsys, ["sign", run, *SAID, *APPROVE, "--conditions", "x", "--key", tmp_path / "key"])
    assert (status, said.count("\n")) == (1, 1)


def test_a_stored_run_is_rendered_beside_its_evidence(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page comes out the same, the evidence stays whole, and --redact leaves the texts out."""
    assert called(capsys, ["report", run])[0] == 0
    assert (run / "rendered" / "report.html").read_bytes() == (run / "report.html").read_bytes()
    status, said = called(capsys, ["report", run, "--redact", "--out", run.parent / "shown"])
    written = sorted(path.name for path in (run.parent / "shown").iterdir())
    assert (status, sorted(line.rpartition("/")[2] for line in said.splitlines())) == (0, written)
    assert "redacted edition" in (run.parent / "shown" / "report.redacted.html").read_text("utf-8")
    assert "nothing changed" in called(capsys, ["verify", run])[1]


def test_an_expiry_is_a_day_or_a_number_of_days() -> None:
    """A day counts to its end in UTC."""
    assert expiry("2027-01-31") == dt.datetime(2027, 1, 31, 23, 59, 59, tzinfo=dt.UTC)
    assert abs(expiry("30") - dt.datetime.now(tz=dt.UTC) - dt.timedelta(days=30)) < dt.timedelta(minutes=1)
    for text in ("soon", "9" * 12, "-3"):
        with pytest.raises(argparse.ArgumentTypeError, match="takes a day such as 2027-01-31 or a number of days"):
            expiry(text)
