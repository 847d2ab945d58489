"""METEOR without synonyms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.metrics.reasons import expected_got, quoted
from pytest_llm_migrate.metrics.reference import ReferenceMetric, as_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    _Numbered = dict[int, str]  # words by their places

_TOKEN = re.compile(r"\w+|[^\w\s]")
_LONGEST_WORD = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Meteor(ReferenceMetric):
    """METEOR over equal words and equal stems, from 0 to 1; a synonym is another word.

    The algorithm and parameters are those of NLTK's ``single_meteor_score``, with Snowball's English stemmer and
    without the WordNet stage: WordNet comes with no package, so that this METEOR is at most the one with synonyms.
    Tokens are words and single signs of punctuation, in lower case. Like NLTK, and unlike METEOR's authors, it
    takes the penalty of one chunk from a perfect answer as well: four equal words of four score 0.992. Where the
    ground truth has no token there is a score failure.

    Attributes:
        alpha: The weight of precision against recall in the harmonic mean.
        beta: How steeply the penalty grows with fragmentation.
        gamma: The greatest penalty.
    """

    name: str = "meteor"
    alpha: float = 0.9
    beta: float = 3.0
    gamma: float = 0.5

    def compare(self, text: str, expected: Any) -> Score | ScoreFailure:
        """Return METEOR in [0, 1]; a failure when the ground truth has no token."""
        wanted_text = as_text(expected)
        wanted, got = tokens(wanted_text), tokens(text)
        if not wanted:
            return ScoreFailure(reason=f"the ground truth {quoted(wanted_text)} has no word for METEOR")
        matches = aligned(got, wanted)
        if not matches:
            return Score(0.0, f"no word in common; {expected_got(wanted_text, text)}")
        precision, recall = len(matches) / len(got), len(matches) / len(wanted)
        mean = (precision * recall) / (self.alpha * precision + (1 - self.alpha) * recall)
        chunks = _chunks(matches)
        value = min((1 - self.gamma * (chunks / len(matches)) ** self.beta) * mean, 1.0)
        chunked = f"{len(matches)} words in {chunks} chunk{'s' if chunks > 1 else ''}"
        return Score(value, f"{chunked}; {expected_got(wanted_text, text)}" if wanted != got else chunked)


def tokens(text: str) -> list[str]:
    """Return the words and signs of punctuation that METEOR counts."""
    return _TOKEN.findall(text.lower())


def aligned(got: Sequence[str], wanted: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of words that match, equal words first, then equal stems; in the order of the answer."""
    exact, got_left, wanted_left = _matched(dict(enumerate(got)), dict(enumerate(wanted)))
    stemmed, _, _ = _matched(*_stemmed(got_left, wanted_left))
    return sorted(exact + stemmed)


def _matched(got: _Numbered, wanted: _Numbered) -> tuple[list[tuple[int, int]], _Numbered, _Numbered]:
    """Match from the end on: each word with the last equal one that is left."""
    free: dict[str, list[int]] = {}
    for place, word in wanted.items():
        free.setdefault(word, []).append(place)
    pairs = [(place, free[word].pop()) for place, word in reversed(got.items()) if free.get(word)]
    taken, met = {place for place, _ in pairs}, {place for _, place in pairs}
    return (
        pairs,
        {place: word for place, word in got.items() if place not in taken},
        {place: word for place, word in wanted.items() if place not in met},
    )


def _stemmed(got: _Numbered, wanted: _Numbered) -> tuple[_Numbered, _Numbered]:
    from snowballstemmer.english_stemmer import EnglishStemmer  # noqa: PLC0415 - a session without it does not pay

    if not got or not wanted:
        return {}, {}
    # A stemmer holds the word it works on, so that each call has its own; equal words are stemmed once.
    stem = EnglishStemmer().stemWord
    stems = {word: stem(word) if len(word) <= _LONGEST_WORD else word for word in {*got.values(), *wanted.values()}}
    found, sought = ({place: stems[word] for place, word in words.items()} for words in (got, wanted))
    return found, sought


def _chunks(matches: Sequence[tuple[int, int]]) -> int:
    return 1 + sum(after != (before[0] + 1, before[1] + 1) for before, after in pairwise(matches))
