"""P-values of slices: who gets one, and how they allow for each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.comparison.counting import Counting
from pytest_llm_migrate.stats import holm, mcnemar_exact
from tests.comparison.cases import UNSCORED, case, compared

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Case


def rows(channel: str, broke: int, fixed: int, same: int = 2) -> list[Case]:
    """Return a slice of so many rows that broke, were fixed, and stayed right."""
    scores = [(1.0, 0.0)] * broke + [(0.0, 1.0)] * fixed + [(1.0, 1.0)] * same
    return [case(number, *pair, channel=channel, tier=number % 2, part=1) for number, pair in enumerate(scores)]


def p_values(cases: list[Case], **options: Any) -> dict[tuple[str, str], tuple[float | None, float | None]]:
    """Return each slice's ``p`` and ``p_holm``."""
    record = compared(cases, **options).to_record()
    found = {(group["column"], group["value"]): group["metrics"]["m"] for group in record["slice_metrics"]}
    return {name: (metric["p"], metric["p_holm"]) for name, metric in found.items()}


def test_slices_are_tested_and_adjusted_for_their_number() -> None:
    """Nine of nine that broke are p = 0.004 by themselves and three times that among three slices."""
    found = p_values(rows("web", 9, 0) + rows("mail", 1, 1) + rows("chat", 0, 0), slices=["channel"])
    assert found["channel", "web"] == pytest.approx((2 * 0.5**9, 3 * 2 * 0.5**9))
    assert found["channel", "mail"] == found["channel", "chat"] == (1.0, 1.0)


def test_all_slices_of_a_metric_are_one_family() -> None:
    """Groups of every column count, those of another one that share the rows as well."""
    cases = rows("web", 9, 0) + rows("mail", 1, 6)
    found = p_values(cases, slices=["channel", "tier"])
    plain = [p for p, _ in found.values() if p is not None]
    assert len(plain) == 4
    assert [adjusted for _, adjusted in found.values()] == holm(plain)
    assert found["channel", "mail"][0] == mcnemar_exact(1, 6)


@pytest.mark.parametrize("counting", [Counting(weight="part"), Counting(cluster="channel")])
def test_rows_that_count_unequally_have_no_p_value(counting: Counting) -> None:
    """McNemar's test takes every row for one that stands for itself."""
    assert p_values(rows("web", 9, 0), slices=["channel"], counting=counting) == {("channel", "web"): (None, None)}


def test_graded_scores_have_no_p_value() -> None:
    """One score between right and wrong makes the metric graded, in all of its slices."""
    cases = [*rows("web", 9, 0), case(99, 0.5, 0.5, channel="mail")]
    assert set(p_values(cases, slices=["channel"]).values()) == {(None, None)}


def test_a_slice_without_a_score_is_not_in_the_family() -> None:
    """Where nothing was scored nothing was tested, and the others pay nothing for it."""
    found = p_values([*rows("web", 9, 0), case(99, 1.0, UNSCORED, channel="mail")], slices=["channel"])
    assert found["channel", "mail"] == (None, None)
    assert found["channel", "web"] == pytest.approx((2 * 0.5**9, 2 * 0.5**9))
