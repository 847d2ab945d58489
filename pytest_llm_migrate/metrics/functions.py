"""Metrics made of plain functions."""

from __future__ import annotations

import hashlib
import inspect
import math
import textwrap
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, SupportsFloat, overload

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics.loop import finished
from pytest_llm_migrate.metrics.reasons import shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import CodeType, FunctionType

    from pytest_llm_migrate.domain import Answer, Row

    ScoringFunction = Callable[..., Any]

Bounds = tuple[float, float]
UNIT: Bounds = (0.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionMetric:
    """A metric whose score is what a function ``f(answer, row)`` returns, or comes to when it is awaited.

    That is a number or truth value, a number with a reason, a `Score`, or a `ScoreFailure`. Whatever else it
    returns, an exception it raises, ``NaN`` or a number outside of the bounds is a score failure.

    Attributes:
        kept: Whether the store keeps the scores, so that an expensive function runs once for an answer.
        bounds: The lowest and the highest score there can be.
    """

    name: str
    version: str
    function: ScoringFunction = field(repr=False)
    kept: bool = True
    bounds: Bounds = UNIT

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return what the function says of the answer; never raises."""
        try:
            return self._read(_waited_for(self.function(answer, row)))
        except Exception as error:  # noqa: BLE001 - the function is a user's, and its bug is a score failure, not a crash
            return ScoreFailure(reason=_one_line(error))

    def _read(self, result: object) -> Score | ScoreFailure:
        if isinstance(result, ScoreFailure):
            return result
        if isinstance(result, tuple) and len(result) == 2:  # noqa: PLR2004 - a value and its reason
            return self._bounded(result[0], str(result[1]))
        return self._bounded(result, result.reason if isinstance(result, Score) else "")

    def _read_safely(self, result: object) -> Score | ScoreFailure:
        try:
            return self._read(result)
        except Exception as error:  # noqa: BLE001 - a user's number may raise when it is read
            return ScoreFailure(reason=_one_line(error))

    def _bounded(self, value: object, reason: str) -> Score | ScoreFailure:
        # Not only int and float: numpy's and torch's scalars convert as well.
        if not isinstance(value, SupportsFloat):
            return ScoreFailure(reason=f"{self.name} returned {shortened(repr(value))}, not a number")
        number, (low, high) = float(value), self.bounds
        if math.isfinite(number) and low <= number <= high:
            return Score(number, reason)
        return ScoreFailure(reason=f"{self.name} returned {number}, outside of {low:g} to {high:g} (see bounds=)")


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncFunctionMetric(FunctionMetric):
    """A metric of an ``async def f(answer, row)``: rows of a comparison are awaited together, up to 64 at once."""

    def score_many(self, answers: Sequence[Answer], rows: Sequence[Row]) -> Sequence[Score | ScoreFailure]:
        """Return what the function says of each answer; never raises."""
        results = finished([self.function(answer, row) for answer, row in zip(answers, rows, strict=True)])
        return [
            ScoreFailure(reason=_one_line(result)) if isinstance(result, Exception) else self._read_safely(result)
            for result in results
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFunctionMetric(FunctionMetric):
    """A metric of a function ``f(answers, rows)`` that returns a list with what each answer scores.

    A comparison gives it up to 64 rows at once; a row that a test looks at first is a list of one.
    """

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return what the function says of a list of one; never raises."""
        return self.score_many([answer], [row])[0]

    def score_many(self, answers: Sequence[Answer], rows: Sequence[Row]) -> Sequence[Score | ScoreFailure]:
        """Return what the function says of each answer; an exception is every answer's failure."""
        try:
            results = list(_waited_for(self.function(answers, rows)))
        except Exception as error:  # noqa: BLE001 - as of a single answer
            return [ScoreFailure(reason=_one_line(error))] * len(answers)
        if len(results) != len(answers):
            reason = f"{self.name} returned {len(results)} scores for {len(answers)} answers"
            return [ScoreFailure(reason=reason)] * len(answers)
        return [self._read_safely(result) for result in results]


def function_metric(
    function: Callable[..., Any],
    *,
    batch: bool = False,
    name: str | None = None,
    version: str | None = None,
    kept: bool = True,
    bounds: Bounds = UNIT,
) -> FunctionMetric:
    """Return the metric that a function ``f(answer, row)`` makes, under the function's name.

    It may be an ``async def``. With ``batch`` it is ``f(answers, rows)``, which returns a list with as many scores.

    Without a ``version`` it is a hash of the function's source, its defaults and the plain values it closes over.
    What it calls is not seen: a function that leans on others, or on a model, names a version of its own.

    Raises:
        MetricDefinitionError: The function cannot be called, or has no name or no code to hash and none is given.
    """
    if not callable(function):
        raise MetricDefinitionError(repr(function), "it is not a function f(answer, row)")
    name = name or str(getattr(function, "__name__", "<lambda>"))
    if name == "<lambda>":
        raise MetricDefinitionError("a lambda", "it has no name", "Give one: function_metric(f, name='...').")
    version = version or code_version(function, name)
    version = version if bounds == UNIT else f"{version}, bounds={bounds!r}"
    kind = BatchFunctionMetric if batch else FunctionMetric
    if inspect.iscoroutinefunction(function) and not batch:
        kind = AsyncFunctionMetric
    return kind(name=name, version=version, function=function, kept=kept, bounds=bounds)


@overload
def metric(function: Callable[..., Any], /) -> FunctionMetric: ...


@overload
def metric(
    *,
    batch: bool = False,
    name: str | None = None,
    version: str | None = None,
    kept: bool = True,
    bounds: Bounds = UNIT,
) -> Callable[[Callable[..., Any]], FunctionMetric]: ...


def metric(
    function: Callable[..., Any] | None = None, /, **settings: Any
) -> FunctionMetric | Callable[[Callable[..., Any]], FunctionMetric]:
    """Make a metric of a function, as a decorator with or without the settings of `function_metric`."""
    if function is not None:
        return function_metric(function)
    return lambda decorated: function_metric(decorated, **settings)


def _waited_for(result: Any) -> Any:
    if not inspect.isawaitable(result):
        return result
    (found,) = finished([result])
    if isinstance(found, BaseException):
        raise found
    return found


def _one_line(error: Exception) -> str:
    return " ".join(traceback.format_exception_only(error)[-1].split())


def code_version(function: Callable[..., Any], name: str) -> str:
    """Return a hash of a function's source, its defaults and the plain values it closes over.

    Raises:
        MetricDefinitionError: It is no plain function, and has no code to hash.
    """
    if not inspect.isfunction(function):
        raise MetricDefinitionError(name, "it has no source to tell its version from", "Give one: version='1'.")
    try:
        code = textwrap.dedent(inspect.getsource(function))
    except OSError:
        code = repr(list(_instructions(function.__code__)))
    bound = [function.__defaults__, function.__kwdefaults__, list(_closed_over(function))]
    return hashlib.sha256(f"{code}{_plain(bound)}".encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _closed_over(function: FunctionType) -> Iterator[object]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # a name that the enclosing function has yet to fill
            continue


def _instructions(code: CodeType) -> Iterator[object]:
    yield from (code.co_code.hex(), code.co_names)
    for constant in code.co_consts:
        yield list(_instructions(constant)) if inspect.iscode(constant) else _plain(constant)


def _plain(value: object) -> str:
    # The repr of anything else may hold its address, which is another one in every process.
    match value:
        case None | bool() | int() | float() | str() | bytes():
            return repr(value)
        case list() | tuple():
            return f"[{', '.join(map(_plain, value))}]"
        case dict():
            return f"{{{', '.join(sorted(f'{_plain(key)}: {_plain(item)}' for key, item in value.items()))}}}"
        case set() | frozenset():
            return f"{{{', '.join(sorted(map(_plain, value)))}}}"
        case _:
            return type(value).__qualname__
