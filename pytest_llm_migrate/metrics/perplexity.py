"""How sure a model was of the words of its answer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.metrics.reference import SettledMetric

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Answer, Row

NO_LOGPROBS = (
    "the answer has no log-probabilities. Ask for them with 'logprobs: true' in the prompt's inference, of a model "
    "that gives them: openai:..., or a SageMaker endpoint with the chat wire"
)
"""Why an answer has no perplexity, and how it gets one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Perplexity(SettledMetric):
    """The inverse of the answer's perplexity, in (0, 1]: 1 when the model was certain of every token.

    Perplexity is the exponential of the mean negative log-probability of the answer's tokens under the model that
    wrote it, so that the score is their geometric mean probability. It says how sure a model was, not whether it was
    right, and models with other tokenizers are compared with care.
    """

    name: str = "perplexity"

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:  # noqa: ARG002 - the answer alone decides
        """Return the geometric mean probability of the answer's tokens; a failure where the model gave none."""
        if answer.mean_logprob is None:
            return ScoreFailure(reason=NO_LOGPROBS)
        probability = math.exp(answer.mean_logprob)
        perplexity = 1 / probability if probability else math.inf
        return Score(probability, f"perplexity {perplexity:.4g}")
