"""What a metric gave an answer: a score that explains itself, or a score failure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llm_migrate.domain.row import SideName

ORDER_DECIDES = "order decides"
"""How the reason of a tie begins where a judge's verdict on two answers changed with their order."""

EQUAL_ANSWERS = "the answers are equal"
"""The reason of a tie between two answers that no judge was asked about."""

_IN_REPEATS = re.compile(rf"{ORDER_DECIDES} in (\d+) of (\d+) repeats")

MONITOR = "monitor:"
"""How the names of metrics begin that watch answers and prompts: reported beside the others, gated only if asked."""


def order_in_repeats(reasons: Sequence[str]) -> str:
    """Return in how many of a row's repeats the order of the answers decided, of those compared; empty where in none.

    `order_decided` reads it.
    """
    compared = [reason for reason in reasons if reason != EQUAL_ANSWERS]
    flips = sum(reason.startswith(ORDER_DECIDES) for reason in compared)
    return f"{ORDER_DECIDES} in {flips} of {len(compared)} repeats" if flips else ""


def order_decided(reason: str) -> float:
    """Return the share of a row's verdicts, from 0 to 1, that changed with the order of the answers."""
    if found := _IN_REPEATS.match(reason):
        return int(found[1]) / int(found[2])
    return float(reason.startswith(ORDER_DECIDES))


def is_monitor(metric: str) -> bool:
    """Return whether a metric of this name only watches."""
    return metric.startswith(MONITOR)


class Score(float):
    """A float, higher is better, that knows its metric, side, row and reason.

    Metrics return ``Score(value, reason)``; the rest is filled in when the score is kept.
    """

    __slots__ = ("metric", "reason", "sample_id", "side")

    metric: str
    reason: str
    sample_id: str
    side: SideName | None

    def __new__(
        cls,
        value: float,
        reason: str = "",
        *,
        metric: str = "",
        side: SideName | None = None,
        sample_id: str = "",
    ) -> Self:
        """Make a score; ``value`` is usually in [0, 1]."""
        score = super().__new__(cls, value)
        score.reason, score.metric, score.side, score.sample_id = reason, metric, side, sample_id
        return score

    def __repr__(self) -> str:
        what = " ".join(part for part in (self.side or "", self.metric) if part)
        value = f"{float(self):.4g}"
        named = f"{what} {value}" if what else value
        row = f" on row {self.sample_id!r}" if self.sample_id else ""
        # A metric may quote the answer, and an answer may speak to the terminal.
        reason = self.reason if self.reason.isprintable() else repr(self.reason)[1:-1]
        return f"<{named}{row}{': ' + reason if reason else ''}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return float, (float(self),)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreFailure:
    """A metric that could not score an answer: counted and shown, never a number.

    Attributes:
        reason: Why, in one line.
        raw: What the metric had in hand (a judge's text, say), for the reader.
    """

    reason: str
    raw: str = ""

    def to_record(self) -> dict[str, Any]:
        """Return the failure as JSON-ready builtins."""
        return {"reason": self.reason, "raw": self.raw} if self.raw else {"reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One comparison that a test made with a score.

    Attributes:
        side: The side whose score was compared.
        metric: Its metric.
        value: The score.
        operator: ``>=``, ``>``, ``<=``, ``<``, ``==`` or ``!=``, as the test wrote it with the score on the left.
        bar: What the score was held against.
        against: What the bar was, when it was a score itself: ``source exact_match``.
        passed: Whether the comparison held.
    """

    side: str
    metric: str
    value: float
    operator: str
    bar: float
    against: str
    passed: bool

    def to_record(self) -> dict[str, Any]:
        """Return the check as JSON-ready builtins."""
        return {name: getattr(self, name) for name in self.__slots__}


class WatchedScore(Score):
    """A score that reports every comparison made with it, so that a report can show what a test checked."""

    __slots__ = ("watch",)

    watch: Callable[[Check], None]

    @classmethod
    def of(cls, score: Score, watch: Callable[[Check], None]) -> WatchedScore:
        """Return the same score, reporting to ``watch``."""
        made = cls(score, score.reason, metric=score.metric, side=score.side, sample_id=score.sample_id)
        made.watch = watch
        return made

    def _compared(self, operator: str, other: object, result: object) -> Any:
        if isinstance(result, bool) and isinstance(other, (int, float)):
            against = f"{other.side} {other.metric}" if isinstance(other, Score) else ""
            self.watch(
                Check(
                    side=self.side or "",
                    metric=self.metric,
                    value=float(self),
                    operator=operator,
                    bar=float(other),
                    against=against,
                    passed=result,
                )
            )
        return result

    def __ge__(self, other: float) -> Any:
        return self._compared(">=", other, float.__ge__(self, other))

    def __gt__(self, other: float) -> Any:
        return self._compared(">", other, float.__gt__(self, other))

    def __le__(self, other: float) -> Any:
        return self._compared("<=", other, float.__le__(self, other))

    def __lt__(self, other: float) -> Any:
        return self._compared("<", other, float.__lt__(self, other))

    def __eq__(self, other: object) -> Any:
        return self._compared("==", other, float.__eq__(self, other))

    def __ne__(self, other: object) -> Any:
        return self._compared("!=", other, float.__ne__(self, other))

    __hash__ = float.__hash__
