"""The real models, whose weights are downloaded once to this user's cache."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.models.local import CATALOG, LocalEngine, default_cache, fetch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def weights_cache() -> Path:
    """Return the user's cache with every model's weights in it."""
    cache = default_cache()
    for name in CATALOG:
        fetch(name, cache, lambda *_: None)
    return cache


@pytest.fixture(scope="session")
def engine(weights_cache: Path) -> Iterator[LocalEngine]:
    """Return an engine over the real models, each of which is loaded once for all tests."""
    with closing(LocalEngine(weights_cache)) as shared:
        yield shared
