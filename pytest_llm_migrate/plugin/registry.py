"""What is registered: built-ins and third parties through the same hooks, one owner a name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.errors import MetricDefinitionError, TwoOwnersError
from pytest_llm_migrate.plugin.progress import DownloadProgress

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.domain import Metric, PriceList, Provider, Strategy


class Builtins:
    """The plugin's own metrics and providers, registered like anybody's."""

    @pytest.hookimpl
    def pytest_llm_migrate_models(self, config: pytest.Config) -> Iterable[Provider]:
        """Return Bedrock, SageMaker, OpenAI-compatible servers and the local models."""
        from pytest_llm_migrate.models import BedrockProvider, LocalProvider, OpenAIProvider, SageMakerProvider

        reporter = config.pluginmanager.get_plugin("terminalreporter")
        progress = DownloadProgress(reporter.write_line) if reporter else None
        return [BedrockProvider(), SageMakerProvider(), OpenAIProvider(), LocalProvider(progress=progress)]

    @pytest.hookimpl
    def pytest_llm_migrate_metrics(self) -> Iterable[Metric]:
        """Return the metrics of this package."""
        from pytest_llm_migrate.metrics import builtins

        return builtins()

    @pytest.hookimpl
    def pytest_llm_migrate_strategies(self) -> Iterable[Strategy]:
        """Return the strategies of this package."""
        from pytest_llm_migrate.strategies import builtins

        return builtins()

    @pytest.hookimpl(trylast=True)
    def pytest_llm_migrate_prices(self) -> PriceList:
        """Return the bundled price list, unless somebody else has one."""
        from pytest_llm_migrate.pricing import BundledPrices

        return BundledPrices()


def metrics_of(config: pytest.Config) -> dict[str, Metric]:
    """Return every registered metric by name; a function becomes a metric of its own name."""
    from pytest_llm_migrate.domain import Metric
    from pytest_llm_migrate.metrics import function_metric

    answered: list[Any] = config.hook.pytest_llm_migrate_metrics(config=config)
    for items in answered:
        if isinstance(items, str) or not isinstance(items, Iterable):
            fault = "it is what a hook pytest_llm_migrate_metrics returned, and no list"
            raise MetricDefinitionError(repr(items), fault, "Return one: return [...].")
    given = [item for items in answered for item in items]
    found = [item if isinstance(item, Metric) else function_metric(item) for item in given]
    return _by_name("metric", found, lambda metric: metric.name)


def strategies_of(config: pytest.Config) -> dict[str, Strategy]:
    """Return every registered strategy by name."""
    given = [item for items in config.hook.pytest_llm_migrate_strategies(config=config) for item in items]
    return _by_name("strategy", given, lambda strategy: strategy.name)


def providers_of(config: pytest.Config) -> dict[str, Provider]:
    """Return every registered provider by its scheme."""
    found = [item for given in config.hook.pytest_llm_migrate_models(config=config) for item in given]
    return _by_name("model scheme", found, lambda provider: provider.scheme)


def _by_name(kind: str, items: Iterable[Any], name_of: Callable[[Any], str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in items:
        name = name_of(item)
        if name in found:
            raise TwoOwnersError(kind, name, _owner(found[name]), _owner(item))
        found[name] = item
    return found


def _owner(item: Any) -> str:
    return f"{type(item).__module__}.{type(item).__qualname__}"
