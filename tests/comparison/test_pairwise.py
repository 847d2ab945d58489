"""What a judge that compares both sides' answers says over all rows."""

from __future__ import annotations

import pytest

from pytest_llm_migrate.comparison.pairwise import pairwise_summary
from pytest_llm_migrate.domain import Answer, CallFailure, Case, Row, Score, ScoreFailure, Side
from pytest_llm_migrate.stats import Undefined, wilson

SHORT, LONG = "short", "a good deal longer"


def case(target: float | None, *, source_text: str = SHORT, target_text: str = LONG, reason: str = "") -> Case:
    """Return a row of which the judge gave the target so much."""
    score = ScoreFailure(reason="no") if target is None else Score(target, reason)
    other = score if isinstance(score, ScoreFailure) else Score(1 - score, reason)
    return Case(
        row=Row(sample_id="r", values={}),
        source=Side(name="source", sample_id="r", outcome=Answer(text=source_text), scores={"pairwise": other}),
        target=Side(name="target", sample_id="r", outcome=Answer(text=target_text), scores={"pairwise": score}),
    )


def failed() -> Case:
    """Return a row whose target did not answer."""
    lost = Side(name="target", sample_id="r", outcome=CallFailure(kind="timeout", message="gone"))
    return Case(row=Row(sample_id="r", values={}), source=case(1.0).source, target=lost)


MIXED = [
    *[case(1.0)] * 6,
    *[case(0.0, source_text=LONG, target_text=SHORT)] * 2,
    case(1.0, source_text=LONG, target_text=SHORT),
    case(1.0, target_text="shore"),
    case(0.5, reason="order decides: source first: source (x); target first: target (y)"),
    case(0.5, reason="a tie in both orders: order decides nothing"),
    case(0.5, target_text=f" {SHORT}\n", reason="the answers are equal"),
    case(None),
    failed(),
]


def test_wins_ties_and_losses() -> None:
    """Every row is one of them, or has no verdict."""
    found = pairwise_summary(MIXED)
    assert (found.wins, found.ties, found.losses, found.missing, found.compared) == (8, 3, 2, 2, 12)
    assert found.win_share == wilson(8, 10, confidence=0.95)
    assert found.p_value == pytest.approx(2 * (1 + 10 + 45) / 2**10)


def test_biases_are_measured() -> None:
    """How often the order decided, over rows that were compared, and how often the longer answer won."""
    found = pairwise_summary(MIXED)
    assert found.order_decides == wilson(1, 12, confidence=0.95)
    assert found.longer_wins == wilson(8, 9, confidence=0.95)
    assert not isinstance(found.length_correlation, Undefined)
    assert found.length_correlation.value == pytest.approx(0.432, abs=1e-3)
    assert found.length_correlation.n == 12


def test_it_is_told_in_a_sentence() -> None:
    """With every interval."""
    assert pairwise_summary(MIXED).statement == (
        "target 8 wins, 3 ties, 2 losses; wins 80% (49% to 94%) of the decided, p = 0.11; "
        "the order decides 8% (1% to 35%) of verdicts; the longer answer wins 89% (57% to 98%); "
        "2 rows without a verdict"
    )


def test_nothing_compared_is_no_figure() -> None:
    """Without rows there are counts, and no share that nothing stands for."""
    record = pairwise_summary([case(None)]).to_record()
    assert record["statement"] == "target 0 wins, 0 ties, 0 losses; 1 row without a verdict"
    assert (record["win_share"], record["order_decides"], record["longer_wins"]) == (None, None, None)
    assert (record["length_correlation"], record["p_value"]) == (None, 1)


def test_the_record_is_plain() -> None:
    """Figures carry their interval, its confidence and the rows behind them."""
    found = pairwise_summary(MIXED).to_record()["win_share"]
    assert found == {
        "value": 0.8,
        "interval": [pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4)],
        "confidence": 0.95,
        "n": 10,
    }
