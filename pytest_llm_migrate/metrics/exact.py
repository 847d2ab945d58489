"""Whether an answer is the expected one, word for word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_llm_migrate.domain import Score
from pytest_llm_migrate.metrics.json_text import canonical, parse
from pytest_llm_migrate.metrics.normalisation import comparable
from pytest_llm_migrate.metrics.reasons import expected_got
from pytest_llm_migrate.metrics.reference import ReferenceMetric, as_text


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactMatch(ReferenceMetric):
    """1 when the answer is an accepted one, else 0.

    Outer blanks are trimmed, runs of blanks and line ends count as one blank, equal characters of Unicode are
    equal however they are encoded (NFC), and case is folded. A ground truth that is a number, a truth value or an
    object is compared as JSON, whatever the order of its keys; a list holds the accepted answers.

    Attributes:
        case: Whether case matters.
        punctuation: Whether punctuation matters; where not, it stays only between two digits.
    """

    name: str = "exact_match"
    case: bool = False
    punctuation: bool = True

    def compare(self, text: str, expected: Any) -> Score:
        """Return 1 or 0."""
        wanted, got = as_text(expected), text if isinstance(expected, str) else _as_json(text)
        if self._comparable(wanted) == self._comparable(got):
            return Score(1.0)
        return Score(0.0, expected_got(wanted, got))

    def _comparable(self, text: str) -> str:
        return comparable(text, case=self.case, punctuation=self.punctuation)


def _as_json(text: str) -> str:
    try:
        return canonical(parse(text))
    except (ValueError, RecursionError):  # nested as deep as the parser just bears, it can be too deep to write
        return text
