"""What a judge, or people, that compared both sides' answers say over all rows, and how far it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.comparison.counting import EACH_ONCE
from pytest_llm_migrate.comparison.judging import preference_records
from pytest_llm_migrate.domain import Score, order_decided
from pytest_llm_migrate.errors import counted
from pytest_llm_migrate.stats import PLAIN, Design, Undefined, one_side, sign_flips, spearman

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

    from pytest_llm_migrate.comparison.comparison import Comparison
    from pytest_llm_migrate.comparison.counting import Counting
    from pytest_llm_migrate.domain import Case
    from pytest_llm_migrate.stats import Estimate

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class PairwiseSummary:
    """Wins, ties and losses of the target, and the biases that show in them.

    Each row counts once, whatever traffic it stands for. Where rows belong to clusters these are the units that vary:
    intervals are made for as many rows as their clusters are worth, and the test of signs turns whole clusters.

    Attributes:
        wins: Rows whose target's answer is better, in most of their repeats where they have several.
        ties: Rows where neither is, the undecided ones included.
        losses: Rows whose source's answer is better.
        missing: Rows without a verdict.
        compared: Rows whose answers differ, and so were compared.
        win_share: The target's share of wins and losses, by Wilson's interval; ``None`` without either.
        p_value: Two-sided exact sign test of "as many wins as losses"; ties are left out.
        order_decides: Share of verdicts on the compared rows that changed with the order of the answers, the mean of
            each row's repeats; ``None`` where none was compared, or people compared them, once.
        longer_wins: Of wins and losses between answers of different length, the share that the longer one won.
        length_correlation: Spearman's correlation of the target's score with how much longer its answer is.
        clusters: What varies, in words, where that is not each row by itself.
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
    clusters: str = ""

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
        missing = f"{counted(self.missing, 'row')} without a verdict" if self.missing else ""
        return "; ".join(filter(None, [*parts, missing, self.clusters]))

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
    unit: Hashable | None

    @property
    def is_win(self) -> bool:
        return self.target > _TIE


def pairwise_records(comparison: Comparison, metrics: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each metric that compares two answers with its record: who compared, and what a judge shares with people.

    ``agreement`` is ``None`` for people's own.
    """
    for name in metrics:
        agreement = preference_records(name, comparison.__getitem__, comparison.judging)
        summary = pairwise_summary(comparison.cases, name, comparison.counting, by_people=agreement is None)
        yield name, {"by": "people" if agreement is None else "judge", **summary.to_record(), "agreement": agreement}


def pairwise_summary(
    cases: Sequence[Case], metric: str = "pairwise", counting: Counting = EACH_ONCE, *, by_people: bool = False
) -> PairwiseSummary:
    """Return what a metric that compares both sides' answers says over cases; people compare in one order only."""
    units = counting.of(cases).clusters or [None] * len(cases)
    found = [_pair(case, metric, unit) for case, unit in zip(cases, units, strict=True)]
    pairs = [pair for pair in found if pair]
    compared = [pair for pair in pairs if pair.is_compared]
    decided = [pair for pair in pairs if pair.target != _TIE]
    wins = sum(pair.is_win for pair in decided)
    return PairwiseSummary(
        wins=wins,
        ties=len(pairs) - len(decided),
        losses=len(decided) - wins,
        missing=len(found) - len(pairs),
        compared=len(compared),
        win_share=_share(decided, lambda pair: pair.is_win),
        p_value=sign_flips([1 if pair.is_win else -1 for pair in decided], _design(decided)),
        order_decides=None if by_people else _share(compared, lambda pair: order_decided(pair.target.reason)),
        longer_wins=_share(
            [pair for pair in decided if pair.difference], lambda pair: pair.is_win == (pair.difference > 0)
        ),
        length_correlation=spearman(
            [float(pair.target) for pair in compared],
            [float(pair.difference) for pair in compared],
            confidence=CONFIDENCE,
            design=_design(compared),
        ),
        clusters=_clusters(pairs, counting),
    )


_TIE = 0.5


def _pair(case: Case, metric: str, unit: Hashable | None) -> _Pair | None:
    score = case.target.scores.get(metric)
    if case.source.failure or case.target.failure or not isinstance(score, Score):
        return None
    source, target = case.source.text.strip(), case.target.text.strip()
    # The texts are those of a row's first repeat; a later one may have been compared where these are equal.
    is_compared = source != target or score != _TIE or order_decided(score.reason) > 0
    return _Pair(score, len(target) - len(source), is_compared, unit)


def _design(pairs: Sequence[_Pair]) -> Design:
    units = [pair.unit for pair in pairs]
    return PLAIN if None in units else Design(clusters=units)


def _clusters(pairs: Sequence[_Pair], counting: Counting) -> str:
    if counting.cluster is None or not pairs:
        return ""
    return f"{counted(len({pair.unit for pair in pairs}), 'cluster')} by {counting.cluster} are the units that vary"


def _share(pairs: Sequence[_Pair], value: Callable[[_Pair], float]) -> Estimate | None:
    return one_side([value(pair) for pair in pairs], confidence=CONFIDENCE, design=_design(pairs)) if pairs else None


def _percent(share: Estimate) -> str:
    return f"{share.value:.0%} ({share.low:.0%} to {share.high:.0%})"


def _figure(found: Estimate | Undefined | None) -> dict[str, Any] | None:
    if found is None or isinstance(found, Undefined):
        return None
    return {"value": found.value, "interval": [found.low, found.high], "confidence": found.confidence, "n": found.n}
