"""The exact test of signs, rows by themselves and in clusters."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.stats import Design, mcnemar_exact, sign_flips

SIGNS = st.lists(st.tuples(st.integers(0, 5), st.sampled_from([-1, 1])), max_size=24)


@given(SIGNS)
def test_every_way_in_which_signs_could_fall_is_counted(rows: list[tuple[int, int]]) -> None:
    """The p-value is the share of them whose total lies as far off, by counting them one by one."""
    labels, signs = [label for label, _ in rows], [sign for _, sign in rows]
    sums = [sum(sign for label, sign in rows if label == one) for one in sorted(set(labels))]
    ways = [abs(sum(way)) for way in product(*((-abs(total), abs(total)) for total in sums))]
    far = sum(total >= abs(sum(signs)) for total in ways) / len(ways)
    assert sign_flips(signs, Design(clusters=labels)) == pytest.approx(far)


@given(st.integers(0, 60), st.integers(0, 60))
def test_rows_by_themselves_are_the_exact_sign_test(up: int, down: int) -> None:
    """Whether they are said to be in clusters of one or not."""
    signs = [1] * up + [-1] * down
    assert sign_flips(signs) == mcnemar_exact(down, up)
    assert sign_flips(signs, Design(clusters=range(len(signs)))) == pytest.approx(mcnemar_exact(down, up))


def test_many_clusters_are_no_trouble() -> None:
    """Thousands of clusters still have an exact value."""
    signs, clusters = [1, 1, -1, 1] * 1500, [place // 2 for place in range(6000)]
    assert sign_flips(signs, Design(clusters=clusters)) < 1e-100
