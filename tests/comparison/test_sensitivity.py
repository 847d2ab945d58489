"""What rows without scores could do to a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.comparison import Counting
from pytest_llm_migrate.domain import Ruling
from tests.comparison.cases import THROTTLED, UNSCORED, billed, case, compared, scored

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Verdict
    from tests.comparison.cases import Scored

Pairs = list[tuple["Scored", "Scored"]]
RIGHT: tuple[Scored, Scored] = (1.0, 1.0)
BROKE: tuple[Scored, Scored] = (1.0, 0.0)
LOST: tuple[Scored, Scored] = (1.0, THROTTLED)
RANK: list[str] = [Ruling.NO_GO, Ruling.NOT_ENOUGH_EVIDENCE, Ruling.GO]
SCORES = st.sampled_from([0.0, 0.5, 1.0])
MAYBE = st.sampled_from([0.0, 1.0, UNSCORED, THROTTLED])


def cases_of(verdict: Verdict) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the figures of the worst case and of the best."""
    found = verdict.figures["sensitivity"]
    return found["worst"], found["best"]


def test_a_verdict_that_no_missing_row_can_change_stands() -> None:
    """Both cases are shown beside a GO, which stays one, in the same words as without a missing row."""
    verdict = compared(scored([RIGHT] * 98 + [LOST] * 2))["m"].non_inferior(margin=0.1)
    assert verdict.ruling is Ruling.GO
    assert verdict.statement == "m went from 1.000 to 1.000 over 98 rows; a loss of 0.1 or more is ruled out."
    worst, best = cases_of(verdict)
    shown = f"worst case of 2 missing rows: limits [{worst['low']:+.4f}, {worst['high']:+.4g}], GO; "
    assert shown in verdict.detail
    assert verdict.detail.endswith(f"; best case: limits [{best['low']:+.4f}, {best['high']:+.4f}], GO")
    assert (worst["estimate"], best["estimate"], worst["n"], worst["verdict"]) == (-0.02, 0.0, 100, "GO")


@pytest.mark.parametrize("lost", [THROTTLED, UNSCORED], ids=["no answer", "no score"])
def test_a_verdict_that_a_missing_row_can_change_is_undecided(lost: Scored) -> None:
    """A GO that two lost rows could take back is NOT ENOUGH EVIDENCE, and says why."""
    verdict = compared(scored([RIGHT] * 98 + [(1.0, lost)] * 2))["m"].non_inferior(margin=0.05)
    assert (verdict.ruling, verdict.statement) == (
        Ruling.NOT_ENOUGH_EVIDENCE,
        (
            "m went from 1.000 to 1.000 over 98 rows; a loss of 0.05 or more is ruled out, but the 2 rows without "
            "scores could change that: NOT ENOUGH EVIDENCE at worst, GO at best."
        ),
    )


def test_a_no_go_that_a_missing_row_can_change_is_undecided() -> None:
    """It works in the other direction too: NO-GO only where even the best case is one."""
    pairs: Pairs = [BROKE] * 8 + [RIGHT] * 91
    assert compared(scored(pairs))["m"].non_inferior(margin=0.045).ruling is Ruling.NO_GO
    verdict = compared(scored([*pairs, (0.0, THROTTLED)]))["m"].non_inferior(margin=0.045)
    assert verdict.ruling is Ruling.NOT_ENOUGH_EVIDENCE
    assert verdict.statement.endswith("NO-GO at worst, NOT ENOUGH EVIDENCE at best.")


def test_a_row_without_any_score_loses_or_gains_the_whole_span() -> None:
    """Lost on both sides, a row is right before and wrong after in the worst case, and the reverse in the best."""
    pairs: Pairs = [(5.0, 5.0)] * 99 + [(THROTTLED, UNSCORED)]
    worst, best = cases_of(compared(scored(pairs), bounds={"m": (1.0, 5.0)})["m"].non_inferior(margin=2))
    assert (worst["estimate"], best["estimate"]) == (pytest.approx(-0.04), pytest.approx(0.04))


def test_a_source_row_that_is_missing_counts_too() -> None:
    """Without the source's score the target's own is held against the best and against the worst that it could be."""
    worst, best = cases_of(compared(scored([RIGHT] * 99 + [(UNSCORED, 1.0)]))["m"].superior())
    assert (worst["estimate"], best["estimate"]) == (0.0, pytest.approx(0.01))


def test_a_floor_looks_at_the_target_alone() -> None:
    """A source row that is missing changes nothing; a target row counts as the least and as the greatest score."""
    pairs: Pairs = [RIGHT] * 99 + [LOST]
    worst, best = cases_of(compared(scored(pairs))["m"].at_least(0.9))
    assert (worst["estimate"], best["estimate"]) == (pytest.approx(0.99), 1.0)
    assert "sensitivity" not in compared(scored([(THROTTLED, 1.0)] * 100))["m"].at_least(0.9).figures


def test_without_a_missing_row_there_is_no_other_case() -> None:
    """Where every row is scored nothing is said of missing ones."""
    verdict = compared(scored([RIGHT] * 100))["m"].non_inferior(margin=0.05)
    assert "sensitivity" not in verdict.figures
    assert "missing" not in verdict.detail


def test_a_missing_row_counts_by_its_weight() -> None:
    """One lost row that stands for half of the traffic decides, though it is one of a hundred."""
    cases = [case(number, 1.0, THROTTLED if number == 0 else 1.0, w=99 if number == 0 else 1) for number in range(100)]
    verdict = compared(cases, counting=Counting(weight="w"))["m"].non_inferior(margin=0.1)
    assert verdict.ruling is Ruling.NOT_ENOUGH_EVIDENCE
    assert cases_of(verdict)[0]["estimate"] == pytest.approx(-0.5)


@pytest.mark.parametrize(("tolerance", "shown"), [(0.05, "5%"), (0.125, "12.5%"), (0.0, "0%")])
def test_the_tolerance_is_the_users(tolerance: float, shown: str) -> None:
    """One row more than the share that is tolerated is too many for every gate and slice, and the share is named."""
    least = int(200 * tolerance) + 1
    cases = [case(number, 1.0, THROTTLED if number < least else 1.0, all="a") for number in range(200)]
    comparison = compared(cases, tolerance=tolerance)
    gates = [
        comparison["m"].at_least(0.5),
        comparison.slice("all", "a")["m"].superior(),
        comparison.refusals.at_most(0.5),
    ]
    assert {gate.ruling for gate in gates} == {Ruling.CANNOT_JUDGE}
    assert {gate.statement.partition("too many")[2] for gate in gates} == {f" to judge: {shown} are tolerated."}
    assert compared([*cases[1:], case(200)], tolerance=tolerance)["m"].at_least(0.1).ruling is not Ruling.CANNOT_JUDGE


def test_quantities_have_the_same_tolerance() -> None:
    """Costs that too many rows lack are not judged, at the same share."""
    comparison = compared(billed([(1.0, 1.0)] * 97 + [(1.0, "unpriced")] * 3), tolerance=0.03)
    assert comparison.cost.at_most(2).ruling is Ruling.GO
    strict = compared(comparison.cases, tolerance=0.025)
    for gate in (strict.cost.at_most(2), strict.cost.ratio_at_most(2)):
        assert "too many to judge: 2.5% are tolerated. " in gate.statement


def test_a_row_whose_known_score_says_enough_changes_the_seen_verdict() -> None:
    """A row that was wrong before cannot break: where both cases say more than the seen rows, nothing is decided."""
    pairs: Pairs = [(1.0, 1.0), (1.0, 1.0), (0.0, UNSCORED)]
    verdict = compared(scored(pairs), tolerance=0.5)["m"].non_inferior(margin=0.5)
    assert verdict.ruling is Ruling.NOT_ENOUGH_EVIDENCE
    assert verdict.statement.endswith("but the 1 row without scores could change that: GO whatever they score.")


@given(st.lists(st.tuples(SCORES | MAYBE, SCORES | MAYBE), min_size=1, max_size=40), st.floats(0.05, 0.95))
def test_a_verdict_is_decided_where_both_cases_agree_with_it(pairs: Pairs, margin: float) -> None:
    """Worst is no better than best, and where the cases and the seen rows do not all say the same nothing is."""
    metric = compared(scored(pairs), tolerance=1.0)["m"]
    for verdict in (metric.non_inferior(margin), metric.superior(margin), metric.at_least(margin)):
        if "sensitivity" in verdict.figures:
            worst, best = cases_of(verdict)
            assert worst["estimate"] <= best["estimate"]
            assert RANK.index(worst["verdict"]) <= RANK.index(best["verdict"])
            is_agreed = {worst["verdict"], best["verdict"]} == {verdict.ruling}
            is_toothless = verdict.statement.endswith("to lose, so that any target would pass.")
            assert is_agreed or verdict.ruling is (Ruling.CANNOT_JUDGE if is_toothless else Ruling.NOT_ENOUGH_EVIDENCE)


@given(st.lists(SCORES | MAYBE, min_size=1, max_size=40), st.floats(0.05, 0.95))
def test_a_floors_verdict_lies_between_its_cases(targets: list[Scored], floor: float) -> None:
    """On one side a missing row knows nothing: the worst case is no better than what is seen, the best no worse."""
    verdict = compared(scored([(1.0, target) for target in targets]), tolerance=1.0)["m"].at_least(floor)
    if "sensitivity" in verdict.figures:
        worst, best = cases_of(verdict)
        assert worst["estimate"] - 1e-9 <= verdict.figures["estimate"] <= best["estimate"] + 1e-9
        ranks = [RANK.index(ruling) for ruling in (worst["verdict"], verdict.ruling, best["verdict"])]
        assert ranks == sorted(ranks)
