"""What a judge that compares both sides' answers says over all rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llm_migrate.comparison.counting import Counting
from pytest_llm_migrate.comparison.pairwise import pairwise_summary
from pytest_llm_migrate.domain import (
    ORDER_DECIDES,
    Answer,
    CallFailure,
    Case,
    Row,
    Score,
    ScoreFailure,
    Side,
    order_decided,
    order_in_repeats,
)
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


def test_repeats_count_by_their_share_of_flips() -> None:
    """Of a row's repeats those that the order decided count by their share, those with equal answers not at all."""
    reasons = [
        f"{ORDER_DECIDES}: source first: source (x)",
        "the target wins in both orders: z",
        "the answers are equal",
    ]
    flipped = f"{order_in_repeats(reasons)}; mean of 3 repeats: 0.5, 1, 0.5"
    assert flipped.startswith("order decides in 1 of 2 repeats;")
    assert (order_decided(flipped), order_decided(reasons[0]), order_in_repeats(reasons[1:])) == (0.5, 1.0, "")
    found = pairwise_summary([case(2 / 3, reason=flipped, target_text=SHORT), *[case(1.0)] * 3])
    assert (found.compared, found.wins) == (4, 4)
    assert found.order_decides
    assert found.order_decides.value == 0.125


THREADS = Counting(cluster="thread")


def threaded(threads: int, rows: int) -> list[Case]:
    """Return rows of which the target wins all in three threads of four, and loses all in the others."""
    return [
        replace(case(float(thread % 4 > 0)), row=Row(sample_id=f"r{thread}-{number}", values={"thread": f"t{thread}"}))
        for thread in range(threads)
        for number in range(rows)
    ]


def test_whole_threads_win_or_lose() -> None:
    """Rows of a cluster that say the same tell no more than one of them: interval and test are those of clusters."""
    alone, together = (pairwise_summary(threaded(12, 5), counting=way) for way in (Counting(), THREADS))
    assert (together.wins, together.losses) == (alone.wins, alone.losses) == (45, 15)
    assert together.p_value == pytest.approx(pairwise_summary(threaded(12, 1)).p_value)
    assert alone.p_value < 0.001 < together.p_value
    assert alone.win_share
    assert together.win_share
    assert together.win_share.low < wilson(9, 12, confidence=0.95).low + 0.01 < alone.win_share.low
    assert together.statement.endswith("; 12 clusters by thread are the units that vary")
    assert "units that vary" not in alone.statement
