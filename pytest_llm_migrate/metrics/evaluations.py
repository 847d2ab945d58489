"""Scores that a job of Bedrock Evaluations gave to answers of a run, as a metric."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.errors import EvaluationFilesError
from pytest_llm_migrate.metrics.evaluation_files import fingerprint, read_scores

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llm_migrate.domain import Answer, Row, SideName
    from pytest_llm_migrate.metrics.evaluation_files import JobScore

LOWER_IS_BETTER = frozenset({"Harmfulness", "Stereotyping", "Refusal"})
"""Metrics of Bedrock whose best score is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BedrockEvaluations:
    """Gives each answer the score that a job gave it, turned around where lower is better.

    Attributes:
        path: The folder of the export, seen from the test file.
        metric: Bedrock's name of the metric.
        higher_is_better: Whether the best answer gets 1.
        scores: What the jobs said, by side and row, once it is read.
    """

    kept: ClassVar[bool] = False

    name: str
    path: Path
    metric: str
    higher_is_better: bool
    scores: Mapping[tuple[SideName, str], JobScore] = field(default_factory=dict, repr=False)

    @property
    def version(self) -> str:
        """The direction, and a hash of all scores."""
        text = repr(sorted((*place, score.result, score.response) for place, score in self.scores.items()))
        return f"{self.metric}, {self.higher_is_better}, {hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def reading(self, folder: Path) -> BedrockEvaluations:
        """Return the metric with what the jobs said; ``folder`` is the test file's.

        Raises `EvaluationFilesError` where there is no export, or no such scores.
        """
        root = folder / self.path
        try:
            return replace(self, scores=read_scores(root, self.metric))
        except EvaluationFilesError as error:
            shown = error.path.replace(str(root), str(self.path), 1)
            raise EvaluationFilesError(shown, error.fault, error.way_out) from error

    def score(self, answer: Answer, row: Row) -> ScoreFailure:  # noqa: ARG002 - a score belongs to a side's answer
        """Return a failure: without its side an answer is none that a job scored."""
        return ScoreFailure(reason="Bedrock Evaluations scored answers of a side, and none is named")

    def score_side(self, side: SideName, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return the job's score of this very answer, or why there is none."""
        found = self.scores.get((side, row.sample_id))
        if found is None:
            return ScoreFailure(reason=f"no job scored the {side}'s answer to this row in {self.metric}")
        if found.response != fingerprint(answer.text):
            return ScoreFailure(reason="the answer is another one than was scored: export this run, and score again")
        if found.result is None:
            return ScoreFailure(reason=f"{self.metric} is not applicable", raw=found.explanation)
        if not 0 <= found.result <= 1:
            return ScoreFailure(reason=f"the job gave {found.result:g}, outside of 0 to 1", raw=found.explanation)
        if self.higher_is_better:
            return Score(found.result, found.explanation)
        return Score(1 - found.result, f"{found.result:g}, lower is better: {found.explanation}")


def bedrock_evaluations(
    path: str | Path, metric: str = "Correctness", *, name: str | None = None, higher_is_better: bool | None = None
) -> BedrockEvaluations:
    """Return a metric of the scores that jobs of Bedrock Evaluations gave to an export.

    ``path`` is the folder of the export, seen from the test file, with the jobs' output anywhere in it. ``metric`` is
    one of Bedrock's, with or without ``Builtin.``, or a custom one, whose scores must lie in 0 to 1. What a job calls
    not applicable is a score failure. ``higher_is_better`` is known of Bedrock's own, and true for others where not
    given.
    """
    metric = metric.removeprefix("Builtin.")
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])|\W+", "_", metric).lower()
    is_higher = metric not in LOWER_IS_BETTER if higher_is_better is None else higher_is_better
    return BedrockEvaluations(
        name=name or f"bedrock_{snake}",
        path=Path(path),
        metric=metric,
        higher_is_better=is_higher,
    )
