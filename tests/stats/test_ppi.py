"""Prediction-powered inference."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_llm_migrate.stats.ppi import LEAST_LABELLED, corrected_difference

RUNS = 400


def drawn(
    seed: int, *, loss: float, error: float, labelled: int, others: int
) -> tuple[list[float], list[float | None]]:
    """Return a judge's differences, and people's of the first rows, of a target that breaks a share of rows."""
    draw = np.random.default_rng(seed)
    rows = labelled + others
    truth = np.ones(rows), (draw.random(rows) > loss).astype(float)
    seen = [np.where(draw.random(rows) < error, 1 - side, side) for side in truth]
    people = [*(truth[1] - truth[0])[:labelled].tolist(), *[None] * others]
    return (seen[1] - seen[0]).tolist(), people


@pytest.mark.parametrize(
    ("loss", "error", "labelled", "others"),
    [(0.03, 0.1, 40, 200), (0.2, 0.2, 40, 200), (0.05, 0.0, 30, 100), (0.2, 0.5, 60, 300)],
)
def test_each_limit_holds_at_its_level(loss: float, error: float, labelled: int, others: int) -> None:
    """Limits of 95 % miss the truth no more often, with rare losses, a perfect judge and a useless one."""
    missed = [0, 0]
    for seed in range(RUNS):
        judged, people = drawn(seed, loss=loss, error=error, labelled=labelled, others=others)
        found = corrected_difference(judged, people, confidence=0.9)
        missed[0] += found.low > -loss
        missed[1] += found.high < -loss
    assert max(missed) / RUNS < 0.075  # three standard errors of 400 runs above 5 %


def test_a_good_judge_narrows_the_interval() -> None:
    """Against that of the labelled rows alone; a useless one costs nothing."""
    judged, people = drawn(3, loss=0.3, error=0.02, labelled=150, others=4000)
    found = corrected_difference(judged, people, confidence=0.95)
    alone = corrected_difference(judged[:150], people[:150], confidence=0.95)
    assert found.high - found.low < 0.7 * (alone.high - alone.low)
    constant = corrected_difference([0.0] * len(people), people, confidence=0.95)
    assert (constant.low, constant.high) == pytest.approx((alone.low, alone.high))


def test_a_judge_s_bias_is_taken_off() -> None:
    """A judge that sees a loss of one half where there is none is put right."""
    judged, people = [-1.0, 0.0] * 200, [0.0] * 100 + [None] * 300
    found = corrected_difference(judged, people, confidence=0.95)
    assert found.low < 0 < found.high
    assert found.value == pytest.approx(0)
    assert found.n == 100


def test_a_span_scales_everything() -> None:
    """Scores from 0 to 10 have limits ten times as far."""
    judged, people = drawn(5, loss=0.2, error=0.1, labelled=50, others=50)
    one = corrected_difference(judged, people, confidence=0.9)
    tens = corrected_difference(
        [10 * value for value in judged],
        [None if value is None else 10 * value for value in people],
        confidence=0.9,
        span=10,
    )
    assert (tens.value, tens.low, tens.high) == pytest.approx((10 * one.value, 10 * one.low, 10 * one.high))


def test_too_few_rows_and_sides_that_do_not_pair_are_refused() -> None:
    """Nothing is corrected by a handful."""
    few: list[float | None] = [0.0] * (LEAST_LABELLED - 1)
    with pytest.raises(ValueError, match="29 rows with people's scores are too few, 30 are needed"):
        corrected_difference([0.0] * 29, few, confidence=0.95)
    with pytest.raises(ValueError, match="do not pair"):
        corrected_difference([0.0], [], confidence=0.95)
