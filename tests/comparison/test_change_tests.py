"""P-values of "nothing changed" that stand beside a gate."""

from __future__ import annotations

import pytest

from pytest_llm_migrate.comparison.counting import Counting
from pytest_llm_migrate.stats import mcnemar_exact, mcnemar_midp, wilcoxon
from tests.comparison.cases import case, compared, scored

NAMES = ("wilcoxon_p", "mcnemar_p", "mcnemar_midp")


def test_right_or_wrong_rows_get_mcnemars() -> None:
    """The verdict's figures and the record hold the exact and the mid-p value, and none of ranks."""
    comparison = compared(scored([(1.0, 0.0)] * 7 + [(0.0, 1.0)] + [(1.0, 1.0)] * 12))
    figures = comparison["m"].non_inferior(0.1).figures
    assert [figures[name] for name in NAMES] == [None, mcnemar_exact(7, 1), mcnemar_midp(7, 1)]
    record = comparison.to_record()["metrics"]["m"]
    assert [record[name] for name in NAMES] == [figures[name] for name in NAMES]


def test_graded_rows_get_wilcoxons() -> None:
    """Scores between right and wrong are ranked by how far they moved."""
    pairs = [(0.5, 0.75), (0.25, 0.125), (0.5, 1.0), (0.75, 0.75), (0.0, 0.375)]
    figures = compared(scored(pairs))["m"].superior().figures
    expected = wilcoxon([source for source, _ in pairs], [target for _, target in pairs]).p
    assert [figures[name] for name in NAMES] == [expected, None, None]


@pytest.mark.parametrize("counting", [Counting(weight="w"), Counting(cluster="w")])
def test_rows_that_count_unequally_get_none(counting: Counting) -> None:
    """The tests take every row for one that stands for itself."""
    cases = [case(number, 1.0, 0.0, w=number % 3 + 1) for number in range(9)]
    figures = compared(cases, counting=counting)["m"].non_inferior(0.1).figures
    assert [figures[name] for name in NAMES] == [None, None, None]
