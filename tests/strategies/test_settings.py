"""The settings that strategies take."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.domain import Configurable, Settable
from pytest_llm_migrate.strategies import builtins

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Strategy


@pytest.mark.parametrize("strategy", builtins(), ids=lambda strategy: strategy.name)
def test_what_a_strategy_takes_is_what_it_documents(strategy: Strategy) -> None:
    """Every setting that a strategy takes stands in its description, and no other."""
    assert isinstance(strategy, Settable)
    _, _, told = (inspect.getdoc(type(strategy)) or "").partition("takes the setting")
    told = told.partition("Attributes:")[0]
    assert strategy.settings is not None
    assert set(re.findall(r"``(\w+)``", re.sub(r"\((``\w+`` or ``\w+``)\)", "", told))) == strategy.settings


class Noted(dict[str, str]):
    """Settings that note which of them are read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: set[str] = set()

    def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
        """Note the key."""
        self.read.add(key)
        return default


@pytest.mark.parametrize(
    "strategy", [item for item in builtins() if isinstance(item, Configurable)], ids=lambda strategy: strategy.name
)
def test_what_a_strategy_is_configured_by_is_what_it_takes(strategy: Strategy) -> None:
    """A strategy reads all settings that it names, and none besides."""
    assert isinstance(strategy, Configurable)
    assert isinstance(strategy, Settable)
    assert strategy.settings is not None
    settings = Noted()
    strategy.configured(settings)
    assert settings.read == strategy.settings
