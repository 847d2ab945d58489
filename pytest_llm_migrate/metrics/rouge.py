"""How much of the expected text an answer has in the same order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.metrics.reasons import expected_got, quoted
from pytest_llm_migrate.metrics.reference import ReferenceMetric, as_text
from pytest_llm_migrate.metrics.tokens import f1

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class RougeL(ReferenceMetric):
    """The F-measure of ROUGE-L, over the longest sequence of words that both texts hold in the same order.

    Equal to Google's ``rouge-score`` without stemming. Like there, a word is a run of ``a-z0-9`` in lower case:
    accents cut words, and other scripts have none. Where the ground truth has no word at all, ``rouge-score``
    says 0; here that is a score failure, for no answer could have done better.
    """

    name: str = "rouge_l"

    def compare(self, text: str, expected: Any) -> Score | ScoreFailure:
        """Return the F-measure in [0, 1]; a failure when the ground truth has no word."""
        wanted_text = as_text(expected)
        wanted, got = _WORD.findall(wanted_text.lower()), _WORD.findall(text.lower())
        if not wanted:
            return ScoreFailure(reason=f"the ground truth {quoted(wanted_text)} has no word of a-z or 0-9 for ROUGE")
        if wanted == got:
            return Score(1.0)
        shared = common_length(wanted, got)
        value = f1(shared, len(wanted), len(got))
        if value == 1:
            return Score(value)
        return Score(value, f"{shared} of {len(wanted)} words in order; {expected_got(wanted_text, text)}")


def common_length(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the length of the longest common subsequence.

    Bit-parallel (Crochemore and others, 2001): one step holds a word of the longer text against all of the
    shorter one, whose places are the bits of one integer; a bit that falls to 0 is one more word in common.
    """
    shorter, longer = sorted((first, second), key=len)
    places: dict[str, int] = {}
    for index, word in enumerate(shorter):
        places[word] = places.get(word, 0) | 1 << index
    everywhere = (1 << len(shorter)) - 1
    row = everywhere
    for word in longer:
        if here := row & places.get(word, 0):
            row = (row + here | row - here) & everywhere
    return len(shorter) - row.bit_count()
