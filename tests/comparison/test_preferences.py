"""How far a judge that compares two answers prefers what people prefer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.comparison import Comparison, Counting
from pytest_llm_migrate.comparison.counting import EACH_ONCE
from pytest_llm_migrate.comparison.judging import Judging
from pytest_llm_migrate.comparison.pairwise import pairwise_records
from pytest_llm_migrate.domain import Answer, Case, Row, Score, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llm_migrate.domain import SideName

PAIRED = Judging(paired=["pairwise"], preferred=["people"])


def compared(
    pairs: Sequence[tuple[float, float | None]], judging: Judging = PAIRED, counting: Counting = EACH_ONCE
) -> Comparison:
    """Return rows of which a judge and people gave the target these scores; four rows are a thread."""
    cases = []
    for number, (judge, people) in enumerate(pairs):
        given = {"pairwise": judge} | ({} if people is None else {"people": people})
        sides = {
            name: Side(
                name=name,
                sample_id=f"r{number}",
                outcome=Answer(text=name),
                scores={metric: Score(at(value)) for metric, value in given.items()},
            )
            for name, at in _AT.items()
        }
        cases.append(Case(row=Row(sample_id=f"r{number}", values={"thread": number // 4}), **sides))
    return Comparison(cases, metrics=["pairwise", "people"], judging=judging, counting=counting, tolerance=1.0)


_AT: dict[SideName, Callable[[float], float]] = {"source": lambda value: 1 - value, "target": lambda value: value}
ALIKE: list[tuple[float, float | None]] = [(value, value) for value in (0.0, 0.5, 1.0, 1.0) * 20]


def test_a_judge_s_preferences_are_counted_with_people_s() -> None:
    """Ties are preferences too, several people's word counts by its majority, and other rows do not count."""
    records = dict(
        pairwise_records(compared([(1.0, 0.75), (0.5, 0.5), (0.0, 1.0), (1.0, None)]), ["pairwise", "people"])
    )
    ((found,),) = [records["pairwise"]["agreement"]]
    assert (found["human"], found["rows"], found["observed"]) == ("people", 3, 2 / 3)
    assert found["statement"].startswith("it agrees with people in 2 of 3 rows, kappa 0.50 (")
    assert (records["people"]["by"], records["people"]["agreement"]) == ("people", None)


def test_a_gate_says_what_its_judge_shares_with_people() -> None:
    """Nothing where it is shown to prefer what they do; people's own gates have no judge behind them."""
    unlike = [(value, 1 - value) for value, _ in ALIKE]
    said = [found["pairwise"].non_inferior(margin=0.9).statement for found in (compared(ALIKE), compared(unlike))]
    assert "judge" not in said[0]
    assert "The judge behind it is not shown to agree with people: kappa -0." in said[1]
    assert "judge" not in compared(unlike)["people"].non_inferior(margin=0.9).statement


@pytest.mark.parametrize("judging", [Judging(paired=["pairwise"]), PAIRED], ids=["nobody", "no row"])
def test_a_judge_that_nobody_checked_says_so(judging: Judging) -> None:
    """Whether there are no people, or none of their rows."""
    found = compared([(1.0, None)] * 40, judging)
    assert "The judge behind it was not held against people." in found["pairwise"].non_inferior(margin=0.9).statement
    (record,) = (item for _, item in pairwise_records(found, ["pairwise"]))
    assert [each["statement"] for each in record["agreement"]] == (
        ["no row has a preference of people beside it"] if judging.preferred else []
    )


def test_rows_of_a_thread_widen_the_interval() -> None:
    """Clusters are what varies."""
    pairs = [
        (value, value if place % 3 else 1 - value) for place in range(20) for value in (1.0 if place % 2 else 0.0,) * 4
    ]
    widths = []
    for counting in (EACH_ONCE, Counting(cluster="thread")):
        (record,) = (item for _, item in pairwise_records(compared(pairs, counting=counting), ["pairwise"]))
        low, high = record["agreement"][0]["kappa"]["interval"]
        widths.append(high - low)
    assert widths[1] > 1.5 * widths[0]
