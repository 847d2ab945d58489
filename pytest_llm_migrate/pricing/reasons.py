"""Why there is no cost, in words for the report; each begins with what that makes of the cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.pricing.usage import ON_DEMAND

if TYPE_CHECKING:
    from pytest_llm_migrate.pricing.usage import Served


def unpriced(model: str, served: Served, source: str) -> str:
    """Return that a price list has no price for what served an answer."""
    return f"unpriced: no price for {_what(model, served)} in {source}"


def unpriced_cache(model: str, served: Served, source: str) -> str:
    """Return that a price list has no price for the prompt cache's tokens."""
    return f"unpriced: no price for the prompt cache of {_what(model, served)} in {source}"


def uncounted(model: str) -> str:
    """Return that nobody said how many tokens there were."""
    return f"unpriced: how many tokens {model} read and wrote is not known"


def not_per_token(model: str, served: Served) -> str:
    """Return that no token has a price, because capacity is paid for."""
    return f"not per token: {_what(model, served)} is paid for by capacity"


def on_this_machine(model: str) -> str:
    """Return that no token has a price, because the model runs here."""
    return f"not per token: {model} runs on this machine"


def _what(model: str, served: Served) -> str:
    tier = f"tier {served.tier!r}" if served.tier != ON_DEMAND.tier else ""
    latency = f"latency mode {served.latency!r}" if served.latency != ON_DEMAND.latency else ""
    unusual = " and ".join(filter(None, [tier, latency]))
    return f"{unusual} of {model}" if unusual else model
