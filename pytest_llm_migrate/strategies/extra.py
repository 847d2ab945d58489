"""DSPy, which only an extra brings and only two strategies load."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import MissingExtraError

if TYPE_CHECKING:
    from types import ModuleType

_LIBRARIES = ("dspy", "optuna")


def dspy_runs(strategy: str) -> Any:
    """Return the module that runs DSPy; raises `MissingExtraError` where DSPy or Optuna is not installed."""
    for library in _LIBRARIES:
        _loaded(library, strategy)
    return import_module("pytest_llm_migrate.strategies.dspy_runs")


def check_dspy(strategy: str) -> None:
    """Raise `MissingExtraError` where DSPy or Optuna is not installed; neither is loaded, which takes seconds."""
    for library in _LIBRARIES:
        if find_spec(library) is None:
            raise MissingExtraError(f"strategy {strategy!r}", library, "optimize")


def _loaded(library: str, strategy: str) -> ModuleType:
    try:
        return import_module(library)
    except ModuleNotFoundError as error:
        if error.name != library:
            raise
        raise MissingExtraError(f"strategy {strategy!r}", library, "optimize") from error
