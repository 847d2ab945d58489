"""Whether an answer is, or holds, the expected text once what seldom matters is put aside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.metrics.normalisation import comparable
from pytest_llm_migrate.metrics.reasons import expected_got, quoted
from pytest_llm_migrate.metrics.reference import ReferenceMetric, as_text
from pytest_llm_migrate.metrics.tokens import words

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class QuasiMatch(ReferenceMetric):
    """1 when the answer is an accepted one but for case, punctuation, articles and blanks, else 0.

    HELM's quasi-exact match: both texts are lowered, lose ASCII punctuation and the articles *a*, *an* and *the*,
    and have their blanks collapsed. Unlike HELM, an empty answer matches a ground truth that is empty as well.
    """

    name: str = "quasi_match"

    def compare(self, text: str, expected: Any) -> Score:
        """Return 1 or 0."""
        wanted = as_text(expected)
        return Score(1.0) if words(wanted) == words(text) else Score(0.0, expected_got(wanted, text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contains(ReferenceMetric):
    """1 when the answer holds an accepted text, else 0; with ``every`` the share of the texts that it holds.

    Texts are compared as in `ExactMatch`. A text that begins or ends in the middle of a word does not count:
    *no* is not in *know*. Scripts without upper and lower case write words side by side, so there any place counts.

    Attributes:
        case: Whether case matters.
        every: Whether a list of the ground truth is a list of texts that belong into the answer.
    """

    name: str = "contains"
    case: bool = False
    every: bool = False

    def accepted(self, truth: Any) -> Sequence[Any]:
        """Return the answers that a ground truth accepts: the whole list as one where every text belongs."""
        if self.every and isinstance(truth, (list, tuple)):
            return [truth] if truth else []
        return ReferenceMetric.accepted(self, truth)

    def compare(self, text: str, expected: Any) -> Score | ScoreFailure:
        """Return 1 or 0, or a share; a failure when a text that belongs is empty."""
        wanted = expected if self.every and isinstance(expected, (list, tuple)) else [expected]
        phrases = [comparable(as_text(phrase), case=self.case) for phrase in wanted]
        if not all(phrases):
            return ScoreFailure(reason="the ground truth holds an empty text, which is in every answer")
        got = comparable(text, case=self.case)
        missing = [phrase for phrase in phrases if find_phrase(phrase, got) is None]
        if not missing:
            return Score(1.0)
        listed = ", ".join(map(quoted, missing[:_SHOWN]))
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        return Score(1 - len(missing) / len(phrases), f"missing {listed}{more}; got {quoted(text)}")


def find_phrase(phrase: str, text: str) -> int | None:
    """Return where a phrase first stands in a text without cutting a word, ``None`` where it does not."""
    start = text.find(phrase) if phrase else -1
    while start >= 0:
        end = start + len(phrase)
        if not _cuts_word(text, start) and not _cuts_word(text, end):
            return start
        start = text.find(phrase, start + 1)
    return None


def _cuts_word(text: str, place: int) -> bool:
    return 0 < place < len(text) and _of_word(text[place - 1]) and _of_word(text[place])


def _of_word(character: str) -> bool:
    return character.isdigit() or character == "_" or character.lower() != character.upper()
