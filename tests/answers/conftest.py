"""A store in a folder of its own, and desks on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from pytest_llm_migrate.answers import Desk, Mode, Store, Terms
from pytest_llm_migrate.answers.retries import Patience
from tests.answers.asking import Prices

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


ONE_ATTEMPT = Patience(attempts=1, rounds=1)


class OpenStore(Protocol):
    """Opens the test's store once more."""

    def __call__(self, run: str = "run", *, since: float = 0.0, max_cost: float | None = None) -> Store:
        """Return another store object on the same file."""


class OpenDesk(Protocol):
    """Opens a desk on the test's store."""

    def __call__(
        self,
        mode: Mode = Mode.AUTO,
        *,
        concurrency: int | None = None,
        ahead: int | None = None,
        max_cost: float | None = None,
        per_token: float | None = None,
        patience: Patience = ONE_ATTEMPT,
    ) -> Desk:
        """Return a desk with a store object of its own."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the test's store is kept."""
    return tmp_path / "kept" / "answers.sqlite"


@pytest.fixture
def open_store(path: Path) -> Iterator[OpenStore]:
    """Open store objects on one file, and close them in the end."""
    opened: list[Store] = []

    def new(run: str = "run", *, since: float = 0.0, max_cost: float | None = None) -> Store:
        opened.append(Store(path, Terms(run=run, since=since, max_cost=max_cost)))
        return opened[-1]

    yield new
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: OpenStore) -> Store:
    """Open the test's store."""
    return open_store()


@pytest.fixture
def open_desk(open_store: OpenStore) -> OpenDesk:
    """Open desks on the test's store."""

    def new(
        mode: Mode = Mode.AUTO,
        *,
        concurrency: int | None = None,
        ahead: int | None = None,
        max_cost: float | None = None,
        per_token: float | None = None,
        patience: Patience = ONE_ATTEMPT,
    ) -> Desk:
        prices = Prices(per_token=per_token)
        store = open_store(max_cost=max_cost)
        return Desk(store=store, mode=mode, prices=prices, concurrency=concurrency, ahead=ahead, patience=patience)

    return new
