"""Whether a gate on a loss could fail: a margin wider than what the source has to lose lets every target pass.

Trials of medicines call it a lack of assay sensitivity (ICH E10, 2000, section 1.5): that nothing was lost may mean
that there was nothing to lose.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import Ruling

if TYPE_CHECKING:
    from pytest_llm_migrate.comparison.gates import Evidence
    from pytest_llm_migrate.domain import Verdict


def could_fail(bar: float, evidence: Evidence, room: float) -> bool:
    """Whether a gate that wants a difference above ``bar`` says something of these rows.

    It does where it asks for a gain, where the source has ``room`` to lose what the bar allows and more, and where
    the rows show a gain, whatever the margin. Room is what lies between the least score there is and the source's
    mean, with missing scores at their best.
    """
    return bar >= 0 or room >= -bar or evidence.low > 0


def without_room(verdict: Verdict, margin: float) -> Verdict:
    """Return a verdict on a loss of ``margin`` as CANNOT JUDGE: no target could lose as much."""
    moved = verdict.statement.partition(";")[0]
    why = f"a loss of {margin:g} is more than the source has to lose, so that any target would pass"
    return replace(verdict, ruling=Ruling.CANNOT_JUDGE, statement=f"{moved}; {why}.")
