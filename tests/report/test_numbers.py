"""Numbers as people read them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.report.numbers import (
    amount,
    count,
    counted,
    interval,
    p_value,
    percent,
    points,
    quantity,
    ratio,
    score,
    score_change,
    seconds,
    usd,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SHOWN: list[tuple[Callable[[float | None], str], float, str]] = [
    (percent, 0.713, "71.3%"),
    (percent, 1, "100.0%"),
    (percent, -0.00001, "0.0%"),
    (points, -0.032, "-3.2 pp"),
    (points, 0.05, "+5.0 pp"),
    (points, -0.0001, "0.0 pp"),
    (score, 1.0, "1"),
    (score, 0.4567, "0.457"),
    (score, 3.5, "3.5"),
    (score_change, -0.25, "-0.25"),
    (score_change, 0.0, "0"),
    (seconds, 0, "0 ms"),
    (seconds, 0.0084, "8.4 ms"),
    (seconds, 0.84, "840 ms"),
    (seconds, 0.9996, "1.00 s"),
    (seconds, 1.24, "1.24 s"),
    (seconds, 9.996, "10.0 s"),
    (seconds, 12.44, "12.4 s"),
    (seconds, 124.2, "124 s"),
    (usd, 0, "$0.00"),
    (usd, 0.00041, "$0.00041"),
    (usd, 0.000412, "$0.000412"),
    (usd, 4.1e-9, "$0.0000000041"),
    (usd, 0.5, "$0.50"),
    (usd, 1.239, "$1.24"),
    (usd, 999.999, "$1,000"),
    (usd, 1240, "$1,240"),
    (usd, -0.01, "-$0.01"),
    (ratio, 0, "x0.00"),
    (ratio, 0.62, "x0.62"),
    (ratio, 0.0624, "x0.062"),
    (ratio, 0.1, "x0.10"),
    (ratio, 9.999, "x10.0"),
    (ratio, 12.44, "x12.4"),
    (ratio, 1234.4, "x1,234"),
    (p_value, 0.0412, "0.041"),
    (p_value, 1.0, "1"),
    (p_value, 0.001, "0.001"),
    (p_value, 0.00099, "< 0.001"),
    (p_value, 0.0, "< 0.001"),
    (count, 1234, "1,234"),
    (amount, 83.44, "83.4"),
    (amount, 12.0, "12"),
    (amount, 1234.4, "1,234"),
]


@pytest.mark.parametrize(("show", "value", "text"), SHOWN)
def test_a_number_has_as_many_digits_as_it_needs(show: Callable[[float | None], str], value: float, text: str) -> None:
    """Each number is shown with its unit and the digits that tell it from its like."""
    assert show(value) == text


@pytest.mark.parametrize("show", dict.fromkeys(row[0] for row in SHOWN))
@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_what_is_not_known_is_never_a_number(show: Callable[[float | None], str], value: float | None) -> None:
    """Nothing, not-a-number and infinity are called unknown."""
    assert show(value) == "unknown"


@given(value=st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
def test_no_number_is_shown_as_minus_zero(value: float) -> None:
    """Rounding to nothing takes the sign away, and no finite number is unknown."""
    for show in (percent, points, score, score_change, seconds, ratio, count, amount, usd):
        text = show(value)
        assert text != "unknown"
        assert not (text.startswith("-") and not any(digit in text for digit in "123456789")) or show in {
            count,
            seconds,
        }


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ([-0.05, 0.03], "[-5.0 pp, +3.0 pp]"),
        ([-0.05, None], "[-5.0 pp, no limit]"),
        ([None, None], "unknown"),
        (None, "unknown"),
    ],
)
def test_an_interval_says_which_limit_is_missing(limits: list[float | None] | None, text: str) -> None:
    """A one-sided interval names its open end; an interval without limits is unknown."""
    assert interval(limits, points) == text


def test_a_quantity_is_shown_in_its_unit() -> None:
    """Seconds, dollars and whatever is counted each have their own form."""
    assert [quantity(unit)(1.5) for unit in ("s", "USD", "tokens")] == ["1.50 s", "$1.50", "1.5"]


def test_a_count_agrees_with_its_noun() -> None:
    """One of a thing is singular."""
    assert [counted(number, "row") for number in (0, 1, 1240)] == ["0 rows", "1 row", "1,240 rows"]
