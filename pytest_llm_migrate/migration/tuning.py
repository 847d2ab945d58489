"""A prompt that rows tuned, by the rows that judge it: the gap between both scores, and whether it overfits."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import PairedMetric, SidedMetric, is_monitor
from pytest_llm_migrate.errors import counted
from pytest_llm_migrate.prompts import Prompt
from pytest_llm_migrate.stats import independent_difference, two_sided_confidence, unit_mean, unit_scores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llm_migrate.domain import Metric

ONE_SIDED = 0.95
"""The confidence at which each limit of a gap holds."""


def tuning_terms(prompt: object, metrics: Sequence[Metric]) -> dict[str, Any] | None:
    """Return what is fixed of a prompt that rows tuned: how it scored on them; ``None`` for any other."""
    provenance = prompt.provenance if isinstance(prompt, Prompt) else None
    if provenance is None or provenance.dev_sha256 is None or provenance.dev_score is None:
        return None
    return {
        "strategy": provenance.strategy,
        "dev_score": provenance.dev_score,
        "dev_rows": provenance.dev_rows,
        "metrics": [metric.name for metric in metrics if _judges_alone(metric)],
    }


def tuning_record(terms: Mapping[str, Any], cases: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return how a tuned prompt scored on the rows that tuned it and on those that judge it, each from 0 to 1.

    A row's score is the mean over the metrics that judge an answer by itself, 0 where it has none, as in the trials.
    The gap is dev minus holdout; its interval, each limit of which holds at 95 %, is unknown without the number of
    dev rows.
    """
    tuning = terms.get("prompt_tuning")
    if not tuning or not cases:
        return None
    bounds = {name: terms["bounds"].get(name, (0.0, 1.0)) for name in tuning["metrics"]}
    scores = [_unit_score(case["target"].get("scores", {}), bounds) for case in cases]
    confidence = two_sided_confidence(ONE_SIDED)
    holdout = unit_scores(scores, confidence=confidence)
    score, rows = tuning["dev_score"], tuning["dev_rows"]
    gap = independent_difference(unit_mean(score, rows, confidence=confidence), holdout) if rows else None
    return {
        "strategy": tuning["strategy"],
        "dev_score": score,
        "dev_rows": rows,
        "holdout_score": holdout.value,
        "holdout_rows": len(scores),
        "gap": score - holdout.value,
        "interval": gap and [gap.low, gap.high],
        "confidence": confidence,
        "overfits": bool(gap and gap.low > 0),
    }


def tuning_warnings(tuning: Mapping[str, Any] | None) -> list[str]:
    """Return the warning that a tuned prompt overfits, where its gap's lower limit is above 0."""
    if not tuning or not tuning["overfits"]:
        return []
    dev = f"{tuning['dev_score']:.3f} on the {counted(tuning['dev_rows'], 'dev row')} that tuned it"
    holdout = f"{tuning['holdout_score']:.3f} on the {counted(tuning['holdout_rows'], 'holdout row')}"
    least = f"the gap is at least {tuning['interval'][0]:.3f} at 95 % confidence"
    return [f"the prompt of {tuning['strategy']} overfits: it scored {dev} and {holdout}; {least}"]


def _judges_alone(metric: Metric) -> bool:
    return not (isinstance(metric, (PairedMetric, SidedMetric)) or is_monitor(metric.name))


def _unit_score(scores: Mapping[str, float], bounds: Mapping[str, Sequence[float]]) -> float:
    found = [(scores[name] - low) / (high - low) for name, (low, high) in bounds.items() if name in scores]
    return statistics.fmean(found) if found else 0.0
