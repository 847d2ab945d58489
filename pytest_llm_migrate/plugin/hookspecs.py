"""The hooks that a conftest or a package may implement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_llm_migrate.domain import Metric, PriceList, Provider, Strategy

# mypy: disable-error-code="empty-body"


@pytest.hookspec
def pytest_llm_migrate_models(config: pytest.Config) -> Iterable[Provider]:
    """Return providers of models, one a scheme; called once per process."""


@pytest.hookspec
def pytest_llm_migrate_metrics(config: pytest.Config) -> Iterable[Metric | Callable[..., Any]]:
    """Return metrics, or functions ``f(answer, row)``, that markers may name; called once per process."""


@pytest.hookspec
def pytest_llm_migrate_strategies(config: pytest.Config) -> Iterable[Strategy]:
    """Return strategies that ``--migrate-prompts`` may name; called once per process, where prompts are migrated."""


@pytest.hookspec(firstresult=True)
def pytest_llm_migrate_prices(config: pytest.Config) -> PriceList | None:
    """Return the price list to use; called once per process when --migration-prices is not given."""


@pytest.hookspec
def pytest_llm_migrate_verdict(config: pytest.Config, migration: Mapping[str, Any]) -> None:
    """Called once for each judged migration, with its record, after the tests and before the reports are written."""


@pytest.hookspec
def pytest_llm_migrate_report_sections(
    config: pytest.Config, results: Mapping[str, Any]
) -> Iterable[Mapping[str, Any]]:
    """Return sections for the report, as data: ``{"title": ..., "text": ...}`` or ``{"title", "columns", "rows"}``."""
