"""Counts of rows on each side, and the gate on their share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.domain import Answer, Ruling
from pytest_llm_migrate.errors import MarginError
from tests.comparison.cases import THROTTLED, case, compared

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Verdict


def stopped(*reasons: str | None) -> list[tuple[Answer, Answer]]:
    """Return both sides' answers, of which the target's ended for these reasons."""
    return [(Answer(text="", stop_reason="end_turn"), Answer(text="", stop_reason=reason)) for reason in reasons]


@pytest.mark.parametrize(
    ("cut", "rows", "share", "ruling"),
    [
        (0, 200, 0.02, Ruling.GO),
        (3, 400, 0.02, Ruling.GO),
        (30, 200, 0.02, Ruling.NO_GO),
        (1, 40, 0.02, Ruling.NOT_ENOUGH_EVIDENCE),
        (0, 20, 0.02, Ruling.NOT_ENOUGH_EVIDENCE),
    ],
)
def test_share_of_rows_is_judged(cut: int, rows: int, share: float, ruling: Ruling) -> None:
    """A share is shown, ruled out, or open, by the interval of what was seen."""
    answers = stopped(*["max_tokens"] * cut, *["end_turn"] * (rows - cut))
    said: list[Verdict] = []
    verdict = compared([case(number, answers=pair) for number, pair in enumerate(answers)], said).truncated.at_most(
        share
    )
    assert (verdict.ruling, bool(verdict), said) == (ruling, ruling is Ruling.GO, [verdict])
    assert verdict.statement.startswith(f"truncated: {cut} of {rows} target rows; a share of at most 0.02 ")


def test_undecided_share_says_how_many_rows_settle_it() -> None:
    """Where all is well so far, the rows that are missing are counted."""
    cases = [case(number, answers=pair) for number, pair in enumerate(stopped(*["end_turn"] * 20))]
    verdict = compared(cases).truncated.at_most(0.02)
    more = verdict.figures["more_rows"]
    assert f"about {more} more rows" in verdict.statement
    enough = [case(number, answers=pair) for number, pair in enumerate(stopped(*["end_turn"] * (20 + more)))]
    assert compared(enough).truncated.at_most(0.02)


def test_rows_that_tell_nothing_are_not_judged() -> None:
    """Answers that do not say why they ended are no answers that ended well."""
    cases = [case(number, answers=pair) for number, pair in enumerate(stopped(*[None] * 10, *["end_turn"] * 90))]
    comparison = compared(cases)
    assert comparison.truncated.at_most(0.1).ruling is Ruling.CANNOT_JUDGE
    assert comparison.refusals.at_most(0.1)


def test_failed_calls_have_a_share_too() -> None:
    """Errors are judged over all rows; what failed is neither refused nor cut off."""
    cases = [case(0, target=THROTTLED), *(case(number) for number in range(1, 200))]
    comparison = compared(cases)
    assert (comparison.errors.target, comparison.refusals.target) == (1, 0)
    assert comparison.errors.at_most(0.05)
    assert repr(comparison.errors) == "<errors: source 0, target 1>"


@pytest.mark.parametrize("share", [0, 1, -0.1, 2])
def test_impossible_share_is_refused(share: float) -> None:
    """A share that shows nothing, or that nothing can show, is an error."""
    with pytest.raises(MarginError, match="a share of the rows above 0 and below 1"):
        compared([case(0)]).truncated.at_most(share)


def test_stop_reasons_are_counted() -> None:
    """Every reason that a model gave is counted for its side."""
    cases = [case(number, answers=pair) for number, pair in enumerate(stopped("end_turn", "max_tokens", None))]
    record = compared(cases).to_record()
    assert record["stop_reasons"] == {"source": {"end_turn": 3}, "target": {"end_turn": 1, "max_tokens": 1}}
