"""Rules of a style guide: what an answer must keep to, each with a verdict and a reason of its own."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import EmbeddingMetric, JudgedMetric, Metric, PairedMetric, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics.functions import code_version, function_metric
from pytest_llm_migrate.metrics.reasons import shortened

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.domain import Answer, Judge, Meter, Row

    Applies = Callable[[Row], Any]

_STRUCTURE = re.compile(r"[;:()\n\r]")
_LONGEST_DETAIL = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule that is kept where a metric scores an answer 1.

    Attributes:
        name: What is asked of an answer, as reasons and error groups say it.
        metric: What checks it.
        when: Whether it applies to a row; ``None`` is always.
        weight: What it counts for beside the others, above 0.
        instruction: How a prompt asks a model to keep it; without one, its name.
    """

    name: str
    metric: Metric = field(repr=False)
    when: Applies | None = field(default=None, repr=False)
    weight: float = 1.0
    instruction: str = ""

    def __post_init__(self) -> None:
        _check(self)

    def __str__(self) -> str:
        return f"{self.name} x{self.weight!r} {self.metric.version} {_when_version(self)}"

    @property
    def asks(self) -> str:
        """What a prompt says for a model to keep it."""
        return self.instruction or self.name

    def judged_by(self, judge_of: Callable[[str | None], Judge]) -> Rule:
        """Return the rule with its judge, where its metric asks one."""
        if isinstance(self.metric, JudgedMetric):
            return replace(self, metric=self.metric.judged_by(judge_of))
        return self

    def metered_by(self, meter: Meter) -> Rule:
        """Return the rule whose calls of embedding models go through the meter, where its metric makes some."""
        if isinstance(self.metric, EmbeddingMetric):
            return replace(self, metric=self.metric.metered_by(meter))
        return self

    def finding(self, answer: Answer, row: Row) -> Finding | ScoreFailure:
        """Return what was found; a failure where the metric has no score."""
        score = self.metric.score(answer, row)
        if isinstance(score, ScoreFailure):
            return ScoreFailure(reason=f"rule {self.name!r}: {score.reason}", raw=score.raw)
        return Finding(rule=self.name, kept=score >= 1, detail=score.reason, weight=self.weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRule:
    """A rule that a judge says is kept: one call for all such rules of an answer.

    Attributes:
        name: What is asked of an answer, as reasons and error groups say it.
        question: What the judge is asked; the rule is kept where it says yes.
        when: Whether it applies to a row; ``None`` is always.
        weight: What it counts for beside the others, above 0.
        instruction: How a prompt asks a model to keep it; without one, by the question.
    """

    name: str
    question: str
    when: Applies | None = field(default=None, repr=False)
    weight: float = 1.0
    instruction: str = ""

    def __post_init__(self) -> None:
        _check(self)
        if not self.question.strip():
            raise MetricDefinitionError(self.name, "its question to the judge is empty")

    def __str__(self) -> str:
        return f"{self.name} x{self.weight!r} {self.question!r} {_when_version(self)}"

    @property
    def asks(self) -> str:
        """What a prompt says for a model to keep it."""
        return self.instruction or f"Write so that the answer to this is yes: {' '.join(self.question.split())}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Whether an answer keeps a rule, and what breaks it.

    Attributes:
        rule: The rule's name.
        kept: Whether it is kept.
        detail: What was found, in a few words; may be empty.
        weight: What the rule counts for.
    """

    rule: str
    kept: bool
    detail: str = ""
    weight: float = 1.0

    @property
    def words(self) -> str:
        """The rule, and in parentheses the detail, without the marks that part findings."""
        detail = shortened(_STRUCTURE.sub(" ", self.detail), _LONGEST_DETAIL)
        return f"{self.rule} ({detail})" if detail else self.rule


def rule(
    name: str,
    check: Metric | Callable[[Answer, Row], Any],
    *,
    when: Applies | None = None,
    weight: float = 1.0,
    instruction: str = "",
) -> Rule:
    """Return a rule that a metric or a function ``f(answer, row)`` checks.

    A function says ``True`` or ``False``, or ``(False, "why")``; a metric must score 1. Where it fails to, by an
    exception or by returning what is neither, the answer has no score. Such rows as ``when(row)`` is false of are
    not held to the rule. ``instruction`` is the sentence by which the strategy ``sme-rules`` asks a model to keep it;
    without one it says the name.

    Raises:
        MetricDefinitionError: The name is empty or holds ``;``, ``:`` or parentheses, the weight is not above 0, or
            the check is a metric of two answers, or nothing that can be called.
    """
    if isinstance(check, PairedMetric):
        raise MetricDefinitionError(name, f"{check.name} compares two answers, and a rule looks at one")
    metric = check if isinstance(check, Metric) else function_metric(check, name=name)
    return Rule(name=name, metric=metric, when=when, weight=weight, instruction=instruction)


def judged_rule(
    name: str, question: str, *, when: Applies | None = None, weight: float = 1.0, instruction: str = ""
) -> JudgedRule:
    """Return a rule that a judge decides: it is kept where the judge answers the question about it with yes.

    ``instruction`` is the sentence by which the strategy ``sme-rules`` asks a model to keep it; without one it shows
    the question.

    Raises:
        MetricDefinitionError: The name is empty or holds ``;``, ``:`` or parentheses, the question is empty, or the
            weight is not above 0.
    """
    return JudgedRule(name=name, question=question, when=when, weight=weight, instruction=instruction)


def applies(asked: Rule | JudgedRule, row: Row) -> bool | ScoreFailure:
    """Return whether a rule applies to a row; a failure where its predicate raises."""
    if asked.when is None:
        return True
    try:
        return bool(asked.when(row))
    except Exception as error:  # noqa: BLE001 - the predicate is a user's, and its bug is a score failure, not a crash
        fault = " ".join(f"{type(error).__name__}: {error}".split())
        return ScoreFailure(reason=f"rule {asked.name!r}: whether it applies cannot be told: {fault}")


def _check(asked: Rule | JudgedRule) -> None:
    if not asked.name.strip() or _STRUCTURE.search(asked.name):
        raise MetricDefinitionError(f"rule {asked.name!r}", "its name is empty or holds ; : ( ) or a line's end")
    if not 0 < asked.weight < math.inf:
        raise MetricDefinitionError(f"rule {asked.name!r}", f"its weight {asked.weight!r} is not a number above 0")
    _when_version(asked)


def _when_version(asked: Rule | JudgedRule) -> str:
    return code_version(asked.when, asked.name) if asked.when else "always"
