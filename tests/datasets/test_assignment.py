"""Units of live traffic are dealt out to variants: the same one every time, in the shares that were asked for."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate import assign
from pytest_llm_migrate.errors import AssignmentError
from pytest_llm_migrate.stats import independent_difference, unit_scores

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

UNITS = [f"customer {number}" for number in range(2000)]


def test_a_unit_keeps_its_variant() -> None:
    """What was dealt out is no matter of the process, the day or the version: these are written down."""
    dealt = [assign(unit, ["identity", "mipro"], seed=7) for unit in UNITS[:8]]
    assert dealt == ["identity", "mipro", "mipro", "mipro", "identity", "mipro", "mipro", "mipro"]


@given(unit=st.text(), seed=st.integers(), variants=st.dictionaries(st.text(), st.floats(0, 1e9), min_size=1))
def test_a_unit_gets_a_variant_that_has_a_share(unit: str, seed: int, variants: dict[str, float]) -> None:
    """Whatever the names and shares, a variant without a share gets nobody, and the variants' order is no matter."""
    variants["some"] = 0.5
    found = assign(unit, variants, seed=seed)
    assert variants[found] > 0
    assert assign(unit, dict(reversed(variants.items())), seed=seed) == found


def test_shares_are_kept() -> None:
    """Of two thousand units a tenth, give or take three standard errors, gets what has a share of a tenth."""
    counts = Counter(assign(unit, {"old": 9, "new": 1}) for unit in UNITS)
    assert abs(counts["new"] - 200) < 3 * math.sqrt(2000 * 0.1 * 0.9)


def test_a_small_share_grows_without_moving_anybody_back() -> None:
    """Who has the new prompt at five in a hundred keeps it at fifty."""
    few = {unit for unit in UNITS if assign(unit, {"new": 5, "old": 95}) == "new"}
    many = {unit for unit in UNITS if assign(unit, {"new": 50, "old": 50}) == "new"}
    assert few < many


def test_another_seed_deals_anew() -> None:
    """A second experiment does not find the groups of the first."""
    same = sum(assign(unit, "ab", seed=1) == assign(unit, "ab", seed=2) for unit in UNITS)
    assert abs(same - 1000) < 3 * math.sqrt(2000 * 0.25)


def test_what_came_of_two_variants_can_be_compared() -> None:
    """Scores of different units have a difference with an interval, which rules out nothing where nothing differs."""
    scores: dict[str, list[float]] = {"a": [], "b": []}
    for place, unit in enumerate(UNITS):
        scores[assign(unit, "ab")].append(float(place % 4 > 0))
    first, second = (unit_scores(scores[name], confidence=0.95) for name in "ab")
    found = independent_difference(first, second)
    assert found.low < 0 < found.high
    assert found.n == 2000


@pytest.mark.parametrize(
    "variants", [[], {}, ["a", "a"], {"a": 0}, {"a": -1, "b": 1}, {"a": math.nan}, {"a": math.inf}]
)
def test_what_cannot_be_dealt_out_is_said(variants: Iterable[str] | Mapping[str, float]) -> None:
    """No variant, one twice, and shares that are none."""
    with pytest.raises(AssignmentError, match="cannot deal out to the variants"):
        assign("x", variants)
