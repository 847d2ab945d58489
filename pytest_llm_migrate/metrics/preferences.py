"""Which of the two answers people prefer: what a review file says in its column ``better``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING, ClassVar

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.domain.review import answer_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_llm_migrate.domain import Answer, Row
    from pytest_llm_migrate.domain.review import Review

_TARGET = {"source": 0.0, "tie": 0.5, "target": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPreferences:
    """The better side of each row by people: 1 for it, 0 for the other, 0.5 each for a tie; of several the mean.

    Attributes:
        path: The review file, seen from the test file.
        name: The metric's name.
        reviews: What the file says of each row, where it names a better side.
    """

    kept: ClassVar[bool] = False

    path: Path
    name: str
    reviews: Mapping[str, Sequence[Review]] = field(repr=False)

    @classmethod
    def of(cls, path: Path, name: str, reviews: Iterable[Review]) -> ReviewPreferences:
        """Return the metric ``name`` of the reviews that name a better side, if any do."""
        found: dict[str, list[Review]] = {}
        for review in reviews:
            if review.better:
                found.setdefault(review.sample_id, []).append(review)
        return cls(path=path, name=name, reviews=found)

    @property
    def version(self) -> str:
        """The hash of the reviews."""
        content = repr(sorted((key, [repr(review) for review in found]) for key, found in self.reviews.items()))
        return f"1, reviews={hashlib.sha256(content.encode('utf-8', 'replace')).hexdigest()[:12]}"

    def score(self, answer: Answer, row: Row) -> ScoreFailure:  # noqa: ARG002 - the promise of every metric
        """Return a failure: one answer alone is not preferred to another."""
        return ScoreFailure(reason=f"{self.name} compares two answers, and there is one")

    def score_pair(self, source: Answer, target: Answer, row: Row) -> tuple[Score | ScoreFailure, Score | ScoreFailure]:
        """Return what people who read these very answers prefer; the reason has everybody's word."""
        given = self.reviews.get(row.sample_id, ())
        if not given:
            failure = ScoreFailure(reason=f"nobody compared the answers in {self.path}")
            return failure, failure
        hashes = {"source": answer_hash(source.text), "target": answer_hash(target.text)}
        said = sorted({(review.rater, review.better) for review in _of_these(given, hashes)})
        if not said:
            failure = ScoreFailure(reason=f"{self.path} compares other answers to this row")
            return failure, failure
        mean = fmean(_TARGET[better] for _, better in said)
        each = ", ".join(f"{rater or 'somebody'} {better}" for rater, better in said)
        return Score(1 - mean, each), Score(mean, each)


def _of_these(given: Sequence[Review], hashes: Mapping[str, str]) -> Iterator[Review]:
    """Yield the lines on these answers; a rater's word is void where the other answer was another one."""
    read = {(review.rater, review.side) for review in given}
    fits = [review for review in given if review.answer_sha256 in {"", hashes[review.side]}]
    known = {(review.rater, review.side) for review in fits}
    yield from (review for review in fits if all((review.rater, side) not in read - known for side in hashes))
