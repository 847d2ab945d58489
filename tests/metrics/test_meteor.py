"""METEOR, held against NLTK's without its WordNet stage."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from nltk.translate.meteor_score import single_meteor_score
from snowballstemmer.english_stemmer import EnglishStemmer

from pytest_llm_migrate.metrics import Meteor
from pytest_llm_migrate.metrics.meteor import tokens
from tests.metrics.scored import failed, scored

WORDS = ["the", "Cat", "cats", "sat", "sitting", "sits", "on", "1", ".", "é", "argue", "argued", "arguing"]
SHAPED = st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join)
LAVIE = (
    "It is a guide to action which ensures that the military always obeys the commands of the party",
    "It is a guide to action that ensures that the military will forever heed Party commands",
)


class NoSynonyms:
    """A WordNet that knows no word."""

    def synsets(self, _word: str) -> list[object]:
        """Return nothing."""
        return []


class Snowball:
    """Our stemmer under NLTK's name for it."""

    def stem(self, word: str) -> str:
        """Return the stem of a word."""
        return str(EnglishStemmer().stemWord(word))


@given(SHAPED | st.text(), SHAPED | st.text(), st.sampled_from([Meteor(), Meteor(alpha=0.5, beta=1.0, gamma=0.2)]))
def test_scores_are_those_of_nltk(answer: str, truth: str, metric: Meteor) -> None:
    """With the same tokens and stemmer, and no synonyms on either side, the score is NLTK's to the last digit."""
    assume(tokens(truth))
    expected = single_meteor_score(
        tokens(truth),
        tokens(answer),
        preprocess=str,
        stemmer=Snowball(),
        wordnet=NoSynonyms(),
        alpha=metric.alpha,
        beta=metric.beta,
        gamma=metric.gamma,
    )
    assert float(scored(metric, answer, truth)) == min(expected, 1.0)


def test_the_example_of_nltk_holds() -> None:
    """The sentences of NLTK's documentation have no synonyms, so that the figure printed there is met."""
    assert f"{scored(Meteor(), *LAVIE):.4f}" == "0.6944"
    assert scored(Meteor(), "non matching hypothesis", "this is a cat") == 0.0


def test_stems_count_and_synonyms_do_not() -> None:
    """Forms of one word match; another word for the same thing does not."""
    assert scored(Meteor(), "argued", "arguing") == 0.5
    assert scored(Meteor(), "car", "automobile").reason == "no word in common; expected 'automobile', got 'car'"


def test_an_equal_answer_pays_for_its_one_chunk() -> None:
    """As in NLTK a perfect answer stays a little below 1, and says why."""
    score = scored(Meteor(), "the cat sat down", "the cat sat down")
    assert float(score) == 1 - 0.5 * 0.25**3
    assert score.reason == "4 words in 1 chunk"


@pytest.mark.parametrize("truth", ["", " \n"])
def test_a_ground_truth_without_words_is_not_scored(truth: str) -> None:
    """No answer could score on it."""
    assert failed(Meteor(), "a", truth) == "the ground truth '' has no word for METEOR"
