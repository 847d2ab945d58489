"""Rows as tests and prompts see them."""

from __future__ import annotations

import copy
import pickle

import pytest

from pytest_llm_migrate.datasets import dataset_of


def test_a_rows_values_are_a_mapping_like_any_other() -> None:
    """Values can be looked up, listed, compared, copied, sent elsewhere and shown."""
    (row,) = dataset_of([{"id": "A", "question": "Why?"}])
    expected = {"sample_id": "A", "question": "Why?"}
    assert row.values == expected
    assert pickle.loads(pickle.dumps(row)) == copy.deepcopy(row) == row  # noqa: S301 - our own bytes
    assert repr(row.values) == repr(expected)
    assert len(row.values) == 2
    assert row.get("nothing", 7) == 7
    with pytest.raises(KeyError, match="nothing"):
        row["nothing"]


def test_columns_are_the_names_of_every_rows_values() -> None:
    """A dataset's columns are in file order, and each row has them all."""
    dataset = dataset_of([{"b": 1, "query": 2, "id": "A"}, {"id": "B", "c": 3}])
    assert dataset.columns == ("b", "question", "query", "sample_id", "c")
    assert all(tuple(row.values) == dataset.columns for row in dataset)
