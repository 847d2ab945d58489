"""What price lists have in common: a charge, or the reason why there is none."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Answer


class Charging(ABC):
    """A price list that knows of every answer either its charge or why it is unknown."""

    __slots__ = ()

    def cost(self, model: str, answer: Answer) -> float | None:
        """Return US dollars for one answer, ``None`` when the model, a price or the tokens are unknown."""
        charge = self._charge(model, answer)
        return charge if isinstance(charge, float) else None

    def why_no_cost(self, model: str, answer: Answer) -> str | None:
        """Return why there is no cost, ``None`` where there is one."""
        charge = self._charge(model, answer)
        return charge if isinstance(charge, str) else None

    @abstractmethod
    def _charge(self, model: str, answer: Answer) -> float | str:
        """Return US dollars, or the reason why they are unknown."""
