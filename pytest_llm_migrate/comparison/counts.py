"""Rows of a kind on each side, such as those whose answer was cut off, and the gate on their share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.comparison.asked import Figures, asked_confidence, check_bar
from pytest_llm_migrate.comparison.gates import at_most, evidence_of, more_words, too_few
from pytest_llm_migrate.domain import ERROR_TOLERANCE, Ruling, Verdict
from pytest_llm_migrate.stats import one_side, rows_to_settle_floor, two_sided_confidence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llm_migrate.comparison.row_price import RowPrice


class RowCounts(Figures):
    """How many rows of each side are of a kind.

    Args:
        name: What the comparison calls them.
        tells: What tells whether a row is one, for messages.
        source: For every row, whether it is one; ``None`` where nothing tells.
        target: Likewise.
        watch: Gets every verdict that is evaluated.
        price: Gives what a row like these costs.
        tolerance: Share of rows of which nothing may tell before the gate cannot judge.
        level: Gives the confidence at which the gate judges that was asked for one.
    """

    def __init__(
        self,
        name: str,
        tells: str,
        source: Sequence[bool | None],
        target: Sequence[bool | None],
        *,
        watch: Callable[[Verdict], None],
        price: Callable[[], RowPrice],
        tolerance: float = ERROR_TOLERANCE,
        level: Callable[[float], float] = float,
    ) -> None:
        self.name, self._tells = name, tells
        self._source, self._target, self._watch = source, target, watch
        self._price, self._tolerance, self._level = price, tolerance, level

    def __repr__(self) -> str:
        return f"<{self.name}: source {self.source}, target {self.target}>"

    @property
    def source(self) -> int:
        """How many of the source's rows are."""
        return sum(filter(None, self._source))

    @property
    def target(self) -> int:
        """How many of the target's rows are."""
        return sum(filter(None, self._target))

    def to_record(self) -> dict[str, int]:
        """Return the counts as JSON-ready builtins."""
        return {"source": self.source, "target": self.target}

    def at_most(self, share: float, confidence: float = 0.95) -> Verdict:
        """Judge whether the share of such rows is at most ``share`` on the target, whatever it is on the source.

        Raises `MarginError` for a share outside (0, 1): to allow none at all, compare the count with 0.
        """
        gate, expected = f"{self.name}.at_most({share!r})", "a share of the rows above 0 and below 1, such as 0.02"
        check_bar(share, gate, expected, lambda found: 0 < found < 1, share=True)
        gate, known = f"{self.name}.at_most({share:g})", [found for found in self._target if found is not None]
        confidence = asked_confidence(gate, confidence, self._level)
        refused = too_few(gate, self._tells, len(known), len(self._target), tolerance=self._tolerance, paired=False)
        verdict = self._judged(gate, share, known, confidence) if refused is None else refused
        self._watch(verdict)
        return verdict

    def _judged(self, gate: str, share: float, known: Sequence[bool], confidence: float) -> Verdict:
        both = two_sided_confidence(confidence)
        found = one_side([float(is_one) for is_one in known], confidence=both)
        evidence = evidence_of(found, confidence, missing=len(self._target) - len(known))
        ruling, more, usd = at_most(evidence, share), None, None
        words = {Ruling.GO: "is shown", Ruling.NO_GO: "is ruled out"}
        if ruling is Ruling.NOT_ENOUGH_EVIDENCE:
            others = one_side([float(not is_one) for is_one in known], confidence=both)
            more = rows_to_settle_floor(others, floor=1 - share)
            usd = self._price().times(more)
        ruled = words.get(ruling) or f"is neither shown nor ruled out; {more_words(more, self._price())}"
        statement = f"{self.name}: {self.target} of {len(known)} target rows; a share of at most {share:g} {ruled}."
        figures = evidence.figures("at_most", bar=share, quantity=self.name, more_rows=more, more_rows_usd=usd)
        return Verdict(
            ruling=ruling, gate=gate, statement=statement, detail=evidence.detail(f"bar {share:g}"), figures=figures
        )
