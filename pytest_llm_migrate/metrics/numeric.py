"""Whether an answer gives the expected number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics.quantities import SCALES, quantities, scale_in
from pytest_llm_migrate.metrics.reasons import quoted
from pytest_llm_migrate.metrics.reference import ReferenceMetric, as_text, one_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_llm_migrate.domain import Answer, Row
    from pytest_llm_migrate.metrics.quantities import DecimalMark, Quantity

    _Value = tuple[Fraction, Fraction]  # a number, and one in its last place shown

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NumericMatch(ReferenceMetric):
    """1 when the answer gives the number of the ground truth, else 0.

    Numbers are read as `quantities` says, so that ``$1,577 million``, ``1.577bn`` and ``1577000000`` are one
    number, and ``12.5%`` is ``0.125``. Units and currencies are not compared. A number that names no scale is
    taken as it stands: an answer of ``5 million`` is wrong for a ground truth of ``5``, unless ``scale`` or
    ``scale_column`` says that the ground truth counts in millions; then an answer's bare ``5`` is read both ways.
    A number in parentheses is negative in a ground truth, and either sign in an answer.

    Two numbers are also equal when one is the other, rounded to the places shown, and rounding moved it by no
    more than ``rounding``: ``1.58 billion`` is ``1,577 million``, but ``2019`` is not ``2018``.

    Attributes:
        scale: What a ground truth without a scale counts in: ``thousand``, ``million``, ``percent``, ...
        scale_column: A column whose text (``USD millions``) says so for each row; it replaces ``scale``.
        pick: Which of the answer's numbers must be the expected one. ``any`` suits answers in prose; ``last`` suits
            calculations that end with their result, and cannot be met by naming many numbers.
        rounding: The most that rounding may move a number, relative to the ground truth.
        tolerance: The relative difference that counts as none, rounded or not.
        decimal: The decimal mark of both texts.
    """

    name: str = "numeric_match"
    scale: str | None = None
    scale_column: str | None = None
    pick: Literal["any", "first", "last"] = "any"
    rounding: float = 0.01
    tolerance: float = 0.0
    decimal: DecimalMark = "."

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing, with `UnknownNameError`."""
        one_of("scale", self.scale, SCALES)
        one_of("pick", self.pick, ("any", "first", "last"))
        one_of("decimal mark", self.decimal, (".", ","))
        for setting, value in (("rounding", self.rounding), ("tolerance", self.tolerance)):
            if not 0 <= value < 1:
                fault = f"{setting}={value!r} is no share of the ground truth from 0 to 1"
                raise MetricDefinitionError(self.name, fault, f"One percent is {setting}=0.01.")

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return 1 or 0; a failure when the ground truth is missing or does not hold exactly one number."""
        if self.scale_column is None:
            return ReferenceMetric.score(self, answer, row)
        if self.scale_column not in row.values:
            return ScoreFailure(reason=f"the row has no column {self.scale_column!r} to tell the scale")
        scale = scale_in(str(row[self.scale_column] or ""))
        return replace(self, scale=scale, scale_column=None).score(answer, row)

    def compare(self, text: str, expected: Any) -> Score | ScoreFailure:
        """Return 1 or 0; a failure when the accepted answer does not hold exactly one number."""
        truths = quantities(as_text(expected), decimal=self.decimal if isinstance(expected, str) else ".")
        if len(truths) != 1:
            held = f"{len(truths)} numbers ({_listed(truths)}), not one" if truths else "no number"
            return ScoreFailure(reason=f"the ground truth {quoted(as_text(expected))} holds {held}")
        found = quantities(text, decimal=self.decimal)
        picked = {"any": found, "first": found[:1], "last": found[-1:]}[self.pick]
        if self.is_given(truths[0], picked):
            return Score(1.0)
        return Score(0.0, self._loss(truths[0], picked))

    def is_given(self, truth: Quantity, found: Iterable[Quantity]) -> bool:
        """Tell whether one of the numbers found is the true one."""
        goal, grain = self._goal(truth)
        return any(self._close(goal, grain, *reading) for quantity in found for reading in self._readings(quantity))

    def _goal(self, truth: Quantity) -> _Value:
        factor = truth.scale or self._implied
        return (-abs(truth.digits) if truth.bracketed else truth.digits) * factor, truth.grain * factor

    def _readings(self, found: Quantity) -> Iterator[_Value]:
        for factor in {found.scale} if found.scale else {Fraction(1), self._implied}:
            for digits in {found.digits, -abs(found.digits)} if found.bracketed else {found.digits}:
                yield digits * factor, found.grain * factor

    @property
    def _implied(self) -> Fraction:
        return SCALES[self.scale] if self.scale else Fraction(1)

    def _close(self, goal: Fraction, goal_grain: Fraction, value: Fraction, grain: Fraction) -> bool:
        gap = abs(goal - value)
        if not gap or gap <= Fraction(self.tolerance) * abs(goal):
            return True
        return gap <= max(goal_grain, grain) / 2 and gap <= Fraction(self.rounding) * abs(goal)

    def _loss(self, truth: Quantity, picked: Sequence[Quantity]) -> str:
        implied = f" ({self.scale})" if self.scale and truth.scale is None else ""
        misscaled = any(found.digits == truth.digits and found.scale != truth.scale for found in picked)
        hint = "; the same digits in another scale, see scale=" if misscaled else ""
        return f"expected {quoted(truth.text)}{implied}, got {_listed(picked) or 'no number'}{hint}"


def _listed(found: Sequence[Quantity]) -> str:
    shown = ", ".join(quoted(quantity.text) for quantity in found[:_SHOWN])
    return shown + (f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
