"""The names that the plugin's parts share: the marker, and the keys of its state in pytest's stashes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_llm_migrate.migration.looks import Look
    from pytest_llm_migrate.migration.migration import Migration
    from pytest_llm_migrate.migration.redraws import Redraws
    from pytest_llm_migrate.migration.settings import Settings
    from pytest_llm_migrate.plugin.outcomes import Outcomes
    from pytest_llm_migrate.plugin.run import Run

MARKER = "migration"
SIGNATURE = (
    "migration(dataset, *, prompt=None, metrics=(), slices=(), columns=None, pipeline=None, split=None, "
    "row_failures='fail', weight=None, cluster=None, critical=None): judge a migration on the rows of a golden dataset"
)
SETTINGS: pytest.StashKey[Settings] = pytest.StashKey()
RUN: pytest.StashKey[Run] = pytest.StashKey()
OUTCOMES: pytest.StashKey[Outcomes] = pytest.StashKey()
RESULTS: pytest.StashKey[dict[str, Any]] = pytest.StashKey()
ROWS: pytest.StashKey[list[dict[str, Any]]] = pytest.StashKey()
"""On the config: the lines of ``rows.jsonl``, until the verdicts are printed."""
NOT_REWRITTEN: pytest.StashKey[list[dict[str, Any]]] = pytest.StashKey()
REWRITES: pytest.StashKey[list[dict[str, Any]]] = pytest.StashKey()
"""On the config: what became of the prompts that were rewritten."""
UNWRITTEN: pytest.StashKey[str] = pytest.StashKey()
"""On the config: why not all that a run leaves could be written."""
INTERRUPTED: pytest.StashKey[bool] = pytest.StashKey()
"""On the config: the run was interrupted after its first call."""
TEST: pytest.StashKey[pytest.Item] = pytest.StashKey()
"""On the config: the test that is running."""
REDRAWS: pytest.StashKey[dict[str, Redraws]] = pytest.StashKey()
"""On the config: what a self-test draws from, by migration."""
LOOKS: pytest.StashKey[dict[str, list[Look]]] = pytest.StashKey()
"""On the config: the looks of every migration whose gates may stop early."""
LOOKED: pytest.StashKey[set[str]] = pytest.StashKey()
"""On the config: those of them of which a gate has looked at rows."""
MIGRATION: pytest.StashKey[Migration | None] = pytest.StashKey()
"""On an item: the migration it belongs to."""
SEEN: pytest.StashKey[dict[str, Any]] = pytest.StashKey()
"""On an item: what its fixtures and its test saw, as builtins, for its reports."""
