"""Boundaries of looks at rows as they come in, against published ones and against chance itself."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llm_migrate.stats import look_confidences, obrien_fleming_spent

if TYPE_CHECKING:
    from collections.abc import Sequence

FIVE = (0.2, 0.4, 0.6, 0.8, 1.0)


def boundaries(fractions: Sequence[float], alpha: float) -> list[float]:
    """Return the looks' boundaries in standard deviations."""
    return [-NormalDist().inv_cdf(1 - found) for found in look_confidences(fractions, alpha)]


@pytest.mark.parametrize(
    ("fractions", "alpha", "published"),
    [
        pytest.param((0.5, 1.0), 0.025, (2.963, 1.969), id="two-looks"),
        pytest.param((1 / 3, 2 / 3, 1.0), 0.025, (3.710, 2.511, 1.993), id="three-looks"),
        pytest.param(FIVE, 0.025, (4.877, 3.357, 2.680, 2.290, 2.031), id="five-looks"),
        pytest.param(FIVE, 0.05, (4.229, 2.888, 2.298, 1.962, 1.740), id="five-looks-at-5-percent"),
    ],
)
def test_published_boundaries(fractions: Sequence[float], alpha: float, published: Sequence[float]) -> None:
    """Boundaries are those of the tables and programs for Lan and DeMets' O'Brien-Fleming-type spending.

    Reboussin, DeMets, Kim and Lan (2000), "Computations for group sequential boundaries using the Lan-DeMets spending
    function method", and Jennison and Turnbull (2000), "Group Sequential Methods", chapter 7.
    """
    assert boundaries(fractions, alpha) == pytest.approx(published, abs=0.0011)


def test_a_single_look_is_no_sequence() -> None:
    """Who looks once, at the end, may be as unsure as ever."""
    assert look_confidences([1.0], 0.05) == pytest.approx((0.95,))


def test_what_is_spent() -> None:
    """Nothing to speak of is spent at first, and all of it at the end."""
    assert obrien_fleming_spent(0.2, 0.025) == pytest.approx(5.4e-7, rel=0.01)
    assert obrien_fleming_spent(1.0, 0.05) == pytest.approx(0.05)


def test_all_looks_together_keep_the_error_rate() -> None:
    """Of 400,000 random walks as many cross a boundary as are allowed to, and no look alone would do that."""
    rng = np.random.default_rng(0)
    walks = rng.standard_normal((400_000, 5)).cumsum(axis=1) / np.sqrt(np.arange(1, 6))
    crossed = (walks > boundaries(FIVE, 0.05)).any(axis=1).mean()
    assert crossed == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 400_000))
    assert (walks > NormalDist().inv_cdf(0.95)).any(axis=1).mean() > 0.12


@given(
    st.lists(st.integers(1, 100), min_size=1, max_size=6, unique=True).map(sorted),
    st.floats(0.001, 0.2),
)
@settings(max_examples=30, deadline=None)
def test_any_looks_are_surer_than_one(shares: list[int], alpha: float) -> None:
    """Whenever the looks are, each is at least as sure as a single one, and surely below certainty."""
    found = look_confidences([share / 100 for share in shares], alpha)
    assert all(1 - alpha - 1e-7 <= confidence < 1 for confidence in found)


@pytest.mark.parametrize(
    ("fractions", "alpha"),
    [([], 0.05), ([0.5, 0.5], 0.05), ([0.0, 1.0], 0.05), ([0.5, 1.1], 0.05), ([1.0], 0.0), ([1.0], 0.5)],
)
def test_looks_that_cannot_be(fractions: list[float], alpha: float) -> None:
    """Looks that do not increase, that see more than all rows, and error rates that are none are refused."""
    with pytest.raises(ValueError, match="looks at"):
        look_confidences(fractions, alpha)
