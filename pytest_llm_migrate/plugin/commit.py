"""The commit that a run's files are of, and whether they are those that were committed."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE = 3.0
"""Seconds after which git is not waited for: a run's end must not hang on a large or a remote tree."""
_BYTECODE = ":(exclude,top,glob)**/__pycache__/**"


def commit_of(folder: Path, *, apart_from: Path) -> dict[str, str | bool | None]:
    """Return ``git_commit`` and ``git_uncommitted`` of the repository that a folder lies in, for the record of a run.

    The first is ``None`` without git or a commit, the second where git does not say in time. Files that are new count,
    but neither bytecode nor those in the folder ``apart_from``, which the run itself writes.
    """
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        return {"git_commit": None, "git_uncommitted": None}
    own = [f":(exclude,literal){apart_from.relative_to(folder)}"] if apart_from.is_relative_to(folder) else []
    changed = _git(folder, "--no-optional-locks", "status", "--porcelain", "--", ":/", _BYTECODE, *own)
    return {"git_commit": commit, "git_uncommitted": None if changed is None else bool(changed)}


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what git says, ``None`` where there is no git, it fails, or it takes too long."""
    git = shutil.which("git")
    if git is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            [git, *arguments], cwd=folder, capture_output=True, check=False, timeout=_PATIENCE, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else done.stdout.decode("utf-8", "replace").strip()
