"""A stored run for each test."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.signoff.stored import store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody may change."""
    return store(tmp_path_factory.mktemp("stored") / "run")


@pytest.fixture
def run(stored: Path, tmp_path: Path) -> Path:
    """A copy of the run, where a run would be."""
    folder = tmp_path / ".llm-migrate" / "runs" / "20261121-093012-1f3a"
    shutil.copytree(stored, folder)
    return folder
