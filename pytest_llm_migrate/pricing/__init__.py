"""What a call costs: the list that comes along, and a user's own."""

from pytest_llm_migrate.pricing.bundled import BundledPrices
from pytest_llm_migrate.pricing.files import FilePrices, read_prices

__all__ = ["BundledPrices", "FilePrices", "read_prices"]
