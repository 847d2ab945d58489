"""Whether an answer is the expected one."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.metrics import ExactMatch
from tests.metrics.scored import failed, scored

EQUAL: list[tuple[str, object]] = [
    ("billing", "billing"),
    ("  Billing\n team ", "billing team"),
    ("STRASSE", "straße"),
    ("caf\u00e9", "cafe\u0301"),
    ("", " "),
    ("shipping", ["billing", "shipping"]),
    ("40", 40),
    ("40", 40.0),
    ("True", True),
    ('{"b": [1, 2.0], "a": "x"}', {"a": "x", "b": [1, 2]}),
    ("2026-01-31", date(2026, 1, 31)),
]


@pytest.mark.parametrize(("answer", "truth"), EQUAL)
def test_what_people_call_the_same_answer_scores_one(answer: str, truth: object) -> None:
    """Blanks, case, encoding, order of keys and the look of a number do not matter; any accepted answer will do."""
    score = scored(ExactMatch(), answer, truth)
    assert score == 1.0
    assert score.reason == ""


@pytest.mark.parametrize(
    ("answer", "truth", "reason"),
    [
        ("Shipping", "billing", "expected 'billing', got 'Shipping'"),
        ("billing.", "billing", "expected 'billing', got 'billing.'"),
        ("a\nb\x00", "c", "expected 'c', got 'a b\\x00'"),
        ("x", ["a", "b"], "expected 'a', got 'x' (closest of 2 accepted answers)"),
        ("yes", True, "expected 'true', got 'yes'"),
        ("x" * 100, "y", f"expected 'y', got '{'x' * 59}…'"),
        ("a" * 90 + "b", "a" * 90 + "c", f"from character 76: expected '{'a' * 15}c', got '{'a' * 15}b'"),
        ("a" * 90, "a" * 91, f"from character 76: expected '{'a' * 16}', got '{'a' * 15}'"),
    ],
)
def test_a_loss_says_what_was_expected(answer: str, truth: object, reason: str) -> None:
    """The reason is one printable line that shows where the texts part."""
    score = scored(ExactMatch(), answer, truth)
    assert score == 0.0
    assert score.reason == reason


@pytest.mark.parametrize("truth", [None, [], [None]])
def test_a_row_without_ground_truth_is_not_scored(truth: object) -> None:
    """No ground truth is a score failure that names the column, not a zero."""
    assert failed(ExactMatch(), "x", truth) == "the row has no ground truth (column 'answer_ground_truth')"


def test_case_counts_when_asked() -> None:
    """With case=True another case is another answer."""
    assert scored(ExactMatch(case=True), "Billing", "billing") == 0.0
    assert scored(ExactMatch(case=True), " Billing ", "Billing") == 1.0


@pytest.mark.parametrize(
    ("answer", "truth", "value"),
    [("Billing!", "“billing”", 1.0), ("well-known", "wellknown", 1.0), ("3.5", "35", 0.0), ("1,000.", "1,000", 1.0)],
)
def test_punctuation_is_dropped_when_asked(answer: str, truth: str, value: float) -> None:
    """With punctuation=False it counts only where it makes another number."""
    assert scored(ExactMatch(punctuation=False), answer, truth) == value


def test_every_setting_is_in_the_version() -> None:
    """Two metrics that could score differently have different versions; a name changes none."""
    metrics = [ExactMatch(), ExactMatch(case=True), ExactMatch(punctuation=False)]
    assert len({metric.version for metric in metrics}) == 3
    assert ExactMatch(name="routing").version == ExactMatch().version


@given(st.text())
def test_encoding_and_blanks_never_matter(text: str) -> None:
    """A text equals itself decomposed, padded and with its blanks doubled."""
    other = unicodedata.normalize("NFD", f"\n{text}  ").replace(" ", "  ")
    assert scored(ExactMatch(), other, text) == 1.0


@given(st.text(), st.text())
def test_different_texts_score_zero(answer: str, truth: str) -> None:
    """With all settings strict, one means that both texts compose to the same words."""
    same = unicodedata.normalize("NFC", answer).split() == unicodedata.normalize("NFC", truth).split()
    assert scored(ExactMatch(case=True), answer, truth) == float(same)
