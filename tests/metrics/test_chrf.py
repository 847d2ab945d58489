"""chrF, held against sacreBLEU."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sacrebleu.metrics.chrf import CHRF

from pytest_llm_migrate.metrics import ChrF
from tests.metrics.scored import failed, scored

PIECES = ["the ", "Cat ", "(sat) ", "on", "1,000 ", "mat.", "é ", "价格", "\n", "!"]
SHAPED = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
METRICS = [
    ChrF(),
    ChrF(word_order=2),
    ChrF(char_order=3, beta=3, case=False),
    ChrF(char_order=20, word_order=1, beta=1),
]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.version)
@given(SHAPED | st.text(), SHAPED | st.text())
def test_scores_are_those_of_sacrebleu(metric: ChrF, answer: str, truth: str) -> None:
    """Wherever the ground truth has a character, the score is a hundredth of the package's to the last digit."""
    assume(truth.strip())
    reference = CHRF(
        char_order=metric.char_order, word_order=metric.word_order, beta=metric.beta, lowercase=not metric.case
    )
    expected = reference.sentence_score(answer, [truth]).score
    assert float(scored(metric, answer, truth)) == min(expected / 100, 1.0)


@pytest.mark.parametrize(
    ("answer", "truth", "word_order", "value"),
    [
        ("abcdefg", "hijklmnop", 0, 0.0),
        ("a", "b", 0, 0.0),
        ("", "b", 0, 0.0),
        ("abcdefghijklmnop", "abcdefghijklmnop", 0, 1.0),
        (
            "Niemand hat die Absicht, eine Mauer zu errichten",
            "Niemand hat die Absicht, eine Mauer zu errichten",
            2,
            1.0,
        ),
    ],
)
def test_the_vectors_of_the_package_hold(answer: str, truth: str, word_order: int, value: float) -> None:
    """The cases of sacreBLEU's own tests give its figures."""
    assert scored(ChrF(word_order=word_order), answer, truth) == value


def test_a_ground_truth_without_characters_is_not_scored() -> None:
    """No answer could score on it."""
    assert failed(ChrF(), "a", " \n") == "the ground truth '' has no character for chrF"
