"""How much of the expected text an answer has, word by word."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections import Counter
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics.bleu import n_grams
from pytest_llm_migrate.metrics.reasons import expected_got, quoted
from pytest_llm_migrate.metrics.reference import ReferenceMetric, as_text
from pytest_llm_migrate.metrics.runs import counted
from pytest_llm_migrate.metrics.subsequences import common_length, common_places
from pytest_llm_migrate.metrics.tokens import f1

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORD = re.compile(r"[a-z0-9]+")
_MOST_STEPS = 10**7
"""Steps of a ROUGE-Lsum: some seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rouge(ReferenceMetric):
    """The F-measure of a ROUGE, equal to Google's ``rouge-score`` without stemming.

    Like there, a word is a run of ``a-z0-9`` in lower case: accents cut words, and other scripts have none. Where the
    ground truth has no word at all, ``rouge-score`` says 0; here that is a score failure, for no answer could have
    done better.
    """

    def compare(self, text: str, expected: Any) -> Score | ScoreFailure:
        """Return the F-measure in [0, 1]; a failure when the ground truth has no word."""
        wanted = as_text(expected)
        if not words(wanted):
            return ScoreFailure(reason=f"the ground truth {quoted(wanted)} has no word of a-z or 0-9 for ROUGE")
        found = self._found(wanted, text)
        if isinstance(found, ScoreFailure):
            return found
        value, share = found
        return Score(value) if value == 1 else Score(value, f"{share}; {expected_got(wanted, text)}")

    @abstractmethod
    def _found(self, wanted: str, got: str) -> tuple[float, str] | ScoreFailure:
        """Return the F-measure and, in words, what was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RougeN(_Rouge):
    """The F-measure of ROUGE-1, ROUGE-2 and so on, over runs of words that both texts hold.

    Equal to Google's ``rouge-score`` without stemming; a ground truth shorter than one run scores 0, as there, and
    one without any word is a score failure.

    Attributes:
        order: Words of a run, at least 1.
    """

    name: str = "rouge_1"
    order: int = 1

    def __post_init__(self) -> None:
        """Refuse runs of no words, with `MetricDefinitionError`."""
        if self.order < 1:
            raise MetricDefinitionError(self.name, f"order={self.order!r} is no number of words from 1 on")

    def _found(self, wanted: str, got: str) -> tuple[float, str]:
        there, told, shared = counted(n_grams(words(wanted), self.order), n_grams(words(got), self.order))
        runs = "words" if self.order == 1 else f"runs of {self.order} words"
        return f1(shared, there, told), f"{shared} of {there} {runs}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RougeL(_Rouge):
    """The F-measure of ROUGE-L, over the longest sequence of words that both texts hold in the same order.

    Equal to Google's ``rouge-score`` without stemming, but for a ground truth without a word: a score failure.
    """

    name: str = "rouge_l"

    def _found(self, wanted: str, got: str) -> tuple[float, str]:
        there, told = words(wanted), words(got)
        shared = len(there) if there == told else common_length(there, told)
        return f1(shared, len(there), len(told)), f"{shared} of {len(there)} words in order"


@dataclass(frozen=True, slots=True, kw_only=True)
class RougeLsum(_Rouge):
    """The F-measure of summary-level ROUGE-L: each line of the ground truth against all lines of the answer.

    Equal to Google's ``rouge-score`` without stemming, but for a ground truth without a word: a score failure. A
    sentence is a line; two texts of very many lines or words are a score failure, too.
    """

    name: str = "rouge_lsum"

    def _found(self, wanted: str, got: str) -> tuple[float, str] | ScoreFailure:
        there, told = _lines(wanted), _lines(got)
        size, got_size = sum(map(len, there)), sum(map(len, told))
        if len(there) * got_size + len(told) * size + size * got_size // 64 > _MOST_STEPS:
            return ScoreFailure(reason=f"{size} and {got_size} words are too long to compare line by line")
        shared = _covered(there, told)
        return f1(shared, size, got_size), f"{shared} of {size} words in order"


def words(text: str) -> list[str]:
    """Return the words that ROUGE counts."""
    return _WORD.findall(text.lower())


def _lines(text: str) -> list[list[str]]:
    return list(filter(None, map(words, text.split("\n"))))


def _covered(there: Sequence[Sequence[str]], told: Sequence[Sequence[str]]) -> int:
    """Count the words that some line of the answer has in order; a word no oftener than both texts have it."""
    spare = Counter(chain.from_iterable(there)) & Counter(chain.from_iterable(told))
    hits = 0
    for line in there:
        for place in sorted(set().union(*(common_places(line, other) for other in told))):
            if spare[line[place]]:
                spare[line[place]] -= 1
                hits += 1
    return hits
