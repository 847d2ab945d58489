"""Adjusted p-values, against published examples and what they stand for."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from pytest_llm_migrate.stats import benjamini_hochberg, holm

Adjust = Callable[[list[float]], list[float]]

p_values = st.lists(st.floats(0, 1), max_size=30)
BOTH = pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])


def test_holm_steps_down() -> None:
    """Four p-values by hand: 4 x 0.005, 3 x 0.01, 2 x 0.03, and no less for the last than for the third."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_benjamini_and_hochberg_step_up() -> None:
    """The same four by hand: 4 x 0.005 / 1, 4 x 0.01 / 2, 4 x 0.03 / 3, 4 x 0.04 / 4."""
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])


@given(ps=st.lists(st.floats(0, 1), min_size=1, max_size=7))
def test_holm_is_the_closed_test_of_bonferroni(ps: list[float]) -> None:
    """A hypothesis is rejected when Bonferroni rejects every set that it is in (Marcus, Peritz, Gabriel 1976)."""
    sets = [chosen for size in range(1, len(ps) + 1) for chosen in combinations(range(len(ps)), size)]
    for place, adjusted in enumerate(holm(ps)):
        worst = max(min(1.0, len(chosen) * min(ps[one] for one in chosen)) for chosen in sets if place in chosen)
        assert adjusted == pytest.approx(worst)


@given(ps=st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_benjamini_hochberg_agrees_with_scipy(ps: list[float]) -> None:
    """An independent implementation gives the same figures."""
    assert benjamini_hochberg(ps) == pytest.approx(false_discovery_control(ps).tolist())


@BOTH
@given(ps=p_values, data=st.data())
def test_the_order_of_the_tests_does_not_matter(adjust: Adjust, ps: list[float], data: st.DataObject) -> None:
    """Each p-value keeps its adjusted one wherever it stands."""
    order = data.draw(st.permutations(range(len(ps))))
    found = adjust(ps)
    assert adjust([ps[place] for place in order]) == [found[place] for place in order]


@BOTH
@given(ps=p_values)
def test_adjusted_p_values_keep_their_order_and_never_shrink(adjust: Adjust, ps: list[float]) -> None:
    """A smaller p-value is not adjusted above a larger one, and all stay between the raw one and 1."""
    pairs = sorted(zip(ps, adjust(ps), strict=True))
    assert [after for _, after in pairs] == sorted(after for _, after in pairs)
    assert all(before <= after <= 1 for before, after in pairs)


@given(ps=p_values)
def test_holm_is_the_more_cautious(ps: list[float]) -> None:
    """What no family may raise falsely costs more than what a share of findings may."""
    pairs = zip(benjamini_hochberg(ps), holm(ps), strict=True)
    assert all(discovery <= error * (1 + 1e-12) for discovery, error in pairs)


@BOTH
@pytest.mark.parametrize("p", [math.nan, -0.1, 1.1, math.inf])
def test_what_is_no_p_value_is_refused(adjust: Adjust, p: float) -> None:
    """A figure outside of 0 to 1 is an error, never sorted somewhere."""
    with pytest.raises(ValueError, match="a p-value lies between 0 and 1, got"):
        adjust([0.5, p])
