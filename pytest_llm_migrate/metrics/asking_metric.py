"""The frame of a metric that asks a judge about a row."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pytest_llm_migrate.domain import ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError, masked
from pytest_llm_migrate.metrics.asking import INFERENCE, STYLES, ask_for
from pytest_llm_migrate.metrics.material import fenced, is_nothing, question_of, told
from pytest_llm_migrate.metrics.reference import check_several, one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llm_migrate.domain import Judge, Row
    from pytest_llm_migrate.metrics.asking import Style
    from pytest_llm_migrate.metrics.shape import Schema

PARTS = ("context", "reference")
"""What a metric may need of a row beside the question."""

_NO_SETTINGS = frozenset({"name", "judge", "asked"})
_LONGEST_REASON = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingMetric(ABC):
    """Shows a judge a row and its answers, and asks for a verdict.

    A new metric is a frozen dataclass with `system`, `schema` and a way to a score from `verdict`.

    Attributes:
        judge: The reference of its judge; ``None`` is the run's ``--judge-model``.
        style: How the verdict is asked for: ``tool``, ``json_schema`` or ``text``; ``None`` chooses by the judge.
        inference: The judge's inference settings.
        question: The column that says what was asked; where a row has none, all of its inputs are shown.
        context: The column of what the answer may lean on; ``None`` is not shown.
        reference: The column of the answer to compare with; ``None`` is not shown.
        needs: Which of ``context`` and ``reference`` a row must have to be scored at all.
        asked: The judge, once there is one.
    """

    revision: ClassVar[int] = 1
    """Raised whenever what is sent, or what is made of a verdict, changes in code."""
    kept: ClassVar[bool] = True

    name: str
    judge: str | None = None
    style: Style | None = None
    inference: Mapping[str, Any] = field(default_factory=lambda: dict(INFERENCE))
    question: str = "question"
    context: str | None = "content"
    reference: str | None = "answer_ground_truth"
    needs: tuple[str, ...] = ()
    asked: Judge | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        one_of("style", self.style, STYLES)
        check_several(self.name, "needs", self.needs)
        for part in self.needs:
            one_of("part of a row", part, PARTS)
            if getattr(self, part) is None:
                raise MetricDefinitionError(self.name, f"it needs the {part}, and {part}=None shows none")

    @property
    @abstractmethod
    def system(self) -> str:
        """What the judge is told beside the material."""

    @property
    @abstractmethod
    def schema(self) -> Schema:
        """The verdict's JSON Schema: its properties are written in this order."""

    @property
    def version(self) -> str:
        """The revision, the judge, and the hash of what it is told and of every setting."""
        settings = {part.name: getattr(self, part.name) for part in fields(self) if part.name not in _NO_SETTINGS}
        content = json.dumps([self.system, self.schema, settings], ensure_ascii=False, default=str)
        digest = hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:12]
        return f"{self.revision}, judge={masked(self.asked.ref) if self.asked else None!r}, prompt={digest}"

    def judged_by(self, judge_of: Callable[[str | None], Judge]) -> Self:
        """Return the metric with its judge."""
        return replace(self, asked=judge_of(self.judge))

    def verdict(self, row: Row, answers: Mapping[str, str]) -> Mapping[str, Any] | ScoreFailure:
        """Return what the judge says of answers under their labels, beside what it is shown of the row."""
        if self.asked is None:
            return ScoreFailure(reason=f"{self.name} has no judge yet")
        missing = next((part for part in self.needs if is_nothing(self._part(row, part))), None)
        if missing:
            return ScoreFailure(reason=f"the row has no {missing} (column {getattr(self, missing)!r})")
        return ask_for(
            self.asked,
            row,
            system=self.system,
            text=fenced({**self._shown(row), **answers}),
            schema=self.schema,
            style=self.style,
            inference=self.inference,
        )

    def _shown(self, row: Row) -> dict[str, str]:
        parts = {part: self._part(row, part) for part in PARTS}
        shown = {part: told(value) for part, value in parts.items() if not is_nothing(value)}
        return {"question": question_of(row, self.question), **shown}

    def _part(self, row: Row, part: str) -> Any:
        column = getattr(self, part)
        return None if column is None else row.get(column)


def check_criterion(metric: str, criterion: str) -> None:
    """Refuse a criterion that says nothing, with `MetricDefinitionError`."""
    if not criterion.strip():
        raise MetricDefinitionError(metric, "its criterion is empty", "Say in a sentence what is judged.")


def one_line(reasoning: object) -> str:
    """Return a judge's reasoning on one line, shortened where it goes on."""
    line = " ".join(str(reasoning).split())
    return line if len(line) <= _LONGEST_REASON else f"{line[: _LONGEST_REASON - 1]}…"
