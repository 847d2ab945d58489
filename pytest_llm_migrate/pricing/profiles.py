"""A price list around a price list, for references that do not say their model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain.bedrock_ids import is_application_profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.domain import Answer, PriceList
    from pytest_llm_migrate.domain.bedrock_ids import ProfileModel


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePrices:
    """Charges an application inference profile as the model behind it, unless the list names its ARN.

    Attributes:
        prices: The price list.
        model_of: Returns the model behind a profile's ARN.
    """

    prices: PriceList
    model_of: Callable[[str], ProfileModel]

    @property
    def source(self) -> str:
        """The price list's."""
        return self.prices.source

    @property
    def as_of(self) -> str | None:
        """The price list's."""
        return self.prices.as_of

    def cost(self, model: str, answer: Answer) -> float | None:
        """Return US dollars for one answer, ``None`` when the model, a price or the tokens are unknown."""
        cost = self.prices.cost(model, answer)
        if cost is not None or not is_application_profile(model):
            return cost
        model_id = self.model_of(model).model_id
        return self.prices.cost(model_id, answer) if model_id else None

    def why_no_cost(self, model: str, answer: Answer) -> str | None:
        """Return why there is no cost, ``None`` where there is one."""
        if self.cost(model, answer) is not None:
            return None
        if not is_application_profile(model):
            return self.prices.why_no_cost(model, answer)
        model_id, reason = self.model_of(model)
        if model_id:
            return self.prices.why_no_cost(model_id, answer)
        return f"unpriced: the model behind {model} is not known: {reason}"
