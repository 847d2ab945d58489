"""Effective rows: what weights and clusters take away from the evidence of rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.stats import Design, one_side, paired_difference
from pytest_llm_migrate.stats.effective import effective_rows

SCORES = st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 0.5, 1.0])), min_size=2, max_size=60)


@given(SCORES, st.floats(0.1, 1e6))
def test_equal_weights_change_nothing(pairs: list[tuple[float, float]], weight: float) -> None:
    """Rows that all weigh the same are worth as many rows, and get the same interval."""
    source, target = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    plain = paired_difference(source, target, confidence=0.9)
    weighed = paired_difference(source, target, confidence=0.9, design=Design(weights=[weight] * len(pairs)))
    assert weighed.effective_n == pytest.approx(len(pairs))
    assert (weighed.value, weighed.low, weighed.high) == pytest.approx((plain.value, plain.low, plain.high))


@given(SCORES, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(pairs: list[tuple[float, float]], chance: object) -> None:
    """Rows, weights and clusters may come in any order."""
    rows = [(*pair, float(place % 3 + 1), place % 4) for place, pair in enumerate(pairs)]
    shuffled = list(rows)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    def found(order: list[tuple[float, float, float, int]]) -> tuple[float, float, float]:
        design = Design(weights=[row[2] for row in order], clusters=[row[3] for row in order])
        estimate = paired_difference(
            [row[0] for row in order], [row[1] for row in order], confidence=0.9, design=design
        )
        return estimate.value, estimate.low, estimate.high

    assert found(shuffled) == pytest.approx(found(rows))


@given(SCORES, st.integers(2, 5))
def test_copies_of_rows_are_no_evidence(pairs: list[tuple[float, float]], times: int) -> None:
    """Rows copied into clusters of their own are worth no more than the rows were."""
    source, target = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    alone = paired_difference(source, target, confidence=0.9, design=Design(clusters=list(range(len(pairs)))))
    copied = paired_difference(
        source * times, target * times, confidence=0.9, design=Design(clusters=list(range(len(pairs))) * times)
    )
    assert copied.effective_n == pytest.approx(alone.effective_n, rel=0.05, abs=1.0)


def test_a_heavy_row_costs_evidence() -> None:
    """One row that stands for half of the traffic leaves less than four rows' worth of ten."""
    values = np.array([1.0, 0.0] * 5)
    assert effective_rows(values, Design(weights=[9.0] + [1.0] * 9), confidence=0.9) <= 18**2 / (81 + 9)


def test_rows_of_no_weight_count_nothing() -> None:
    """A row of weight 0 moves neither the mean nor the interval."""
    with_it = one_side([1.0, 0.0, 1.0, 0.0], confidence=0.9, design=Design(weights=[1, 2, 1, 0]))
    without = one_side([1.0, 0.0, 1.0], confidence=0.9, design=Design(weights=[1, 2, 1]))
    assert (with_it.value, with_it.low, with_it.high) == pytest.approx((without.value, without.low, without.high))


def test_one_cluster_is_one_row() -> None:
    """Rows that all belong together prove next to nothing."""
    found = paired_difference([0.0] * 50, [1.0] * 50, confidence=0.9, design=Design(clusters=["a"] * 50))
    assert found.effective_n == 1.0
    assert found.low < 0.3


@pytest.mark.parametrize(
    ("design", "said"),
    [
        (Design(weights=[1.0]), "2 rows need as many weights"),
        (Design(weights=[1.0, -1.0]), "weights of 0 or more"),
        (Design(weights=[0.0, 0.0]), "no weight is above 0"),
        (Design(weights=[1.0, float("nan")]), "weights of 0 or more"),
        (Design(clusters=["a"]), "1 cluster labels do not fit 2 rows"),
    ],
)
def test_a_design_that_does_not_fit_is_refused(design: Design, said: str) -> None:
    """What does not fit the rows is said in one sentence."""
    with pytest.raises(ValueError, match=said):
        one_side([0.0, 1.0], confidence=0.9, design=design)


def test_few_clusters_with_errors_do_not_show_that_rows_are_independent() -> None:
    """Two wrong rows apart, of 20 clusters of five, are worth far less than 100 rows, and no less than 20 clusters."""
    design = Design(clusters=[place // 5 for place in range(100)])
    one, two = [1.0] * 100, [0.0 if place in {7, 61} else 1.0 for place in range(100)]
    agreeing = paired_difference(one, one, confidence=0.9, design=design).effective_n
    found = paired_difference(one, two, confidence=0.9, design=design).effective_n
    assert agreeing is not None
    assert found is not None
    assert agreeing < found < 50
