"""What the source has to lose: where a margin is wider than that, any target would pass a gate on a loss.

Trials of medicines call it a lack of assay sensitivity (ICH E10, 2000, section 1.5): that nothing was lost may mean
that there was nothing to lose.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llm_migrate.comparison.counting import mean_of
from pytest_llm_migrate.comparison.gates import above, evidence_of
from pytest_llm_migrate.domain import Ruling
from pytest_llm_migrate.stats import paired_difference, two_sided_confidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llm_migrate.comparison.gates import Evidence
    from pytest_llm_migrate.domain import Verdict
    from pytest_llm_migrate.stats import Design


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Whether a gate on a loss could fail.

    Attributes:
        margin: The loss that it asks about.
        is_seen: Whether the source's mean lies at least so far above the least score, or the gate needs no room.
        is_ruled_out: Whether it is shown to lie closer: a target with the least score in every row would be GO.
    """

    margin: float
    is_seen: bool = True
    is_ruled_out: bool = False

    @classmethod
    def of(
        cls, source: Sequence[float], bar: float, evidence: Evidence, *, bounds: tuple[float, float], design: Design
    ) -> Room:
        """Return what there is for a gate that wants a difference above ``bar``, by all of the source's scores.

        A gate that asks for a gain needs none, and neither do rows that show one.
        """
        if bar >= 0 or evidence.low > 0 or (mean_of(source, design) or 0.0) - bounds[0] >= -bar:
            return cls(margin=-bar)
        least, confidence = [bounds[0]] * len(source), two_sided_confidence(evidence.confidence)
        hopeless = paired_difference(source, least, confidence=confidence, bounds=bounds, design=design)
        is_go = above(evidence_of(hopeless, evidence.confidence, missing=0), bar) is Ruling.GO
        return cls(margin=-bar, is_seen=False, is_ruled_out=is_go)

    @property
    def caution(self) -> str:
        """What a verdict says of too little room; empty where there is enough."""
        return "" if self.is_seen else ", and the source's mean leaves less than that to lose"

    def applied(self, verdict: Verdict, moved: str) -> Verdict:
        """Return a verdict as CANNOT JUDGE where any target would have passed; ``moved`` says what was seen."""
        if not self.is_ruled_out:
            return verdict
        why = f"the source is shown to have less than {self.margin:g} to lose, so that any target would pass"
        return replace(verdict, ruling=Ruling.CANNOT_JUDGE, statement=f"{moved}; {why}.")
