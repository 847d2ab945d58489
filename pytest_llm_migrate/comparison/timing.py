"""Where a comparison's times come from, and what that allows a gate on them to say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pytest_llm_migrate.domain import Case, Verdict

LEAST_PAIRS = 30
"""Pairs of a latency pass below which its gates give no verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Where times come from: a latency pass, or the rows' own answers.

    Attributes:
        pairs: The pairs of a latency pass, as cases without scores; ``None`` where rows' own answers are compared.
        is_services: The pass has the service's own seconds throughout: they are the latency that is compared.
        note: What every gate on times says of their conditions, one sentence; empty where nothing speaks against them.
        detail: The same for a statistician, in a few words.
        invalid: Why no gate on times can judge; empty where they can.
    """

    pairs: Sequence[Case] | None = None
    is_services: bool = False
    note: str = ""
    detail: str = ""
    invalid: str = ""

    @property
    def least(self) -> int:
        """Pairs below which no gate gives a verdict."""
        return 0 if self.pairs is None else LEAST_PAIRS

    def of(self, sample_ids: Collection[str]) -> Timing:
        """Return what is known of some of the rows."""
        if self.pairs is None:
            return self
        return replace(self, pairs=[pair for pair in self.pairs if pair.id in sample_ids])

    def shown(self, verdict: Verdict) -> Verdict:
        """Return a gate's verdict with the conditions of its times; that of an invalid pass has said it all."""
        if self.invalid:
            return verdict
        statement = f"{verdict.statement} {self.note}" if self.note else verdict.statement
        detail = f"{verdict.detail}; {self.detail}" if self.detail else verdict.detail
        figures = {**verdict.figures, "conditions": self.note} if self.note else verdict.figures
        return replace(verdict, statement=statement, detail=detail, figures=figures)


UNTIMED = Timing()
"""Of quantities that are no times: nothing is to be said."""
