"""Texts that share pieces of words are alike."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.strategies.similarity import likeness, nearest, weights


@given(st.lists(st.text(max_size=30), min_size=1, max_size=6))
def test_likeness_is_between_none_and_whole(texts: list[str]) -> None:
    """A text is wholly like itself, if it has a piece at all, and no pair is more alike than that."""
    found = weights(texts)
    for first in found:
        assert not first or abs(likeness(first, first) - 1) < 1e-9
        assert all(-1e-9 <= likeness(first, second) <= 1 + 1e-9 for second in found)


def test_the_same_topic_in_other_words_is_nearer() -> None:
    """Shared stems count, whatever their endings; what all texts share counts little."""
    late, later, lamp = weights(["the parcel is late", "the parcels came later", "the lamp is broken"])
    assert likeness(late, later) > likeness(late, lamp)


def test_the_nearest_cover_all_texts_not_one_topic_twice() -> None:
    """The second row is the one that the first leaves out, not the first's twin."""
    pool = ["my parcel is late", "my parcel is so late", "the lamp does not shine"]
    assert nearest(pool, ["where is my late parcel", "no parcel yet, late", "lamp shines no more"], 2) == [0, 2]


def test_a_pool_gives_no_more_than_it_has() -> None:
    """Four of two rows are two."""
    assert sorted(nearest(["a b c", "d e f"], ["a b c"], 4)) == [0, 1]
