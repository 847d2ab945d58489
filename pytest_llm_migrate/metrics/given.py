"""Scores that were given before the run: in columns of the dataset, or by people in review files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, ClassVar, Literal

from pytest_llm_migrate.domain import Score, ScoreFailure, side_column
from pytest_llm_migrate.domain.review import answer_hash
from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics.reference import check_scale

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llm_migrate.domain import Answer, Row, SideName
    from pytest_llm_migrate.domain.review import Review
    from pytest_llm_migrate.metrics.functions import Bounds

GivenBy = Literal["people", "judge"]
_COLUMNS: dict[str, GivenBy] = {"human_score": "people", "llm_judge_score": "judge"}


@dataclass(frozen=True, slots=True)
class ColumnScore:
    """The dataset's own scores of its recorded answers, brought to [0, 1]: ``<column>_<side>_llm``.

    The scale is not guessed from the data, whose ends nobody may have given: a score outside of it is a failure that
    says so. An answer other than the recorded one has none.

    Attributes:
        column: ``human_score`` or ``llm_judge_score``.
        bounds: The least and the greatest score on its scale.
    """

    kept: ClassVar[bool] = False

    column: str
    scale: Bounds = (0.0, 1.0)

    def __post_init__(self) -> None:
        if self.column not in _COLUMNS:
            raise MetricDefinitionError(self.column, f"a column of scores is {' or '.join(_COLUMNS)}")
        check_scale(self.column, self.scale)

    @property
    def name(self) -> str:
        """The column."""
        return self.column

    @property
    def version(self) -> str:
        """The scale."""
        return f"1, scale={self.scale!r}"

    @property
    def given_by(self) -> GivenBy:
        """Whether people gave the scores or a judge."""
        return _COLUMNS[self.column]

    def ratings(self, _sample_ids: Iterable[str]) -> list[Mapping[str, float]]:
        """Return nothing: who gave a score is in no column."""
        return []

    def score(self, answer: Answer, row: Row) -> ScoreFailure:  # noqa: ARG002 - the promise of every metric
        """Return a failure: whose answer it is decides the column."""
        return ScoreFailure(reason=f"{self.name} has a column for each side")

    def score_side(self, side: SideName, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return the score of a side's recorded answer."""
        column, recorded = side_column(self.column, side), row.get(side_column("answer", side))
        value = row.get(column)
        if value is None:
            return ScoreFailure(reason=f"the row has no {column}")
        if recorded != answer.text:
            return ScoreFailure(reason=f"{column} is of the recorded answer, and this is another")
        return _scaled(float(value), self.scale, column, f"ColumnScore({self.column!r}, scale=(1, 5))")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewScores:
    """The mean of what people gave an answer in a review file, brought to [0, 1]; `review_scores` makes one.

    Attributes:
        path: The file, seen from the test file.
        name: The metric's name.
        scale: The least and the greatest rating.
        reviews: What it says of each answer, once it is read.
        marked: Whoever says that a row's ground truth is wrong, with the comment: a review of each.
    """

    kept: ClassVar[bool] = False
    given_by: ClassVar[GivenBy] = "people"

    path: Path
    name: str
    scale: Bounds
    reviews: Mapping[tuple[str, SideName], Sequence[Review]] = field(default_factory=dict, repr=False)
    marked: Mapping[str, Sequence[Review]] = field(default_factory=dict, repr=False)

    @property
    def version(self) -> str:
        """The scale, and the hash of the reviews."""
        content = repr(sorted((key, [repr(review) for review in found]) for key, found in self.reviews.items()))
        return f"1, scale={self.scale!r}, reviews={hashlib.sha256(content.encode('utf-8', 'replace')).hexdigest()[:12]}"

    def reading(self, reviews: Iterable[Review]) -> ReviewScores:
        """Return the metric with what its file says."""
        found: dict[tuple[str, SideName], list[Review]] = {}
        marked: dict[str, dict[str, Review]] = {}
        for review in reviews:
            if review.rating is not None:
                found.setdefault((review.sample_id, review.side), []).append(review)
            if review.label_wrong:  # said of the row, though it stands beside each of its answers
                marked.setdefault(review.sample_id, {}).setdefault(review.rater, review)
        return replace(self, reviews=found, marked={row: tuple(said.values()) for row, said in marked.items()})

    def ratings(self, sample_ids: Iterable[str]) -> list[Mapping[str, float]]:
        """Return the ratings of each reviewed answer of these rows, by rater."""
        wanted = set(sample_ids)
        answers: dict[tuple[str, str, str], dict[str, float]] = {}
        for (sample_id, side), found in self.reviews.items():
            for place, review in enumerate(found if sample_id in wanted else ()):
                rated = answers.setdefault((sample_id, side, review.answer_sha256), {})
                rated[review.rater or f"#{place}"] = float(review.rating or 0)
        return list(answers.values())

    def score(self, answer: Answer, row: Row) -> ScoreFailure:  # noqa: ARG002 - the promise of every metric
        """Return a failure: whose answer it is decides which reviews are of it."""
        return ScoreFailure(reason=f"{self.name} has reviews of each side")

    def score_side(self, side: SideName, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return the mean rating of this very answer; the reason has everybody's."""
        found = self.reviews.get((row.sample_id, side), ())
        if not found:
            return ScoreFailure(reason=f"nobody reviewed the {side} answer in {self.path}")
        given = {"", answer_hash(answer.text)}
        of_this = [review for review in found if review.answer_sha256 in given]
        if not of_this:
            return ScoreFailure(reason=f"{self.path} reviews another {side} answer to this row")
        each = ", ".join(f"{review.rater or 'somebody'} {review.rating:g}" for review in of_this)
        mean = fmean(float(review.rating or 0) for review in of_this)
        found_score = _scaled(mean, self.scale, str(self.path), "review_scores(path, scale=(1, 5))")
        if isinstance(found_score, ScoreFailure):
            return found_score
        return Score(found_score, f"{each} on {self.scale[0]:g} to {self.scale[1]:g}")


def review_scores(path: str | Path, *, name: str = "human_score", scale: Bounds = (1.0, 5.0)) -> ReviewScores:
    """Return the metric of the ratings in a review file, whose path is seen from the test file.

    Its columns are `REVIEW_COLUMNS`; ``scale`` is the least and the greatest rating that people could give.
    """
    check_scale(name, scale)
    return ReviewScores(path=Path(path), name=name, scale=scale)


def _scaled(value: float, scale: Bounds, what: str, way_out: str) -> Score | ScoreFailure:
    low, high = scale
    if not low <= value <= high:
        return ScoreFailure(reason=f"{what} gives {value:g}, outside of {low:g} to {high:g}; name its scale: {way_out}")
    return Score((value - low) / (high - low), f"{value:g} on {low:g} to {high:g}")
