"""Files for the tests of datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from pytest_llm_migrate.datasets import load

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llm_migrate.domain import Dataset


class Reader(Protocol):
    """Writes a file and loads it under its bare name."""

    def __call__(self, name: str, text: str | bytes, **options: Any) -> Dataset:
        """Return the dataset."""
        ...


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Give a function that writes a file and loads it."""

    def write_and_load(name: str, text: str | bytes, **options: Any) -> Dataset:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return load(path, shown=name, **options)

    return write_and_load
