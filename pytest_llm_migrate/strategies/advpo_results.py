"""The results of an Advanced Prompt Optimization job: the prompt for one target, and the service's own scores."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain.bedrock_ids import base_id, bedrock_id
from pytest_llm_migrate.errors import NoRewriteError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llm_migrate.domain import PromptTask

_FIGURES = {
    "averageScore": "score",
    "averageInputTokens": "input tokens",
    "averageOutputTokens": "output tokens",
    "averageTtftInSec": "seconds to the first token",
}
_WAY_OUT = "Give the results of a job for this prompt and target, or start one with --strategy-option s3=s3://..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a job made of a template for one model.

    Attributes:
        template: The optimized template.
        said: A sentence on the service's own figures.
        scores: Its scores of the source prompt and of this one, from 0 to 1, where it gave both.
    """

    template: str
    said: str
    scores: tuple[float, float] | None


def chosen_result(text: str, task: PromptTask, strategy: str, *, template: str, asked: str) -> Chosen:
    """Return the optimized template for a task's target with the service's scores.

    Args:
        text: A results file: JSON lines.
        task: The task.
        strategy: Who asks, for errors.
        template: The template's name in the job.
        asked: The text that the job was to optimize: results of another name count where they optimized just it.

    Raises:
        NoRewriteError: The file has none, or the service failed.
    """
    records = list(_records(text, task, strategy))
    fitting = [record for record in records if record.get("promptTemplateId") == template]
    fitting = fitting or [record for record in records if _squeezed(record.get("promptTemplate")) == _squeezed(asked)]
    results = [result for record in fitting for result in record.get("promptOptimizationResults") or []]
    for result in results:
        if _is_model(str(result.get("modelId")), task.target):
            template = _template(result, task, strategy)
            return Chosen(template=template, said=_said(result), scores=_scores(result))
    known = ", ".join(sorted({str(result.get("modelId")) for result in results})) or "none"
    names = ", ".join(sorted({str(record.get("promptTemplateId")) for record in records})) or "none"
    problem = f"the results have no prompt {template!r} for it (prompts: {names}; this one's models: {known})"
    raise NoRewriteError(strategy, task.target, problem, _WAY_OUT)


def _records(text: str, task: PromptTask, strategy: str) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            problem = f"line {number} of the results is no JSON object"
            raise NoRewriteError(strategy, task.target, problem, _WAY_OUT)
        yield found


def _template(result: Mapping[str, Any], task: PromptTask, strategy: str) -> str:
    found = result.get("optimizedPromptTemplate")
    if result.get("status") == "SUCCESS" and isinstance(found, str) and found.strip():
        return found
    reason = result.get("failureReason") or f"the status is {result.get('status')!r} and there is no prompt"
    raise NoRewriteError(strategy, task.target, f"the service failed: {reason}", "Run it again, or take another one.")


def _said(result: Mapping[str, Any]) -> str:
    before, after = result.get("originalPromptMetrics") or {}, result.get("optimizedPromptMetrics") or {}
    said = [
        f"{label} {before[name]:.4g} -> {after[name]:.4g}"
        for name, label in _FIGURES.items()
        if isinstance(before.get(name), int | float) and isinstance(after.get(name), int | float)
    ]
    count = len(result.get("dataset") or [])
    return f"The service's own figures, on the {count} samples that it optimized on: {', '.join(said) or 'none'}."


def _scores(result: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the service's scores of the source prompt and its own, ``None`` where one is no number from 0 to 1."""
    sides = ("originalPromptMetrics", "optimizedPromptMetrics")
    found = [(result.get(name) or {}).get("averageScore") for name in sides]
    before, after = (float(score) if isinstance(score, int | float) and 0 <= score <= 1 else None for score in found)
    return None if before is None or after is None else (before, after)


def _is_model(found: str, target: str) -> bool:
    return found == target.removeprefix("bedrock:") or _base(found) == _base(target)


def _base(reference: str) -> str:
    return base_id(bedrock_id(reference) or reference)


def _squeezed(text: Any) -> str:
    return " ".join(str(text).split())
