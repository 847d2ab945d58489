"""Amounts in a gate's sentence, as the report shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.domain.amounts import PRICED_ROWS, count, quantity, usd

if TYPE_CHECKING:
    from pytest_llm_migrate.stats import Statistic


def shown(unit: str, statistic: Statistic, *values: float) -> str:
    """Return values of a unit with ``to`` between them; US dollars as those of a row, or of 1,000 by their mean."""
    if unit != "USD":
        return f"{' to '.join(map(quantity(unit), values))}{'' if unit == 's' else f' {unit}'}"
    times, rows = (PRICED_ROWS, f"{count(PRICED_ROWS)} rows") if statistic == "mean" else (1, "row")
    return f"{' to '.join(usd(times * value) for value in values)} per {rows}"
