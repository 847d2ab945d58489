"""Splits and samples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.datasets import dataset_of, sample, select
from pytest_llm_migrate.errors import MigrateError

SPLITS = dataset_of([{"id": "A", "split": "dev"}, {"id": "B", "split": "holdout"}, {"id": "C", "split": "dev"}])
ROWS = dataset_of([{"id": number} for number in range(200)]).rows


def test_a_split_keeps_its_rows_in_order() -> None:
    """The rows of a split are those whose column says so, and the dataset stays the file it is."""
    chosen = select(SPLITS, split="dev")
    assert [row.sample_id for row in chosen] == ["A", "C"]
    assert (chosen.path, chosen.sha256, chosen.columns) == (SPLITS.path, SPLITS.sha256, SPLITS.columns)


def test_no_split_means_all_rows() -> None:
    """Without a split every row is judged."""
    assert select(SPLITS, split=None) == SPLITS


def test_an_unknown_split_is_told_with_those_present() -> None:
    """A misspelt split is answered with the one that was meant; empty cells are no split."""
    dataset = dataset_of([{"id": "A", "split": "dev"}, {"id": "B", "split": ""}, {"id": "C", "split": None}])
    with pytest.raises(MigrateError) as caught:
        select(dataset, split="dve")
    assert str(caught.value) == "records: unknown split 'dve'. Did you mean 'dev'? Known: dev."


def test_a_split_needs_its_column() -> None:
    """A dataset without splits cannot be split."""
    with pytest.raises(MigrateError) as caught:
        select(dataset_of([{"id": "A", "part": "dev"}]), split="dev")
    assert str(caught.value) == (
        "records: there is no column 'split'. Columns present: sample_id, part. "
        "Name the one that holds it: columns={'split': '...'}."
    )


@given(smaller=st.integers(0, 250), larger=st.integers(0, 250), seed=st.integers())
def test_a_larger_sample_holds_every_smaller_one(smaller: int, larger: int, seed: int) -> None:
    """Samples of one seed grow without losing a row, in file order, and end with all rows."""
    smaller, larger = sorted((smaller, larger))
    few, many = sample(ROWS, smaller, seed=seed), sample(ROWS, larger, seed=seed)
    assert len(few) == min(smaller, len(ROWS))
    assert [row for row in many if row in few] == list(few)
    assert [row for row in ROWS if row in many] == list(many)


def test_a_sample_depends_on_its_seed_and_ids_alone() -> None:
    """The order of the file does not change who is chosen; the seed does."""
    chosen = {row.sample_id for row in sample(ROWS, 20, seed=1)}
    assert chosen == {row.sample_id for row in sample(list(reversed(ROWS)), 20, seed=1)}
    assert chosen != {row.sample_id for row in sample(ROWS, 20, seed=2)}
