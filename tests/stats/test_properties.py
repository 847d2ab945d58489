"""What must hold for any rows: symmetry, order, names, margins, and repeats that are no rows."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llm_migrate.stats import (
    PLAIN,
    Design,
    paired_difference,
    rows_needed,
    rows_needed_graded,
    rows_to_settle,
    smallest_margin,
)

if TYPE_CHECKING:
    from pytest_llm_migrate.stats import (
        Estimate,
    )

quarters = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
rows_of = st.one_of(
    st.lists(st.tuples(quarters, quarters), min_size=1, max_size=40),
    st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0])), min_size=1, max_size=40),
)
margins = st.floats(0.001, 1)


def difference(rows: list[tuple[float, float]], design: Design = PLAIN) -> Estimate:
    """Return the estimate that gates judge by."""
    return paired_difference([row[0] for row in rows], [row[1] for row in rows], confidence=0.9, design=design)


def limits(found: Estimate) -> tuple[float, float, float]:
    """Return an estimate's three figures."""
    return found.low, found.value, found.high


def design_of(rows: int, *, weighted: bool, clustered: bool) -> Design:
    """Return weights of 1 to 3 and clusters of up to four rows, or neither."""
    return Design(
        weights=[1.0 + place % 3 for place in range(rows)] if weighted else None,
        clusters=[place // 4 for place in range(rows)] if clustered else None,
    )


@given(rows=rows_of, weighted=st.booleans(), clustered=st.booleans())
def test_swapping_the_sides_negates_the_interval(
    rows: list[tuple[float, float]],
    weighted: bool,  # noqa: FBT001 - a parameter
    clustered: bool,  # noqa: FBT001 - another
) -> None:
    """The target's gain is the source's loss, whatever rows count and belong together."""
    design = design_of(len(rows), weighted=weighted, clustered=clustered)
    ours, swapped = difference(rows, design), difference([(after, before) for before, after in rows], design)
    assert limits(ours) == pytest.approx((-swapped.high, -swapped.value, -swapped.low), abs=1e-9)
    assert ours.low <= ours.value <= ours.high


@given(rows=rows_of, seed=st.integers(0, 99))
def test_neither_order_nor_names_matter(rows: list[tuple[float, float]], seed: int) -> None:
    """Shuffled rows, clusters under other names and weights in other units give the same interval."""
    plain = design_of(len(rows), weighted=True, clustered=True)
    assert plain.weights is not None
    assert plain.clusters is not None
    order = random.Random(seed).sample(range(len(rows)), len(rows))  # noqa: S311 - no secret
    renamed = Design(
        weights=[1000 * plain.weights[place] for place in order],
        clusters=[f"c{plain.clusters[place]}" for place in order],
    )
    other = difference([rows[place] for place in order], renamed)
    assert limits(other) == pytest.approx(limits(difference(rows, plain)), abs=1e-9)


@given(rows=rows_of, times=st.integers(2, 5))
def test_repeats_do_not_narrow_the_interval(rows: list[tuple[float, float]], times: int) -> None:
    """Every row said several times, in a cluster of its own, proves no more than the rows alone."""
    alone = difference(rows)
    copied = difference(rows * times, Design(clusters=list(range(len(rows))) * times))
    assert copied.value == pytest.approx(alone.value, abs=1e-12)
    assert copied.low <= alone.low + 1e-9
    assert copied.high >= alone.high - 1e-9


@given(rows=rows_of, one=margins, other=margins)
def test_a_wider_margin_is_never_harder_to_prove(rows: list[tuple[float, float]], one: float, other: float) -> None:
    """A loss that a narrow margin rules out, a wider one does, and it never takes more rows to settle."""
    narrow, wide = sorted((one, other))
    found = difference(rows)
    assert not found.low > -narrow or found.low > -wide
    few, many = rows_to_settle(found, margin=wide), rows_to_settle(found, margin=narrow)
    if many is not None:
        assert few is not None
        assert few <= many


@settings(max_examples=40)
@given(one=st.floats(0.01, 0.5), other=st.floats(0.01, 0.5), disagreement=st.floats(0, 0.3))
def test_a_wider_margin_is_never_planned_with_more_rows(one: float, other: float, disagreement: float) -> None:
    """Plans ask for more rows the narrower the margin is."""
    narrow, wide = sorted((one, other))
    assert rows_needed(wide, disagreement) <= rows_needed(narrow, disagreement)
    assert rows_needed_graded(wide, disagreement) <= rows_needed_graded(narrow, disagreement)


@settings(max_examples=40)
@given(n=st.integers(1, 500), disagreement=st.floats(0, 0.5), power=st.floats(0.5, 0.9))
def test_more_power_takes_a_wider_margin(n: int, disagreement: float, power: float) -> None:
    """The same rows prove less the surer they are to prove it."""
    assert smallest_margin(n, disagreement, power=power) <= smallest_margin(n, disagreement, power=0.95)
