"""Gates that are called with other comparisons than their fixture's."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llm_migrate.comparison import Comparison

FELL_SHORT = (AssertionError, pytest.fail.Exception)
"""What a gate raises that says no; anything else is a mistake in its code."""


def is_plain(item: pytest.Item) -> bool:
    """Whether a test is a plain function that asks for ``comparison`` itself, and so can be given another one."""
    return (
        isinstance(item, pytest.Function) and "comparison" in _names(item) and not inspect.iscoroutinefunction(item.obj)
    )


def call_with(item: pytest.Function, comparison: Comparison) -> None:
    """Call a gate with a comparison; raises what the gate raises."""
    __tracebackhide__ = True
    arguments = {name: item.funcargs[name] for name in _names(item)}
    item.obj(**arguments | {"comparison": comparison})


def _names(item: pytest.Function) -> tuple[str, ...]:
    return item._fixtureinfo.argnames  # noqa: SLF001 - pytest has no public name for what a function asks for itself
