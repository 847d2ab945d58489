"""Rows a claim needs, margins that rows can prove, and rows that would settle a verdict."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llm_migrate.stats import (
    Estimate,
    one_side,
    paired_difference,
    rows_needed,
    rows_needed_graded,
    rows_to_settle,
    rows_to_settle_ceiling,
    rows_to_settle_floor,
    smallest_margin,
    smallest_margin_graded,
    tango,
    tango_lower_limit,
    two_sided_confidence,
    wilson,
)
from pytest_llm_migrate.stats.estimate import deviate
from pytest_llm_migrate.stats.exact_power import power_of


@pytest.mark.parametrize(
    ("disagreement", "needed"),
    [
        (0.0, (25, 52, 88, 133)),
        (0.05, (49, 158, 380, 810)),
        (0.10, (74, 263, 705, 1565)),
        (0.20, (130, 501, 1381, 3092)),
        (0.30, (187, 745, 2061, 4637)),
    ],
)
def test_rows_needed_for_margins_of_10_5_3_and_2_points(disagreement: float, needed: tuple[int, ...]) -> None:
    """The table that a team plans its golden dataset by."""
    assert tuple(rows_needed(margin, disagreement) for margin in (0.10, 0.05, 0.03, 0.02)) == needed


@cache
def go_of(n: int, broke: int, fixed: int, margin: float) -> bool:
    """Return whether counts are a GO by the interval that a gate judges by."""
    return tango_lower_limit(n, broke, fixed, confidence=0.95) > -margin


@pytest.mark.parametrize("margin", [0.01, 0.03, 0.05, 0.10])
@pytest.mark.parametrize("disagreement", [0.01, 0.02, 0.05, 0.10, 0.20, 0.30])
def test_the_rows_planned_have_the_power_promised(disagreement: float, margin: float) -> None:
    """Simulated with the gate's own interval, an equally good target passes in 80 to 83 %, unless few rows disagree."""
    n = rows_needed(margin, disagreement)
    shares = [disagreement / 2, disagreement / 2, 1 - disagreement]
    drawn = np.random.default_rng(11).multinomial(n, shares, 4000).tolist()
    power = sum(go_of(n, broke, fixed, margin) for broke, fixed, _ in drawn) / len(drawn)
    # Whole rows: where less than five are to disagree, one of them moves the power by more than that.
    most = 0.84 if n * disagreement > 5 else 0.95
    assert 0.78 <= power <= most + 0.02


@pytest.mark.parametrize("sd", [0.05, 0.10, 0.20, 0.30])
@pytest.mark.parametrize("margin", [0.03, 0.05, 0.10])
def test_graded_rows_planned_have_the_power_promised(sd: float, margin: float) -> None:
    """Simulated with evenly spread differences, an equally good target passes in 80 % of runs, or a little more."""
    n, generator = rows_needed_graded(margin, sd), np.random.default_rng(13)
    halves = generator.uniform(-sd, sd, (400, n)) * math.sqrt(3) / 2
    passed = [paired_difference(list(0.5 - half), list(0.5 + half), confidence=0.9).low > -margin for half in halves]
    assert 0.75 <= sum(passed) / len(passed) <= 0.89


@settings(max_examples=25)
@given(n=st.integers(1, 20), disagreement=st.sampled_from([0.001, 0.02, 0.1, 0.3]), margin=st.floats(0.005, 0.6))
def test_the_planned_rule_is_the_gates(n: int, disagreement: float, margin: float) -> None:
    """The power is the chance of all counts that are a GO by Tango's limit, summed one by one."""
    both = [(lost, won) for lost in range(n + 1) for won in range(n + 1 - lost)]
    half = disagreement / 2
    chances = [
        math.factorial(n)
        / (math.factorial(lost) * math.factorial(won) * math.factorial(n - lost - won))
        * half ** (lost + won)
        * (1 - disagreement) ** (n - lost - won)
        for lost, won in both
    ]
    expected = sum(chance for (lost, won), chance in zip(both, chances, strict=True) if go_of(n, lost, won, margin))
    z = deviate(two_sided_confidence(0.95))
    assert power_of(np.array([float(n)]), disagreement, margin, z)[0] == pytest.approx(expected, abs=1e-6)


@given(n=st.integers(1, 500), disagreement=st.floats(0, 0.5))
def test_the_margin_that_rows_can_prove_needs_no_more_than_them(n: int, disagreement: float) -> None:
    """Planning there and back again asks for no more rows than there were."""
    margin = smallest_margin(n, disagreement)
    assert 0 < margin <= 1
    if margin < 0.99:
        assert rows_needed(margin * (1 + 1e-6), disagreement) <= n


def test_many_rows_are_planned_by_the_normal_approximation() -> None:
    """Where more than 600 rows are to disagree it is as good, and no number of rows takes longer."""
    assert rows_needed(0.001, 0.2) == rows_needed_graded(0.001, math.sqrt(0.2)) == 1_236_512
    assert smallest_margin(1_236_512, 0.2) == pytest.approx(0.001, rel=1e-6)


def test_graded_rows_needed_follow_the_spread_of_the_differences() -> None:
    """Rows grow with the square of the deviation, with a floor where the spread is small."""
    assert [rows_needed_graded(0.03, sd) for sd in (0.0, 0.15, 0.20, 0.25)] == [88, 155, 275, 430]


@given(n=st.integers(1, 100_000), sd=st.floats(0, 1), power=st.sampled_from([0.5, 0.8, 0.95]))
def test_the_smallest_graded_margin_needs_just_those_rows(n: int, sd: float, power: float) -> None:
    """Planning there and back again returns the rows it began with."""
    margin = smallest_margin_graded(n, sd, power=power)
    assert 0 < margin <= 1
    if margin < 0.99:
        assert rows_needed_graded(margin * (1 + 1e-9), sd, power=power) == n


@given(n=st.integers(1, 10_000), sd=st.floats(0, 1))
def test_more_graded_rows_prove_smaller_margins(n: int, sd: float) -> None:
    """A row more, or less spread, never makes the margin larger."""
    margin = smallest_margin_graded(n, sd)
    assert smallest_margin_graded(n + 1, sd) <= margin
    assert smallest_margin_graded(n, sd / 2) <= margin


def test_the_smallest_margin_without_disagreement_is_the_limit_itself() -> None:
    """What is planned for rows that all agree is what Tango's interval then says."""
    assert smallest_margin(88, 0.0) == pytest.approx(-tango(88, 0, 0, confidence=0.9).low)


def test_impossible_plans_are_refused() -> None:
    """Margins, shares, rows and powers out of range are errors that say the range."""
    with pytest.raises(ValueError, match="a margin lies"):
        rows_needed(0.0, 0.1)
    with pytest.raises(ValueError, match="disagreement lies"):
        rows_needed(0.03, 10)
    with pytest.raises(ValueError, match="sd lies"):
        smallest_margin_graded(50, -0.1)
    with pytest.raises(ValueError, match="a power lies"):
        rows_needed(0.03, 0.1, power=80)
    with pytest.raises(ValueError, match="0 rows"):
        smallest_margin(0, 0.1)


def test_sixty_rows_that_agree_need_28_more() -> None:
    """The 88 rows that a margin of 3 points needs without any disagreement, less those there are."""
    assert rows_to_settle(tango(60, 0, 0, confidence=0.9), margin=0.03) == 28
    assert rows_to_settle(paired_difference([0.7] * 60, [0.7] * 60, confidence=0.9), margin=0.03) == 28


def test_marks_on_another_scale_need_the_same_rows() -> None:
    """On a scale of 1 to 5 a margin of 0.12 is 3 points."""
    marks = paired_difference([3.0] * 60, [3.0] * 60, confidence=0.9, bounds=(1.0, 5.0))
    assert rows_to_settle(marks, margin=0.12, bounds=(1.0, 5.0)) == 28


@pytest.mark.parametrize(("broke", "fixed"), [(5, 5), (8, 6), (20, 22)])
def test_rows_like_those_seen_settle_the_verdict(broke: int, fixed: int) -> None:
    """With as many more rows in the same shares the limit comes to lie where it must, to a few per cent."""
    estimate = tango(100, broke, fixed, confidence=0.9)
    more = rows_to_settle(estimate, margin=0.05)
    assert more is not None
    grown = (100 + more) / 100
    limit = tango(100 + more, round(broke * grown), round(fixed * grown), confidence=0.9).low
    assert limit == pytest.approx(-0.05, abs=0.004)


@pytest.mark.parametrize("broke", [5, 6, 50])
def test_a_difference_at_the_margin_or_beyond_is_never_settled(broke: int) -> None:
    """No number of rows like these makes it a GO, so none is named."""
    assert rows_to_settle(tango(100, broke, 0, confidence=0.9), margin=0.05) is None


def test_a_verdict_that_stands_needs_no_row() -> None:
    """A limit above the margin is settled."""
    assert rows_to_settle(tango(1000, 10, 10, confidence=0.9), margin=0.03) == 0


def test_a_hair_above_the_margin_is_beyond_all_practice() -> None:
    """A gap that takes more than a billion rows is not settled by any number worth naming."""
    assert rows_to_settle(tango(100, 5, 0, confidence=0.9), margin=0.05 + 1e-12) is None


@given(n=st.integers(2, 500), data=st.data(), margin=st.floats(0.001, 0.5))
def test_settling_always_takes_a_row_unless_it_is_settled(n: int, data: st.DataObject, margin: float) -> None:
    """The three answers are told apart by where the limit and the difference lie."""
    broke = data.draw(st.integers(0, n))
    estimate = tango(n, broke, data.draw(st.integers(0, n - broke)), confidence=two_sided_confidence(0.95))
    more = rows_to_settle(estimate, margin=margin)
    if more is None:
        assert estimate.value + margin < 1e-3
    else:
        assert (more == 0) == (estimate.value - estimate.low < estimate.value + margin)


def test_a_floor_is_settled_by_rows_that_are_all_right() -> None:
    """Twenty right rows need five more to prove at least 90 %: Wilson's limit passes it at 25."""
    more = rows_to_settle_floor(wilson(20, 20, confidence=0.9), floor=0.9)
    assert more == 5
    assert wilson(25, 25, confidence=0.9).low > 0.9 > wilson(24, 24, confidence=0.9).low


def test_a_floor_above_the_mean_is_never_settled() -> None:
    """Scores below the floor do not come to pass it."""
    assert rows_to_settle_floor(one_side([0.5, 0.7], confidence=0.9), floor=0.8) is None


def test_a_ceiling_is_settled_by_the_root_of_the_rows() -> None:
    """Half the reach takes four times the rows; an estimate without an upper limit names none."""
    ratio = Estimate(value=1.0, low=0.8, high=1.2, confidence=0.9, n=50, method="")
    assert rows_to_settle_ceiling(ratio, ceiling=1.3) == 0
    assert rows_to_settle_ceiling(ratio, ceiling=1.1) == pytest.approx(150, abs=1)
    assert rows_to_settle_ceiling(ratio, ceiling=1.0) is None
    endless = Estimate(value=1.0, low=0.0, high=math.inf, confidence=0.9, n=5, method="")
    assert rows_to_settle_ceiling(endless, ceiling=2.0) is None
