"""The commit that a run is of, and what is not committed."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from pytest_llm_migrate.plugin.commit import commit_of
from tests.plugin.suite import golden
from tests.report.test_schemas import validator

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.plugin.suite import Suite

ROWS_ONLY = """
    import pytest

    @pytest.mark.migration("rows.csv", prompt="triage", metrics=["exact_match"])
    def test_row(case):
        pass
"""


def git(folder: Path, *arguments: str) -> None:
    """Run git as somebody."""
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)  # noqa: S607 - a fixed command


def committed(folder: Path) -> None:
    """Make a repository in which everything is committed."""
    for arguments in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "-m", "all")):
        git(folder, *arguments)


def test_a_run_of_uncommitted_files_says_so(suite: Suite) -> None:
    """Its own folder is no change to what was judged; an edited dataset is one, wherever the commit is shown."""
    suite.rows(golden(4))
    suite.tests(ROWS_ONLY)
    committed(suite.path)
    suite.judge()
    suite.judge()
    run = suite.results["run"]
    assert (len(run["git_commit"]), run["git_uncommitted"]) == (40, False)
    assert "uncommitted" not in (suite.folder / "report.html").read_text("utf-8")
    suite.rows(golden(5))
    suite.judge()
    assert (suite.results["run"]["git_commit"], suite.results["run"]["git_uncommitted"]) == (run["git_commit"], True)
    validator("results").validate(suite.results)
    page = (suite.folder / "report.html").read_text("utf-8")
    assert f"{run['git_commit'][:12]}, with uncommitted changes" in page
    assert f"{run['git_commit']}, with uncommitted changes" in page


def test_a_new_file_counts_and_bytecode_does_not(tmp_path: Path) -> None:
    """A prompt that nobody committed decides a run; what Python leaves does not."""
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "test_it.py").touch()
    committed(tmp_path)
    for cache in (tmp_path / "__pycache__", tmp_path / "suite" / "__pycache__"):
        cache.mkdir()
        (cache / "it.pyc").touch()
    kept = tmp_path / "suite" / "kept [1]"
    kept.mkdir()
    (kept / "answers.sqlite").touch()
    assert commit_of(tmp_path / "suite", apart_from=kept)["git_uncommitted"] is False
    (tmp_path / "suite" / "new.prompt.yaml").touch()
    assert commit_of(tmp_path / "suite", apart_from=kept)["git_uncommitted"] is True


def test_without_git_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a folder outside of any repository nor a machine without git keeps a run from its record."""
    nothing = {"git_commit": None, "git_uncommitted": None}
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit_of(tmp_path, apart_from=tmp_path / "kept") == nothing
    (tmp_path / "rows.csv").touch()
    committed(tmp_path)
    assert commit_of(tmp_path, apart_from=tmp_path / "kept")["git_uncommitted"] is False
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit_of(tmp_path, apart_from=tmp_path / "kept") == nothing


def test_git_that_takes_too_long_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree on a slow disk leaves the question open, and the run's record is written."""
    slow = tmp_path / "git"
    slow.write_text("#!/bin/sh\ncase $1 in rev-parse) echo abc;; *) exec /bin/sleep 20;; esac\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("pytest_llm_migrate.plugin.commit._PATIENCE", 0.5)
    assert commit_of(tmp_path, apart_from=tmp_path) == {"git_commit": "abc", "git_uncommitted": None}
