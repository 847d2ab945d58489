"""What a run says of DeepEval's own pytest plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugin.suite import golden

if TYPE_CHECKING:
    from tests.plugin.suite import Suite

STAND_IN = """
import types

def pytest_configure(config):
    config.pluginmanager.register(types.ModuleType("stand_in"), "deepeval")
"""
"""A plugin of DeepEval's name, without its weight."""
COST = (
    "llm-migrate: DeepEval's pytest plugin is loaded: some 2 s of imports a process, and it reads .env files. "
    "Its metrics work without: addopts = -p no:deepeval"
)
UPLOAD = "llm-migrate: CONFIDENT_API_KEY is set: what DeepEval itself evaluates is uploaded; unset it"


@pytest.fixture
def standing_in(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Options that load the stand-in, in a suite of recorded answers."""
    suite.rows(golden(4))
    suite.tests()
    suite.file("standing_in.py", STAND_IN)
    monkeypatch.syspath_prepend(str(suite.path))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:cacheprovider -p pytest_llm_migrate.plugin.hooks -p standing_in")
    monkeypatch.delenv("CONFIDENT_API_KEY", raising=False)
    return ("--target-model", "recorded")


def notices(result: pytest.RunResult) -> list[str]:
    """Return what the header says of it."""
    return [line for line in result.outlines if line.startswith("llm-migrate:")]


def test_a_loaded_plugin_and_what_it_costs_are_said_once(suite: Suite, standing_in: tuple[str, ...]) -> None:
    """With the way to do without it."""
    assert notices(suite.run(*standing_in)) == [COST]


def test_a_key_that_uploads_results_is_said(
    suite: Suite, standing_in: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Golden data must not leave unnoticed."""
    monkeypatch.setenv("CONFIDENT_API_KEY", "key")
    assert notices(suite.run(*standing_in)) == [COST, UPLOAD]


@pytest.mark.usefixtures("standing_in")
def test_a_run_without_migrations_hears_nothing(suite: Suite) -> None:
    """What other plugins cost is none of our business there."""
    assert notices(suite.run()) == []


def test_a_plugin_that_is_turned_off_is_not_mentioned(suite: Suite) -> None:
    """A suite that did as it was told hears no more of it."""
    suite.rows(golden(4))
    suite.tests()
    assert notices(suite.judge()) == []
