"""How far both sides may differ, by what is known."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from pytest_llm_migrate.migration.spread import assumed, of_pilot, of_source
from pytest_llm_migrate.stats import rows_needed, smallest_margin, smallest_margin_graded, wilson

GRADED = [0.1, 0.4, 0.9, 0.5, 0.3, 0.8, 0.2, 0.6, 0.7, 0.5, 0.45, 0.15]


def test_a_pilot_of_right_or_wrong_rows_shows_their_disagreement() -> None:
    """Three of twenty rows differ, whichever way, and Wilson's limit says how many more may."""
    source = [1.0] * 18 + [0.0] * 2
    target = [0.0] * 2 + [1.0] * 16 + [1.0, 0.0]
    seen, upper = of_pilot(source, target, (0, 1))
    assert (seen.measure, seen.value, seen.assumed) == ("disagreement", 0.15, "seen")
    assert (upper.measure, upper.assumed) == ("disagreement", "upper")
    assert upper.value == pytest.approx(wilson(3, 20, confidence=0.6).high)
    assert seen.margin(100) == smallest_margin(100, 0.15)
    assert seen.rows(0.1) == rows_needed(0.1, 0.15)


def test_a_graded_pilot_shows_the_deviation_of_differences() -> None:
    """The upper limit is that of chi-square, and both are in parts of the metric's range."""
    target = [score / 2 for score in GRADED]
    changes = [after - before for before, after in zip(GRADED, target, strict=True)]
    seen, upper = of_pilot([10 * score for score in GRADED], [10 * score for score in target], (0, 10))
    exact = statistics.stdev(changes) * math.sqrt(11 / chi2.ppf(0.2, 11))
    assert seen.value == pytest.approx(statistics.stdev(changes))
    assert upper.value == pytest.approx(exact, rel=0.01)
    assert seen.margin(50) == pytest.approx(10 * smallest_margin_graded(50, seen.value))
    assert seen.to_record(50)["value"] == pytest.approx(10 * seen.value)


def test_graded_rows_that_all_agree_are_not_taken_for_all_rows() -> None:
    """Without a deviation seen, the cautious one is what a share of unlike rows could hide."""
    seen, upper = of_pilot(GRADED, GRADED, (0, 1))
    assert seen.value == 0
    assert upper.value == pytest.approx(math.sqrt(wilson(0, 12, confidence=0.6).high))


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=10, max_size=30))
def test_caution_never_asks_for_less(pairs: list[tuple[float, float]]) -> None:
    """Whatever a pilot shows, its cautious figure is no smaller, and both are possible ones."""
    source, target = zip(*pairs, strict=True)
    seen, upper = of_pilot(source, target, (0, 1))
    assert 0 <= seen.value <= upper.value <= 1


def test_the_sources_variance_bounds_the_differences() -> None:
    """Of scores that go together half of the variance is left, of unrelated ones all of it, twice."""
    likely, unrelated = of_source(2.0, 10.0)
    assert [likely.value, unrelated.value] == pytest.approx([0.2, 0.2 * 2**0.5])


def test_nothing_known_is_a_table_of_disagreements() -> None:
    """Three shares of rows stand for what nobody has seen."""
    assert [spread.value for spread in assumed(1.0)] == [0.0, 0.1, 0.2]
