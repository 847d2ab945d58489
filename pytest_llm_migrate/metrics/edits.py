"""How little of an answer must be typed anew to make it the expected one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.errors import counted
from pytest_llm_migrate.metrics.normalisation import comparable
from pytest_llm_migrate.metrics.reasons import expected_got
from pytest_llm_migrate.metrics.reference import ReferenceMetric, as_text, one_of

_MOST_CELLS = 2 * 10**11
"""Pairs of units that a comparison may look at: some seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditSimilarity(ReferenceMetric):
    """1 less the Levenshtein distance over the longer text's length: RapidFuzz's ``normalized_similarity``.

    Insertions, deletions and substitutions cost 1 each. Texts are compared as they stand, but for their outer and
    repeated blanks. Two empty texts are equal (1).

    Attributes:
        case: Whether case matters.
        unit: What is edited: characters, or words between blanks.
    """

    name: str = "edit_similarity"
    case: bool = True
    unit: Literal["character", "word"] = "character"

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing, with `UnknownNameError`."""
        one_of("unit", self.unit, ("character", "word"))

    def compare(self, text: str, expected: Any) -> Score | ScoreFailure:
        """Return the similarity in [0, 1]; a failure for two texts of about half a megabyte and more."""
        from rapidfuzz.distance import Levenshtein  # noqa: PLC0415 - a session without it does not pay for it

        wanted, got = (comparable(value, case=self.case) for value in (as_text(expected), text))
        first, second = (wanted, got) if self.unit == "character" else (wanted.split(), got.split())
        if first == second:
            return Score(1.0)
        if len(first) * len(second) > _MOST_CELLS:
            lengths = f"{len(first)} and {len(second)} {self.unit}s"
            return ScoreFailure(reason=f"texts of {lengths} are too long to compare edit by edit")
        distance = Levenshtein.distance(first, second)
        value = 1 - distance / max(len(first), len(second))
        return Score(value, f"{counted(distance, self.unit)} to edit; {expected_got(as_text(expected), text)}")
