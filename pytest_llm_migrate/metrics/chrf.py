"""How many runs of characters an answer shares with the expected one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.metrics.bleu import n_grams
from pytest_llm_migrate.metrics.reasons import expected_got, quoted
from pytest_llm_migrate.metrics.reference import ReferenceMetric, as_text
from pytest_llm_migrate.metrics.runs import character_runs, counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.metrics.runs import Counted

_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChrF(ReferenceMetric):
    """chrF of one answer, from 0 to 1: a hundredth of what sacreBLEU's ``CHRF`` gives.

    The F-measure over runs of characters without blanks, so that it suits every script. Where the ground truth has
    no character, no answer could do better than another, so that there is a score failure.

    Attributes:
        char_order: The longest runs of characters.
        word_order: The longest runs of words; 2 makes it chrF++.
        beta: How much more recall counts than precision.
        case: Whether case matters.
    """

    name: str = "chrf"
    char_order: int = 6
    word_order: int = 0
    beta: int = 2
    case: bool = True

    def compare(self, text: str, expected: Any) -> Score | ScoreFailure:
        """Return chrF in [0, 1]; a failure when the ground truth has no character."""
        wanted_text = as_text(expected)
        if not wanted_text.strip():
            return ScoreFailure(reason=f"the ground truth {quoted(wanted_text)} has no character for chrF")
        wanted, got = (wanted_text, text) if self.case else (wanted_text.lower(), text.lower())
        value = 1.0 if wanted == got else min(self._value(wanted, got), 1.0)
        return Score(value) if value == 1 else Score(value, expected_got(wanted_text, text))

    def _value(self, wanted: str, got: str) -> float:
        orders = [counts for counts in self._counts(wanted, got) if counts.there and counts.told]
        if not orders:
            return 0.0
        precision = recall = 0.0
        for counts in orders:
            precision += counts.common / counts.told
            recall += counts.common / counts.there
        precision, recall, factor = precision / len(orders), recall / len(orders), self.beta**2
        if not precision + recall:
            return 0.0
        return 100 * ((1 + factor) * precision * recall / (factor * precision + recall)) / 100

    def _counts(self, wanted: str, got: str) -> Iterator[Counted]:
        yield from character_runs("".join(wanted.split()), "".join(got.split()), self.char_order)
        there, told = (list(_words(text)) if self.word_order else [] for text in (wanted, got))
        for order in range(1, self.word_order + 1):
            yield counted(n_grams(there, order), n_grams(told, order))


def _words(text: str) -> Iterator[str]:
    """Yield words with one sign of punctuation cut off, behind before in front, as chrF++ does."""
    for word in text.split():
        if len(word) > 1 and word[-1] in _PUNCTUATION:
            yield from (word[:-1], word[-1])
        elif len(word) > 1 and word[0] in _PUNCTUATION:
            yield from (word[0], word[1:])
        else:
            yield word
