"""What a person said of an answer: one line of a review file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llm_migrate.domain.row import SideName

REVIEW_COLUMNS = ("sample_id", "side", "answer_sha256", "rater", "rating", "thumbs", "better", "comment", "label_wrong")
"""The columns of a review file, in order; ``sample_id``, ``side`` and one of `GIVEN_COLUMNS` must be there."""

GIVEN_COLUMNS = ("rating", "thumbs")
"""The columns that say how good one answer is."""

HASH_DIGITS = 16
"""What is kept of an answer's hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One person's word on one answer.

    Attributes:
        sample_id: The row.
        side: Whose answer it is, a blinded one's once it is resolved.
        answer_sha256: `answer_hash` of the text that was read; empty where the file does not say, and then it is
            taken for what is said of any answer of that side.
        rater: Who says so; empty for somebody.
        rating: Higher is better; ``None`` where only the rest was filled in.
        thumbs: ``up`` or ``down``; empty where neither was given.
        better: ``source``, ``target`` or ``tie``; empty where the two answers were not compared.
        comment: In words.
        label_wrong: Whether the ground truth itself is wrong.
    """

    sample_id: str
    side: SideName
    rating: float | None = None
    answer_sha256: str = ""
    rater: str = ""
    thumbs: str = ""
    better: str = ""
    comment: str = ""
    label_wrong: bool = False


def answer_hash(text: str) -> str:
    """Return the first `HASH_DIGITS` hexadecimal digits of the SHA-256 of an answer's text in UTF-8.

    They tell an answer from others to one row, and stand in a report twice a row, where nothing can shorten them.
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_DIGITS]
