"""What a judge that compared both sides' answers says over all rows, and how far it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import ORDER_DECIDES, Score
from pytest_llm_migrate.stats import Undefined, mcnemar_exact, spearman, wilson

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llm_migrate.domain import Case
    from pytest_llm_migrate.stats import Estimate

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class PairwiseSummary:
    """Wins, ties and losses of the target, and the biases that show in them.

    Attributes:
        wins: Rows whose target's answer is better.
        ties: Rows where neither is, the undecided ones included.
        losses: Rows whose source's answer is better.
        missing: Rows without a verdict.
        compared: Rows whose answers differ, and so were compared.
        win_share: The target's share of wins and losses, by Wilson's interval; ``None`` without either.
        p_value: Two-sided exact sign test of "as many wins as losses"; ties are left out.
        order_decides: Share of the compared rows where the verdict changed with the order of the answers; ``None``
            where none was compared.
        longer_wins: Of wins and losses between answers of different length, the share that the longer one won.
        length_correlation: Spearman's correlation of the target's score with how much longer its answer is.
    """

    wins: int
    ties: int
    losses: int
    missing: int
    compared: int
    win_share: Estimate | None
    p_value: float
    order_decides: Estimate | None
    longer_wins: Estimate | None
    length_correlation: Estimate | Undefined

    @property
    def statement(self) -> str:
        """All of it in a line or two."""
        parts = [f"target {self.wins} wins, {self.ties} ties, {self.losses} losses"]
        if self.win_share:
            parts.append(f"wins {_percent(self.win_share)} of the decided, p = {self.p_value:.2g}")
        if self.order_decides:
            parts.append(f"the order decides {_percent(self.order_decides)} of verdicts")
        if self.longer_wins:
            parts.append(f"the longer answer wins {_percent(self.longer_wins)}")
        missing = f"{self.missing} row{'s' if self.missing != 1 else ''} without a verdict"
        return "; ".join([*parts, *([missing] if self.missing else [])])

    def to_record(self) -> dict[str, Any]:
        """Return the summary as JSON-ready builtins."""
        counts = {name: getattr(self, name) for name in ("wins", "ties", "losses", "missing", "compared", "p_value")}
        shares = {name: _figure(getattr(self, name)) for name in ("win_share", "order_decides", "longer_wins")}
        return {
            **counts,
            **shares,
            "length_correlation": _figure(self.length_correlation),
            "statement": self.statement,
        }


@dataclass(frozen=True, slots=True)
class _Pair:
    target: Score
    difference: int
    is_compared: bool


def pairwise_summary(cases: Iterable[Case], metric: str = "pairwise") -> PairwiseSummary:
    """Return what a metric that compares both sides' answers says over cases."""
    found = [_pair(case, metric) for case in cases]
    pairs = [pair for pair in found if pair]
    compared = [pair for pair in pairs if pair.is_compared]
    decided = [pair for pair in pairs if pair.target != _TIE]
    wins, of_two_lengths = sum(pair.target > _TIE for pair in decided), [pair for pair in decided if pair.difference]
    flips = sum(pair.target.reason.startswith(ORDER_DECIDES) for pair in compared)
    longer = sum((pair.target > _TIE) == (pair.difference > 0) for pair in of_two_lengths)
    return PairwiseSummary(
        wins=wins,
        ties=len(pairs) - len(decided),
        losses=len(decided) - wins,
        missing=len(found) - len(pairs),
        compared=len(compared),
        win_share=_share(wins, len(decided)),
        p_value=mcnemar_exact(len(decided) - wins, wins),
        order_decides=_share(flips, len(compared)),
        longer_wins=_share(longer, len(of_two_lengths)),
        length_correlation=spearman(
            [float(pair.target) for pair in compared],
            [float(pair.difference) for pair in compared],
            confidence=CONFIDENCE,
        ),
    )


_TIE = 0.5


def _pair(case: Case, metric: str) -> _Pair | None:
    score = case.target.scores.get(metric)
    if case.source.failure or case.target.failure or not isinstance(score, Score):
        return None
    source, target = case.source.text.strip(), case.target.text.strip()
    return _Pair(score, len(target) - len(source), source != target)


def _share(count: int, of: int) -> Estimate | None:
    return wilson(count, of, confidence=CONFIDENCE) if of else None


def _percent(share: Estimate) -> str:
    return f"{share.value:.0%} ({share.low:.0%} to {share.high:.0%})"


def _figure(found: Estimate | Undefined | None) -> dict[str, Any] | None:
    if found is None or isinstance(found, Undefined):
        return None
    return {"value": found.value, "interval": [found.low, found.high], "confidence": found.confidence, "n": found.n}
