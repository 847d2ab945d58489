"""A judge's paired difference, corrected by the rows that people scored too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.stats import Undefined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.comparison.metric import MetricComparison
    from pytest_llm_migrate.comparison.scores import Scores
    from pytest_llm_migrate.stats import Estimate


def corrected(judge: MetricComparison, human: MetricComparison, confidence: float) -> Estimate | Undefined:
    """Return the judge's target minus source as people would find it, as a share of the judge's scale."""
    from pytest_llm_migrate.stats.ppi import LEAST_LABELLED, corrected_difference  # noqa: PLC0415 - numpy loads with it

    if not judge.counting.is_plain:
        return Undefined(reason="rows that count unequally or belong together are not corrected")
    held = zip(_differences(judge.scores), _differences(human.scores), strict=True)
    both = [(given, found) for given, found in held if given is not None]
    labelled = sum(found is not None for _, found in both)
    if labelled < LEAST_LABELLED:
        return Undefined(reason=f"{labelled} rows have people's scores on both sides, {LEAST_LABELLED} are needed")
    return corrected_difference([given for given, _ in both], [found for _, found in both], confidence=confidence)


def _differences(scores: Scores) -> Iterator[float | None]:
    for source, target in zip(scores.source, scores.target, strict=True):
        before, after = scores.scale.share(source), scores.scale.share(target)
        yield None if before is None or after is None else after - before
