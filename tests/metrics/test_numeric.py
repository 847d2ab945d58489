"""Whether an answer gives the expected number."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.errors import MetricDefinitionError, UnknownNameError
from pytest_llm_migrate.metrics import NumericMatch
from pytest_llm_migrate.metrics.quantities import quantities
from tests.metrics.scored import failed, scored

READINGS: list[tuple[str, list[float | str]]] = [
    ("$1577.00", [1577]),
    ("FY2018 capex of 3M was $1,577 million.", [3e6, 1577e6]),
    ("-5, −5, -$5, $-5, minus 5, - 5 and 2010-2018", [-5, -5, -5, -5, -5, 5, 2010, 2018]),
    ("US$1.5bn, USD 20k, 3B, €2 trillion, 7mn", [1.5e9, 20e3, 3e9, 2e12, 7e6]),
    ("12.5%, 12.5 percent, 5 per cent", [0.125, 0.125, 0.05]),
    ("1'577, 1\u00a0577, 12,345,678.90", [1577, 1577, 12345678.9]),
    (".5 and 1.5e3 and 2E-2", [0.5, 1500, 0.02]),
    ("forty-two, twenty one, a dozen, two hundred million, a hundred, nineteen", [42, 21, 12, 200e6, 100, 19]),
    ("٤٢", [42]),
    ("40kg on the 2nd", [40, 2]),
    ("GPT-4, COVID-19, 1.2.3, 01.02.2018, 1,5", []),
    ("1. seeds\n2) 30 trays", [30]),
    ("42. That is all.", [42]),
    ("n\u0131ne \u017fix m\u0131llion 5\u212a", [5]),
    ("a lot, an apple, tens, none", []),
    ("9" * 61, []),
]


@pytest.mark.parametrize(("text", "values"), READINGS)
def test_numbers_are_read_as_people_write_them(text: str, values: list[float]) -> None:
    """Signs, currencies, separators, scales and words are read; names, dates and list markers are not."""
    found = quantities(text)
    assert [float(quantity.digits * (quantity.scale or 1)) for quantity in found] == pytest.approx(values)


def test_a_decimal_comma_is_read_when_asked() -> None:
    """With decimal=',' the marks change places."""
    assert [float(quantity.digits) for quantity in quantities("1.577,50 und 0,5", decimal=",")] == [1577.5, 0.5]
    assert scored(NumericMatch(decimal=","), "1.577,50", 1577.5) == 1.0


@pytest.mark.parametrize(
    ("answer", "truth"),
    [
        ("Capex was $1,577 million in 2018.", "$1,577,000,000"),
        ("1.577bn", "1,577 million"),
        ("about forty items", 40),
        ("40.0", "40"),
        ("0.125", "12.5%"),
        ("a loss of (1,577)", "-1577"),
        ("-5", "(5)"),
        ("up (12%)", "12%"),
        ("zero", 0.0),
        ("2", ["one", "two"]),
        ("$1.58 billion", "$1,577 million"),
        ("$1,577,345,000", "$1,577 million"),
        ("12.5%", "12.47%"),
    ],
)
def test_the_same_number_scores_one(answer: str, truth: object) -> None:
    """However it is written, and rounded by at most a hundredth to the places shown."""
    assert scored(NumericMatch(), answer, truth) == 1.0


@pytest.mark.parametrize(
    ("answer", "truth", "reason"),
    [
        ("2019", 2018, "expected '2018', got '2019'"),
        ("41", "40", "expected '40', got '41'"),
        ("5", "-5", "expected '-5', got '5'"),
        ("5", "(5)", "expected '(5)', got '5'"),
        ("2 billion", "1.577 billion", "expected '1.577 billion', got '2 billion'"),
        ("1,580,000,000", "1,577 million", "expected '1,577 million', got '1,580,000,000'"),
        ("none at all", "40", "expected '40', got no number"),
        ("5 million", "5", "expected '5', got '5 million'; the same digits in another scale, see scale="),
        ("12.5", "12.5%", "expected '12.5%', got '12.5'; the same digits in another scale, see scale="),
        ("1 2 3 4 5", "9", "expected '9', got '1', '2', '3' and 2 more"),
    ],
)
def test_another_number_scores_zero(answer: str, truth: object, reason: str) -> None:
    """The reason shows the numbers that were found, and the setting that may be missing."""
    score = scored(NumericMatch(), answer, truth)
    assert score == 0.0
    assert score.reason == reason


@pytest.mark.parametrize("answer", ["$1,577 million", "$1.577bn", "1577", "$1,577,000,000", "1,577.00"])
def test_a_ground_truth_may_count_in_millions(answer: str) -> None:
    """With scale='million' a bare ground truth is in millions, and a bare answer is read both ways."""
    assert scored(NumericMatch(scale="million"), answer, "$1577.00") == 1.0
    assert scored(NumericMatch(scale_column="unit"), answer, "$1577.00", unit="USD Millions") == 1.0


def test_the_scale_of_a_loss_is_shown() -> None:
    """The reason says in what the ground truth counts."""
    assert scored(NumericMatch(scale="million"), "5 thousand", "7").reason == "expected '7' (million), got '5 thousand'"


@pytest.mark.parametrize("unit", ["", None, "kg"])
def test_a_unit_without_a_scale_scales_nothing(unit: str | None) -> None:
    """A row whose unit names no scale is read as it stands."""
    assert scored(NumericMatch(scale="million", scale_column="unit"), "5 million", "5", unit=unit) == 0.0
    assert scored(NumericMatch(scale_column="unit"), "5", "5", unit=unit) == 1.0


def test_a_missing_unit_column_is_not_scored() -> None:
    """A column that the dataset does not have is a score failure that names it."""
    assert failed(NumericMatch(scale_column="unit"), "5", "5") == "the row has no column 'unit' to tell the scale"


@pytest.mark.parametrize(
    ("truth", "reason"),
    [
        (None, "the row has no ground truth (column 'answer_ground_truth')"),
        ("n/a", "the ground truth 'n/a' holds no number"),
        (True, "the ground truth 'true' holds no number"),
        (float("nan"), "the ground truth 'NaN' holds no number"),
        ("10 or 20", "the ground truth '10 or 20' holds 2 numbers ('10', '20'), not one"),
    ],
)
def test_a_ground_truth_without_one_number_is_not_scored(truth: object, reason: str) -> None:
    """What number to expect is never guessed."""
    assert failed(NumericMatch(), "5", truth) == reason


@pytest.mark.parametrize(("pick", "value"), [("any", 1.0), ("first", 0.0), ("last", 0.0)])
def test_which_number_counts_can_be_chosen(pick: Any, value: float) -> None:
    """The expected number in the middle counts only where any number may be it."""
    metric = NumericMatch(pick=pick)
    assert scored(metric, "Of 7 boxes, 5 came by the 3rd.", "5") == value
    assert scored(metric, "5", "5") == 1.0


def test_tolerance_forgives_what_rounding_does_not() -> None:
    """A relative difference within the tolerance counts as none, at its edge too."""
    assert scored(NumericMatch(tolerance=0.05), "105", "100") == 1.0
    assert scored(NumericMatch(tolerance=0.05), "106", "100") == 0.0
    assert scored(NumericMatch(rounding=0.0), "1.58 billion", "1,577 million") == 0.0


@pytest.mark.parametrize("settings", [{"scale": "milion"}, {"pick": "frist"}, {"decimal": ";"}])
def test_a_wrong_setting_is_refused(settings: dict[str, Any]) -> None:
    """A setting that means nothing is an error at once, with what there is."""
    with pytest.raises(UnknownNameError, match="Known: "):
        NumericMatch(**settings)


@pytest.mark.parametrize("settings", [{"tolerance": -1}, {"rounding": 5}, {"tolerance": float("nan")}])
def test_what_counts_as_equal_is_a_share(settings: dict[str, Any]) -> None:
    """Percents given as whole numbers would call everything equal."""
    with pytest.raises(MetricDefinitionError, match=r"is no share of the ground truth.* One percent is \w+=0.01."):
        NumericMatch(**settings)


@given(st.integers(-(10**15), 10**15), st.integers(0, 6))
def test_a_number_is_read_back_however_it_is_grouped(number: int, places: int) -> None:
    """What Python writes, with or without separators, is read as the same number."""
    value = Fraction(number, 10**places)
    plain = f"{number / 10**places:.{places}f}"
    for text in (plain, f"{float(plain):,.{places}f}"):
        assert [quantity.digits for quantity in quantities(text)] == [Fraction(text.replace(",", ""))]
    assert abs(quantities(plain)[0].digits - value) <= abs(value) / 10**9
