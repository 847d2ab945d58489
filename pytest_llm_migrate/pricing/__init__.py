"""What a call costs: the list that comes along, and a user's own."""

from pytest_llm_migrate.pricing.bundled import BundledPrices, context_window
from pytest_llm_migrate.pricing.files import FilePrices, read_prices
from pytest_llm_migrate.pricing.profiles import ProfilePrices

__all__ = ["BundledPrices", "FilePrices", "ProfilePrices", "context_window", "read_prices"]
