"""The price list of the ``genai-prices`` package."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from pytest_llm_migrate.pricing.bedrock_ids import base_id, bedrock_id
from pytest_llm_migrate.pricing.usage import Usage

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

    from pytest_llm_migrate.domain import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledPrices:
    """On-demand Bedrock prices as the installed ``genai-prices`` release knows them; nothing is downloaded.

    Models are Bedrock ids, inference profiles and their ARNs; a profile has its own price where the list has one
    (``global.`` is often cheaper), else its model's. Everything else, ``local:`` and ``recorded`` included, is unknown.
    Tokens of a prompt cache without a price of their own cost what input costs.

    Attributes:
        at: The moment whose prices count, where prices changed; ``None`` is the moment of asking.
    """

    at: datetime | None = None

    @property
    def source(self) -> str:
        """The package and its release."""
        return f"genai-prices {version('genai-prices')}"

    @property
    def as_of(self) -> None:
        """Unknown: the package does not date its data."""
        return

    def cost(self, model: str, answer: Answer) -> float | None:
        """Return US dollars for one answer, ``None`` when the model, a price or the tokens are unknown."""
        usage, model_id = Usage.of(answer), bedrock_id(model)
        if usage is None or model_id is None:
            return None
        offer = _offer(model_id) or _offer(base_id(model_id))
        return _cost(offer, usage, self.at or datetime.now(UTC)) if offer else None


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
def _offer(model_id: str) -> ModelInfo | None:
    return _bedrock().find_model(model_id)


def _bedrock() -> Provider:
    # The release's own data, not the package's current snapshot: other code may have let that be updated.
    from genai_prices.data import providers  # noqa: PLC0415 - see above

    return next(provider for provider in providers if provider.id == "aws")
