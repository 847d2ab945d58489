"""What a migration is made of, by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Answer, CallFailure, Case, Row, Score, Side
from pytest_llm_migrate.migration.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.domain import SideName


@dataclass(kw_only=True)
class CountingMetric:
    """Scores as it is told to, and remembers for tests what it was asked."""

    scoring: Callable[[Answer], Any] = lambda answer: Score(len(answer.text) / 10, "its length")
    name: str = "length"
    version: str = "1"
    kept: bool = True
    scored: list[str] = field(default_factory=list)

    def score(self, answer: Answer, row: Row) -> Any:
        """Score one answer."""
        assert row.sample_id
        self.scored.append(answer.text)
        return self.scoring(answer)


def row(sample_id: str = "r1", **values: Any) -> Row:
    """Return a row."""
    return Row(sample_id=sample_id, values=values, place=f"golden.csv:{sample_id}")


def case(sample_id: str = "r1", source: float = 1.0, target: float | None = 1.0, **values: Any) -> Case:
    """Return a case in one metric ``m``; a target of ``None`` has no answer."""
    lost = Side(name="target", sample_id=sample_id, outcome=CallFailure(kind="throttled", message="slow"))
    return Case(
        row=row(sample_id, **values),
        source=_side("source", sample_id, source),
        target=lost if target is None else _side("target", sample_id, target),
    )


def _side(name: SideName, sample_id: str, score: float) -> Side:
    return Side(name=name, sample_id=sample_id, outcome=Answer(text="a"), scores={"m": Score(score)})


def settings(**given: Any) -> Settings:
    """Return a run's options, those of no option given but these."""
    defaults: dict[str, Any] = {
        "source_model": "recorded",
        "target_models": ("fake:model",),
        "judge_model": None,
        "prompt_strategy": "catalog",
        "prompt_catalog": None,
        "answers": "auto",
        "record": False,
        "sample": None,
        "repeats": 1,
        "max_cost": None,
        "concurrency": None,
        "latency_rows": 0,
        "latency_cache": False,
        "rpm": None,
        "prices": None,
        "monthly_requests": None,
        "folder": Path(".llm-migrate"),
        "report": None,
        "json": None,
        "summary": None,
        "plan": False,
    }
    return Settings(**(defaults | given))
