"""Agreement of any number of raters: Fleiss' kappa and Krippendorff's alpha, against their definitions."""

from __future__ import annotations

import math
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.stats import Estimate, Undefined, cohen_kappa, fleiss_kappa, krippendorff_alpha
from pytest_llm_migrate.stats.disagreement import of_units

if TYPE_CHECKING:
    from pytest_llm_migrate.stats import Agreement
    from pytest_llm_migrate.stats.agreement import Level

grades = st.integers(0, 4)
unit_lists = st.lists(st.lists(st.none() | grades, min_size=2, max_size=5), min_size=1, max_size=20).filter(
    lambda units: any(sum(rating is not None for rating in unit) > 1 for unit in units)
)


def limits(found: Estimate) -> tuple[float, float, float]:
    """Return the figure between its limits."""
    return found.low, found.value, found.high


def value(found: Agreement) -> float:
    """Return a coefficient that there must be."""
    assert isinstance(found.coefficient, Estimate)
    return found.coefficient.value


@pytest.mark.parametrize("is_sample", [True, False])
def test_the_standard_error_over_units_is_the_jackknifes(is_sample: bool) -> None:  # noqa: FBT001 - a parameter
    """Leaving out one of 300 units after the other gives the same standard error within 3 %."""
    seeded = np.random.default_rng(3)
    ratings = np.array([seeded.multinomial(size, seeded.dirichlet([1, 1, 0.5])) for size in [2, 3, 4] * 100], float)
    places = np.eye(3) / math.sqrt(2)

    def coefficient(rows: list[bool]) -> float:
        found = of_units(ratings[rows], places, is_sample=is_sample)
        return 1 - found.observed / found.expected

    left_out = [coefficient([other != one for other in range(300)]) for one in range(300)]
    jackknife = math.sqrt(299 * np.var(left_out))
    assert of_units(ratings, places, is_sample=is_sample).standard_error == pytest.approx(jackknife, rel=0.03)


def test_fleiss_kappa_needs_as_many_ratings_of_each() -> None:
    """Unequal units are an error, and so are units of one rating."""
    with pytest.raises(ValueError, match="as many ratings of each unit, got 2 to 3"):
        fleiss_kappa([[1, 2], [1, 2, 2]], confidence=0.95)
    for units in ([[1], [2]], []):
        with pytest.raises(ValueError, match="no unit has two ratings"):
            fleiss_kappa(units, confidence=0.95)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
@given(units=unit_lists)
def test_alpha_is_what_it_is_defined_as(level: Level, units: list[list[int | None]]) -> None:
    """1 - mean distance within units / mean distance of any two ratings, with Krippendorff's own distances."""
    found = krippendorff_alpha(units, confidence=0.95, level=level)
    rated = [[rating for rating in unit if rating is not None] for unit in units]
    rated = [unit for unit in rated if len(unit) > 1]
    everything = [rating for unit in rated for rating in unit]
    if len(set(everything)) == 1:
        assert found.coefficient == Undefined(reason=f"all ratings are {everything[0]}")
        return
    within = sum(
        sum(distance(level, everything, *pair) for pair in permutations(unit, 2)) / (len(unit) - 1) for unit in rated
    )
    overall = sum(distance(level, everything, *pair) for pair in permutations(everything, 2)) / (len(everything) - 1)
    assert value(found) == pytest.approx(1 - within / overall, abs=1e-9)


def distance(level: Level, everything: list[int], one: int, other: int) -> float:
    """Return Krippendorff's squared distance of two ratings."""
    if level == "nominal":
        return float(one != other)
    if level == "interval":
        return float(one - other) ** 2
    low, high = sorted((one, other))
    between = sum(low <= rating <= high for rating in everything)
    return (between - (everything.count(one) + everything.count(other)) / 2) ** 2 if one != other else 0.0


@given(units=unit_lists, data=st.data())
def test_alpha_knows_no_order_and_no_names(units: list[list[int | None]], data: st.DataObject) -> None:
    """Units and raters in any order, under other labels, give the same alpha and interval within bounds."""
    found = krippendorff_alpha(units, confidence=0.95).coefficient
    named = [
        [rating if rating is None else f"{9 - rating}" for rating in data.draw(st.permutations(unit))]
        for unit in data.draw(st.permutations(units))
    ]
    other = krippendorff_alpha(named, confidence=0.95).coefficient
    assert isinstance(found, Undefined) == isinstance(other, Undefined)
    if isinstance(found, Estimate) and isinstance(other, Estimate):
        assert limits(other) == pytest.approx(limits(found), abs=1e-9)
        assert -1 <= found.low <= found.value <= found.high <= 1


@given(ratings=st.lists(grades, min_size=2).filter(lambda found: len(set(found)) > 1), raters=st.integers(2, 5))
def test_perfect_agreement_is_one(ratings: list[int], raters: int) -> None:
    """Raters who always say the same have a coefficient of 1 by any measure, up to rounding."""
    units = [[rating] * raters for rating in ratings]
    assert value(fleiss_kappa(units, confidence=0.95)) == pytest.approx(1)
    for level in ("nominal", "ordinal", "interval"):
        assert value(krippendorff_alpha(units, confidence=0.95, level=level)) == pytest.approx(1)
    for weights in ("none", "linear", "quadratic"):
        assert value(cohen_kappa(ratings, ratings, confidence=0.95, weights=weights)) == 1
