"""Cases made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.comparison import Comparison
from pytest_llm_migrate.domain import Answer, CallFailure, Case, Row, Score, ScoreFailure, Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llm_migrate.domain import SideName, Verdict

THROTTLED = CallFailure(kind="throttled", message="slow down")
UNSCORED = ScoreFailure(reason="no number")

Scored = float | ScoreFailure | CallFailure


def side(name: SideName, sample_id: str, scored: Scored, answer: Answer) -> Side:
    """Return a side whose one metric ``m`` gave this; a call failure is a side without an answer."""
    if isinstance(scored, CallFailure):
        return Side(name=name, sample_id=sample_id, outcome=scored)
    score = scored if isinstance(scored, ScoreFailure) else Score(scored)
    return Side(name=name, sample_id=sample_id, outcome=answer, scores={"m": score})


def case(
    number: int,
    source: Scored = 1.0,
    target: Scored = 1.0,
    *,
    answers: tuple[Answer, Answer] = (Answer(text=""), Answer(text="")),
    **columns: Any,
) -> Case:
    """Return one row with both sides."""
    sample_id = f"r{number}"
    return Case(
        row=Row(sample_id=sample_id, values=columns),
        source=side("source", sample_id, source, answers[0]),
        target=side("target", sample_id, target, answers[1]),
    )


def scored(pairs: Iterable[tuple[Scored, Scored]]) -> list[Case]:
    """Return a row for every pair of scores."""
    return [case(number, source, target) for number, (source, target) in enumerate(pairs)]


def timed(pairs: Iterable[tuple[float | None, float | None]]) -> list[Case]:
    """Return a row for every pair of latencies."""
    return [
        case(number, answers=(Answer(text="", latency=source), Answer(text="", latency=target)))
        for number, (source, target) in enumerate(pairs)
    ]


def compared(cases: Sequence[Case], said: list[Verdict] | None = None, **options: Any) -> Comparison:
    """Return the comparison of the cases in the metric ``m``; verdicts are appended to ``said``."""
    watch = (lambda _: None) if said is None else said.append
    return Comparison(cases, metrics=("m",), watch=watch, **options)


def billed(pairs: Iterable[tuple[float | str, float | str]], **columns: Sequence[Any]) -> list[Case]:
    """Return a row for every pair of costs, or of reasons why there is none; each column has a value a row."""
    return [
        case(number, answers=(_billed(source), _billed(target)), **{name: of[number] for name, of in columns.items()})
        for number, (source, target) in enumerate(pairs)
    ]


def _billed(cost: float | str) -> Answer:
    return Answer(text="", no_cost=cost) if isinstance(cost, str) else Answer(text="", cost=cost)
