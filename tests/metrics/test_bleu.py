"""BLEU, held against sacreBLEU."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU

from pytest_llm_migrate.errors import UnknownNameError
from pytest_llm_migrate.metrics import Bleu
from tests.metrics.scored import failed, scored

PIECES = ["the ", "Cat ", "sat, ", "on", " 1,000.5 ", "mat.", "é ", "2-3", "&quot;", "价格 ", "-\n", "!"]
SHAPED = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
METRICS = [
    Bleu(),
    Bleu(tokenize="char", case=False),
    Bleu(tokenize="none", smooth="floor"),
    Bleu(smooth="floor", smooth_value=0.5, order=2),
    Bleu(smooth="add-k"),
    Bleu(smooth="none"),
]


def reference(metric: Bleu) -> BLEU:
    """Return sacreBLEU's metric of the same settings."""
    return BLEU(
        lowercase=not metric.case,
        tokenize=metric.tokenize,
        smooth_method=metric.smooth,
        smooth_value=metric.smooth_value,
        max_ngram_order=metric.order,
        effective_order=True,
    )


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.version)
@given(SHAPED | st.text(), SHAPED | st.text())
def test_scores_are_those_of_sacrebleu(metric: Bleu, answer: str, truth: str) -> None:
    """Wherever the ground truth has a word, the score is a hundredth of the package's to the last digit."""
    assume(truth.strip() and metric._words(truth))
    expected = reference(metric).sentence_score(answer, [truth]).score
    assert float(scored(metric, answer, truth)) == min(expected / 100, 1.0)


@pytest.mark.parametrize(
    ("answer", "truth", "smooth", "value"),
    [
        (
            "Niemand hat die Absicht, eine Mauer zu errichten",
            "Niemand hat die Absicht, eine Mauer zu errichten",
            "exp",
            1,
        ),
        ("Die Katze", "Der Hund", "exp", 0),
        ("a b c d", "a b c e", "none", 0),
    ],
)
def test_the_ends_of_the_scale_are_met(answer: str, truth: str, smooth: str, value: float) -> None:
    """An equal text scores 1, one without a word in common 0, and without smoothing one without a run of four 0."""
    assert scored(Bleu(smooth=smooth), answer, truth) == value  # type: ignore[arg-type]


def test_the_sentence_of_sacrebleu_s_documentation_holds() -> None:
    """What the package prints for its own example is what the score prints as."""
    assert f"{100 * scored(Bleu(), 'The dog bit the man.', 'The dog had bit the man.'):.2f}" == "51.15"


def test_a_ground_truth_without_words_is_not_scored() -> None:
    """No answer could score on it."""
    assert failed(Bleu(), "a", " \n") == "the ground truth '' has no word for BLEU"


def test_settings_are_checked_and_in_the_version() -> None:
    """A smoothing nobody knows is named with the nearest one; the version holds all settings."""
    with pytest.raises(UnknownNameError, match="Did you mean 'floor'"):
        Bleu(smooth="flor")  # type: ignore[arg-type]
    assert Bleu().version == "1, tokenize='13a', smooth='exp', smooth_value=None, order=4, case=True"
