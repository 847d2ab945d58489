"""Rows told apart: some may tune a prompt, others alone may judge it."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.datasets import dataset_of, ids_sha256, split_of, unread_words
from pytest_llm_migrate.errors import TooFewRowsToSplitError


def rows(number: int, **columns: list[object]) -> list[dict[str, object]]:
    """Return rows with ids, and columns whose values are taken in turn."""
    return [
        {
            "sample_id": f"r{place}",
            "question": "?",
            **{name: values[place % len(values)] for name, values in columns.items()},
        }
        for place in range(number)
    ]


def test_a_declared_split_is_taken_as_it_is() -> None:
    """The column ``split`` decides where it names both parts; rows of a third value are in neither."""
    split = split_of(dataset_of(rows(40, split=["dev", "holdout", "holdout", "spare"])))
    assert (len(split.dev), len(split.holdout), split.is_declared) == (10, 20, True)


def test_the_words_of_a_split_may_be_written_as_people_write_them() -> None:
    """Capitals and blanks do not turn a declared split into a drawn one."""
    split = split_of(dataset_of(rows(40, split=["Dev", " HOLDOUT "])))
    assert (len(split.dev), len(split.holdout), split.is_declared) == (20, 20, True)


@pytest.mark.parametrize(("word", "said"), [("dev", "40 dev and 0 holdout"), ("holdout", "0 dev and 40 holdout")])
def test_rows_declared_for_one_part_are_not_drawn_for_the_other(word: str, said: str) -> None:
    """A column that names one part alone is an error, not a draw that tunes by rows declared to judge."""
    with pytest.raises(TooFewRowsToSplitError, match=said):
        split_of(dataset_of(rows(40, split=[word])))


def test_the_words_of_evaluation_are_known() -> None:
    """What trains or validates a model tunes a prompt, and what tests one judges it."""
    split = split_of(dataset_of(rows(60, split=["train", "Validation", "dev", "test", "holdout", "extra"])))
    assert Counter(row["split"] for row in split.dev) == {"train": 10, "Validation": 10, "dev": 10}
    assert Counter(row["split"] for row in split.holdout) == {"test": 10, "holdout": 10}
    with pytest.raises(TooFewRowsToSplitError, match=r"'dev', 'train', 'validation' name dev rows.*'holdout', 'test'"):
        split_of(dataset_of(rows(40, split=["test"])))


def test_rows_that_alone_are_judged_never_tune() -> None:
    """Where a run judges the rows of a word of its own, all others are dev rows, and none of these is drawn."""
    data = dataset_of(rows(40, split=["spring", "autumn", None, "autumn"]))
    split = split_of(data, judged="autumn")
    assert (len(split.dev), {row["split"] for row in split.holdout}) == (20, {"autumn"})
    assert unread_words(split) == []
    with pytest.raises(TooFewRowsToSplitError, match="0 dev and 40 holdout"):
        split_of(dataset_of(rows(40, split=["autumn"])), judged="autumn")


def test_words_that_tell_no_part_are_named() -> None:
    """Rows of words of one's own are drawn as if the column were not there, and the words are known."""
    split = split_of(dataset_of(rows(40, split=["spring", "autumn", None])))
    assert not split.is_declared
    assert unread_words(split) == ["autumn", "spring"]
    assert unread_words(split_of(dataset_of(rows(40, split=["dev", "holdout"])))) == []


def test_rows_are_drawn_alike_in_every_stratum() -> None:
    """A third of every group is drawn, and every row is in one part."""
    split = split_of(dataset_of(rows(90, channel=["chat", "mail", "phone"])), strata=["channel"])
    assert Counter(row["channel"] for row in split.dev) == {"chat": 10, "mail": 10, "phone": 10}
    assert len(split.dev) + len(split.holdout) == 90
    assert not split.is_declared


@given(st.integers(30, 120), st.integers(1, 6))
def test_clusters_stay_together(number: int, size: int) -> None:
    """No cluster has rows in both parts."""
    data = rows(number, channel=["chat", "mail"])
    for place, row in enumerate(data):
        row["customer"] = place // size
    split = split_of(dataset_of(data), strata=["channel"], cluster="customer")
    assert not {row["customer"] for row in split.dev} & {row["customer"] for row in split.holdout}


@given(st.permutations(range(60)))
def test_the_order_of_rows_moves_none(order: list[int]) -> None:
    """The same rows are drawn in whatever order they stand."""
    data = rows(60)
    shuffled = split_of(dataset_of([data[place] for place in order]))
    assert shuffled.dev_sha256 == split_of(dataset_of(data)).dev_sha256


def test_too_few_rows_say_how_many_it_takes() -> None:
    """A dataset that cannot be told apart is refused with the numbers and the way out."""
    with pytest.raises(
        TooFewRowsToSplitError, match=r"3 dev and 5 holdout rows are too few: it takes 5 .* and 10 others"
    ):
        split_of(dataset_of(rows(8)))


def test_ids_have_one_hash_in_any_order() -> None:
    """The hash knows rows by their ids alone, and tells one id from two."""
    assert ids_sha256(["a", "b"]) == ids_sha256(["b", "a"]) != ids_sha256(["a\nb"])
