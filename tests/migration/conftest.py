"""A store, and desks on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from pytest_llm_migrate.answers import Desk, Mode, Store, Terms
from pytest_llm_migrate.answers.retries import Patience
from tests.answers.asking import Prices

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class OpenDesk(Protocol):
    """Opens a desk on the test's store."""

    def __call__(self, mode: Mode = Mode.AUTO, *, per_token: float | None = None) -> Desk:
        """Return a desk."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Open a store in a folder of its own."""
    opened = Store(tmp_path / "kept" / "answers.sqlite", Terms(run="run"))
    yield opened
    opened.close()


@pytest.fixture
def open_desk(store: Store) -> OpenDesk:
    """Open desks on the test's store."""

    def new(mode: Mode = Mode.AUTO, *, per_token: float | None = None) -> Desk:
        patience = Patience(attempts=1, rounds=1)
        return Desk(store=store, mode=mode, prices=Prices(per_token=per_token), patience=patience)

    return new
