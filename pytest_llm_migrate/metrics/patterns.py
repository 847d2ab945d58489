"""Whether an answer holds what a pattern describes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics.reasons import quoted
from pytest_llm_migrate.metrics.reference import ReferenceMetric, SettledMetric, as_text, one_of

if TYPE_CHECKING:
    from regex import Match, Pattern

    from pytest_llm_migrate.domain import Answer, Row

_LONGEST_PATTERN = 10_000
CITATION = (
    r"\[\^?\d{1,4}(?:\s?[,;\u2013-]\s?\d{1,4}){0,19}\]"  # [1], [^1], [1, 2], [3-5]
    r"|[(\[]\s?(?i:sources?|cited|citation|ref)\s?:?\s[^()\[\]\n]{1,200}[)\]]"  # (Source: annual report, p. 4)
    r"|(?i:https?://)[^\s<>()\[\]]{3}"
)
"""What counts as a citation where no pattern is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegexMatch(ReferenceMetric):
    """1 when the answer matches a pattern of the package ``regex``, else 0.

    Where no pattern is given, the ground truth is the pattern. A pattern that does not come to an end within
    ``timeout`` is a score failure.

    Attributes:
        pattern: The pattern of every row; flags stand in it, as in ``(?i)yes``.
        mode: Whether the pattern must describe the whole answer, without its outer blanks, or a part.
        timeout: Seconds.
    """

    name: str = "regex"
    pattern: str | None = None
    mode: Literal["search", "full"] = "search"
    timeout: float = 1.0

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing, with `UnknownNameError` or `MetricDefinitionError`."""
        one_of("way to match", self.mode, ("search", "full"))
        if self.pattern is not None:
            checked(self.name, self.pattern)

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return 1 or 0; a failure when the row has no pattern, or one that cannot be used."""
        if self.pattern is not None:
            return self.compare(answer.text, self.pattern)
        return ReferenceMetric.score(self, answer, row)

    def compare(self, text: str, expected: Any) -> Score | ScoreFailure:
        """Return 1 or 0; a failure when the pattern cannot be read or takes too long."""
        try:
            pattern = _compiled(as_text(expected))
        except ValueError as error:
            return ScoreFailure(reason=f"the pattern {quoted(as_text(expected))} cannot be used: {error}")
        try:
            if self.mode == "full":
                found: Match[str] | None = pattern.fullmatch(text.strip(), timeout=self.timeout)
            else:
                found = pattern.search(text, timeout=self.timeout)
        except TimeoutError:
            return ScoreFailure(
                reason=f"{quoted(pattern.pattern)} took longer than {self.timeout:g} s on {quoted(text)}"
            )
        return Score(1.0) if found else Score(0.0, f"no match of {quoted(pattern.pattern)} in {quoted(text)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationsPresent(SettledMetric):
    """1 when the answer cites its sources, else 0; no ground truth is needed.

    A citation is a marker such as ``[1]``, a bracket such as ``(Source: annual report)``, or a web address. That
    the source exists, or says so, is not looked at.

    Attributes:
        pattern: What counts as one citation, for the package ``regex``.
        least: Citations that there must be.
    """

    name: str = "citations_present"
    pattern: str = CITATION
    least: int = 1

    def __post_init__(self) -> None:
        """Refuse a pattern that cannot be read, with `MetricDefinitionError`."""
        if self.pattern != CITATION:  # whose check would load the package in every session
            checked(self.name, self.pattern)

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:  # noqa: ARG002 - the answer alone decides
        """Return 1 or 0; a failure when the pattern takes longer than a second."""
        count = 0
        try:
            for _ in _compiled(self.pattern).finditer(answer.text, timeout=1.0):
                count += 1
                if count >= self.least:
                    break
        except TimeoutError:
            return ScoreFailure(reason=f"{quoted(self.pattern)} took longer than 1 s on {quoted(answer.text)}")
        return Score(1.0) if count >= self.least else Score(0.0, f"{count} of at least {self.least} citations")


def checked(metric: str, pattern: str) -> None:
    """Refuse a pattern that cannot be read, with `MetricDefinitionError`."""
    try:
        _compiled(pattern)
    except ValueError as error:
        raise MetricDefinitionError(metric, f"its pattern {quoted(pattern)} cannot be used: {error}") from None


def _compiled(pattern: str) -> Pattern[str]:
    import regex  # noqa: PLC0415 - a session without patterns does not pay for it

    if len(pattern) > _LONGEST_PATTERN:
        raise ValueError(f"it has more than {_LONGEST_PATTERN} characters")
    try:
        return regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError, MemoryError) as error:
        raise ValueError(str(error) or type(error).__name__) from None
