"""How many words an answer shares with the expected one."""

from __future__ import annotations

import re
import string
from collections import Counter
from dataclasses import dataclass
from typing import Any

from pytest_llm_migrate.domain import Score
from pytest_llm_migrate.metrics.reasons import expected_got
from pytest_llm_migrate.metrics.reference import ReferenceMetric, as_text

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenF1(ReferenceMetric):
    """The F1 of SQuAD 2.0: the harmonic mean of the shares of words that answer and ground truth have in common.

    Words are split at blanks after lowering case and dropping ASCII punctuation and English articles, as SQuAD's
    evaluation script does; a word counts as often as both have it. Two texts without words are equal (1).
    A script that writes no blanks between words has a whole sentence as one word.
    """

    name: str = "token_f1"

    def compare(self, text: str, expected: Any) -> Score:
        """Return F1 in [0, 1]."""
        wanted_text = as_text(expected)
        wanted, got = words(wanted_text), words(text)
        if wanted == got:
            return Score(1.0)
        shared = (Counter(wanted) & Counter(got)).total()
        value = f1(shared, len(wanted), len(got))
        if value == 1:
            return Score(value)
        return Score(value, f"{shared} words shared; {expected_got(wanted_text, text)}")


def words(text: str) -> list[str]:
    """Return the words that SQuAD counts."""
    return _ARTICLES.sub(" ", text.lower().translate(_WITHOUT_PUNCTUATION)).split()


def f1(shared: int, expected: int, got: int) -> float:
    """Return the harmonic mean of precision and recall; 0 when nothing is shared."""
    return harmonic_mean(shared / got, shared / expected) if shared else 0.0


def harmonic_mean(precision: float, recall: float) -> float:
    """Return F1 of a precision and a recall; 0 when both are."""
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0
