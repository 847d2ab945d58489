"""Rows by which little or nothing can be judged: every gate answers in a sentence, without nan or a warning."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.comparison import Counting
from pytest_llm_migrate.domain import Ruling
from tests.comparison.cases import THROTTLED, UNSCORED, case, compared, scored

if TYPE_CHECKING:
    from pytest_llm_migrate.comparison import Comparison
    from pytest_llm_migrate.domain import Case, Verdict
    from tests.comparison.cases import Scored


def verdicts(comparison: Comparison) -> list[Verdict]:
    """Return what every gate on scores, rows and quantities says."""
    metric = comparison["m"]
    return [
        metric.non_inferior(0.05),
        metric.superior(),
        metric.at_least(0.5),
        comparison.errors.at_most(0.1),
        comparison.truncated.at_most(0.1),
        comparison.cost.ratio_at_most(1.2),
        comparison.latency.p95.at_most(3),
    ]


def said(comparison: Comparison) -> list[str]:
    """Return the rulings, once every verdict and figure is found to be whole sentences and strict JSON."""
    found = verdicts(comparison)
    for verdict in found:
        assert verdict.statement.endswith(".")
        assert not {"nan", "inf", "None"} & set(re.findall(r"\w+", f"{verdict.statement} {verdict.detail}"))
        json.dumps(verdict.to_record(), allow_nan=False)
    json.dumps(comparison.to_record(), allow_nan=False)
    return [str(verdict.ruling) for verdict in found[:3]]


OPEN, NOTHING = str(Ruling.NOT_ENOUGH_EVIDENCE), str(Ruling.CANNOT_JUDGE)


@pytest.mark.parametrize(
    ("cases", "rulings"),
    [
        pytest.param([], [NOTHING] * 3, id="no row"),
        pytest.param(scored([(1.0, 1.0)]), [OPEN] * 3, id="one row"),
        pytest.param(scored([(0.4, 0.4)]), [OPEN] * 3, id="one graded row"),
        pytest.param(scored([(1.0, 1.0)] * 300), ["GO", OPEN, "GO"], id="all right"),
        pytest.param(scored([(0.0, 0.0)] * 300), [NOTHING, OPEN, "NO-GO"], id="all wrong"),
        pytest.param(scored([(0.7, 0.7)] * 300), ["GO", OPEN, "GO"], id="all alike"),
        pytest.param(scored([(UNSCORED, UNSCORED)] * 5), [NOTHING] * 3, id="no score"),
        pytest.param(scored([(THROTTLED, THROTTLED)] * 5), [NOTHING] * 3, id="no answer"),
    ],
)
def test_few_or_equal_scores(cases: list[Case], rulings: list[str]) -> None:
    """Rows that say little are NOT ENOUGH EVIDENCE, those that say nothing CANNOT JUDGE."""
    assert said(compared(cases)) == rulings


def test_a_slice_of_one_row() -> None:
    """It is shown and decides nothing, and may be judged by itself."""
    cases = [case(number, part="few" if number == 0 else "many") for number in range(300)]
    comparison = compared(cases, slices=("part",))
    assert said(comparison) == ["GO", OPEN, "GO"]
    assert said(comparison.slice("part", "few")) == [OPEN] * 3
    few, _ = comparison["m"].non_inferior(0.05).figures["slices"]
    assert (few["n"], few["verdict"]) == (1, OPEN)


def test_a_slice_whose_weights_sum_to_nothing() -> None:
    """Rows that stand for no traffic count once each where there are no others."""
    cases = [case(number, part="idle" if number < 9 else "busy", w=0 if number < 9 else 2) for number in range(300)]
    comparison = compared(cases, slices=("part",), counting=Counting(weight="w"))
    assert said(comparison) == ["GO", OPEN, "GO"]
    assert said(comparison.slice("part", "idle")) == [OPEN, OPEN, "GO"]


def test_all_rows_in_one_cluster() -> None:
    """Rows that belong together are one row's worth of evidence."""
    cases = [case(number, customer="c") for number in range(300)]
    assert said(compared(cases, counting=Counting(cluster="customer"))) == [OPEN] * 3


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.25, 1.0, UNSCORED, THROTTLED]),
            st.sampled_from([0.0, 0.25, 1.0, UNSCORED, THROTTLED]),
            st.sampled_from(["a", "b", None]),
            st.integers(0, 2),
        ),
        max_size=12,
    ),
    st.booleans(),
)
def test_whatever_the_rows_are_gates_answer(
    rows: list[tuple[Scored, Scored, Any, int]],
    is_weighed: bool,  # noqa: FBT001 - drawn
) -> None:
    """Few rows with and without scores, in groups, weighed or not, some of them critical."""
    cases = [case(number, *pair, part=part, w=weight) for number, (*pair, part, weight) in enumerate(rows)]
    counting = Counting(weight="w" if is_weighed else None, critical=frozenset({"r0", "r5"}))
    assert len(said(compared(cases, slices=("part",), counting=counting, tolerance=0.5))) == 3
