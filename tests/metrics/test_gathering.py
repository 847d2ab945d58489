"""Metrics of asynchronous functions, and of functions that take many answers at once."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.domain import Answer, GatheringMetric, Row, Score, ScoreFailure
from pytest_llm_migrate.metrics import metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.metrics import FunctionMetric

ROWS = [Row(sample_id=str(number), values={}) for number in range(3)]
ANSWERS = [Answer(text=text) for text in ("a", "bb", "ccc")]


@metric
async def slow(answer: Answer, _row: Row) -> float:
    """Wait a moment, and fail for a long answer."""
    await asyncio.sleep(0.001)
    if len(answer.text) > 2:
        raise ValueError("too long")
    return 1 / len(answer.text)


@metric(batch=True)
def lengths(answers: Sequence[Answer], _rows: Sequence[Row]) -> list[float]:
    """Score all at once."""
    return [1 / len(answer.text) for answer in answers]


def many(found: FunctionMetric) -> list[Score | ScoreFailure]:
    """Score all answers at once."""
    assert isinstance(found, GatheringMetric)
    return list(found.score_many(ANSWERS, ROWS))


def test_an_async_function_is_a_metric() -> None:
    """It is awaited alone or with others, and its exception is one answer's failure."""
    assert slow.score(ANSWERS[1], ROWS[1]) == Score(0.5)
    assert slow.score(ANSWERS[2], ROWS[2]) == ScoreFailure(reason="ValueError: too long")
    assert many(slow) == [1.0, 0.5, ScoreFailure(reason="ValueError: too long")]


def test_it_is_awaited_while_another_loop_runs() -> None:
    """An asynchronous test may look at a score."""

    async def test() -> Score | ScoreFailure:
        return slow.score(ANSWERS[0], ROWS[0])

    assert asyncio.run(test()) == Score(1.0)


def test_all_are_awaited_on_one_loop_at_once() -> None:
    """Three that wait for each other come to an end; a client made in one call serves the next."""
    loops, arrived, all_there = set(), [], asyncio.Event()

    @metric(version="1")
    async def together(_answer: Answer, _row: Row) -> float:
        loops.add(asyncio.get_running_loop())
        arrived.append(threading.get_ident())
        if len(arrived) == 3:
            all_there.set()
        await all_there.wait()
        return 1.0

    assert many(together) == [1.0, 1.0, 1.0]
    assert together.score(ANSWERS[0], ROWS[0]) == Score(1.0)
    assert len(loops) == len(set(arrived)) == 1


def test_a_batch_function_is_a_metric() -> None:
    """It gets all at once, or a list of one."""
    assert many(lengths) == [1.0, 0.5, 1 / 3]
    assert lengths.score(ANSWERS[1], ROWS[1]) == Score(0.5)


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ([1.0], "broken returned 1 scores for 3 answers"),
        (None, "TypeError: 'NoneType' object is not iterable"),
        ([2.0, "x", float("nan")], "broken returned 2.0, outside of 0 to 1 (see bounds=)"),
    ],
)
def test_a_batch_that_goes_wrong_is_every_answer_s_failure(scores: list[object] | None, reason: str) -> None:
    """Too few scores, none, or scores out of bounds: never a number, never a crash."""

    @metric(batch=True, version="1", name="broken")
    def broken(_answers: Sequence[Answer], _rows: Sequence[Row]) -> list[object] | None:
        return scores

    found = many(broken)
    assert all(isinstance(each, ScoreFailure) for each in found)
    assert found[0].reason == reason


def test_an_async_batch_is_awaited() -> None:
    """Both forms go together."""

    @metric(batch=True, version="1")
    async def ones(answers: Sequence[Answer], _rows: Sequence[Row]) -> list[float]:
        await asyncio.sleep(0)
        return [1.0] * len(answers)

    assert many(ones) == [1.0, 1.0, 1.0]
