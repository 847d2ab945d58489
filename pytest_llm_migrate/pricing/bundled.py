"""The price list of the ``genai-prices`` package."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain.bedrock_ids import base_id, bedrock_id, is_capacity
from pytest_llm_migrate.pricing.charging import Charging
from pytest_llm_migrate.pricing.reasons import not_per_token, on_this_machine, uncounted, unpriced
from pytest_llm_migrate.pricing.usage import ON_DEMAND, RESERVED, Served, Usage

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

    from pytest_llm_migrate.domain import Answer

_LOCAL = "local:"


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledPrices(Charging):
    """On-demand Bedrock prices as the installed ``genai-prices`` release knows them; nothing is downloaded.

    The list holds no other tier of Bedrock's and no latency-optimised price; what was served so is unknown.

    Models are Bedrock ids, inference profiles and their ARNs; a profile has its own price where the list has one
    (``global.`` is often cheaper), else its model's; ``local:`` models have none. Everything else is unknown.
    Tokens of a prompt cache without a price of their own cost what input costs.

    Attributes:
        at: The moment whose prices count, where prices changed; ``None`` is the moment of asking.
    """

    at: datetime | None = None

    @property
    def source(self) -> str:
        """The package and its release."""
        return f"genai-prices {_release()}"

    @property
    def as_of(self) -> None:
        """Unknown: the package does not date its data."""
        return

    def _charge(self, model: str, answer: Answer) -> float | str:
        """Return US dollars, or the reason why they are unknown."""
        usage, model_id, served = Usage.of(answer), bedrock_id(model), Served.of(answer)
        if is_capacity(model) or (model_id and served.tier == RESERVED):
            return not_per_token(model, served)
        if model.startswith(_LOCAL):
            return on_this_machine(model)
        missing = unpriced(model, served, self.source)
        if model_id is None or served != ON_DEMAND:
            return missing
        if usage is None:
            return uncounted(model)
        offer = _offer(model_id) or _offer(base_id(model_id))
        cost = _cost(offer, usage, self.at or datetime.now(UTC)) if offer else None
        return missing if cost is None else cost


def context_window(model: str) -> int | None:
    """Return how many tokens a Bedrock model reads at most, ``None`` where the package does not know."""
    model_id = bedrock_id(model)
    offer = model_id and (_offer(model_id) or _offer(base_id(model_id)))
    return offer.context_window if offer else None


def _cost(offer: ModelInfo, usage: Usage, at: datetime) -> float | None:
    from genai_prices import Usage as Counted  # noqa: PLC0415 - the package takes a fifth of a second to import

    prices = offer.get_prices(at)
    if prices.input_mtok is None or (prices.output_mtok is None and usage.output):
        return None
    counted = Counted(
        input_tokens=usage.input + usage.cache_read + usage.cache_write,
        output_tokens=usage.output,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
    )
    return float(prices.calc_price(counted)["total_price"])


@cache
def _release() -> str:
    return version("genai-prices")


@cache
def _offer(model_id: str) -> ModelInfo | None:
    return _bedrock().find_model(model_id)


def _bedrock() -> Provider:
    # The release's own data, not the package's current snapshot: other code may have let that be updated.
    from genai_prices.data import providers  # noqa: PLC0415 - see above

    return next(provider for provider in providers if provider.id == "aws")
