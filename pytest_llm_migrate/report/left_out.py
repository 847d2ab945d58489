"""What a page says of rows that are too many to stand in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.report.numbers import count, counted
from pytest_llm_migrate.report.outcomes import OUTCOMES

if TYPE_CHECKING:
    from pytest_llm_migrate.report.packing import Pile

_NAMES = {"error": "no answer"}


def left_out_sentence(pile: Pile) -> str:
    """Return how many rows a page leaves out, of which outcomes, and where they are; nothing where it has all."""
    left_out = pile.left_out
    if not left_out:
        return ""
    kinds = ", ".join(f"{count(left_out[name])} {_NAMES.get(name, name)}" for name in OUTCOMES if left_out[name])
    return (
        f"The worst {count(len(pile))} of {counted(pile.counts.total(), 'row')} stand in this file; "
        f"{count(left_out.total())} are left out of it ({kinds}). All rows stand in rows.jsonl and rows.csv in the "
        "run's folder. Filters, search, scatter and blind review know only the rows that stand here, which are no fair "
        "sample of all; the figures, charts and gates above count every row."
    )
