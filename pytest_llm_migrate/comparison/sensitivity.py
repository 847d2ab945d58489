"""What rows without scores could do to a verdict: it is found again with them at their worst and at their best."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.comparison.gates import signed_limits
from pytest_llm_migrate.domain import Ruling
from pytest_llm_migrate.errors import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.comparison.gates import Evidence
    from pytest_llm_migrate.domain import Verdict


def with_missing(verdict: Verdict, rule: Callable[[Evidence], Ruling], *, worst: Evidence, best: Evidence) -> Verdict:
    """Return a gate's verdict with what rows without scores, 1 or more, could make of it.

    ``worst`` is the evidence of all rows with the target's missing scores at the metric's lower bound and the
    source's at its upper one, ``best`` the other way round. A verdict that is not the same under ``rule`` with
    both is NOT ENOUGH EVIDENCE. The verdict on a difference need not lie between them: of a row that lacks one
    score the other still counts, and a row that was wrong before cannot break.
    """
    missing, at_worst, at_best = verdict.figures["missing"], rule(worst), rule(best)
    said = f"worst case of {counted(missing, 'missing row')}: {_said(worst, at_worst)}"
    sensitivity = {"worst": _figures(worst, at_worst), "best": _figures(best, at_best)}
    shown = replace(
        verdict,
        detail=f"{verdict.detail}; {said}; best case: {_said(best, at_best)}",
        figures={**verdict.figures, "sensitivity": sensitivity},
    )
    if at_worst is at_best is verdict.ruling:
        return shown
    cases = f"{at_worst} at worst, {at_best} at best" if at_worst is not at_best else f"{at_best} whatever they score"
    could = f"the {counted(missing, 'row')} without scores could change that: {cases}"
    statement = f"{verdict.statement.removesuffix('.')}, but {could}."
    return replace(shown, ruling=Ruling.NOT_ENOUGH_EVIDENCE, statement=statement)


def _said(evidence: Evidence, ruling: Ruling) -> str:
    return f"limits {signed_limits(evidence.low, evidence.high)}, {ruling}"


def _figures(evidence: Evidence, ruling: Ruling) -> dict[str, Any]:
    known = {name: getattr(evidence, name) for name in ("estimate", "low", "high", "n")}
    return {"verdict": str(ruling), **known}
