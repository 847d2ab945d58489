"""A price list of the user's own."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors import PriceFileError
from pytest_llm_migrate.pricing.bedrock_ids import base_id, bedrock_id
from pytest_llm_migrate.pricing.tables import Cell, read_table
from pytest_llm_migrate.pricing.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llm_migrate.domain import Answer
    from pytest_llm_migrate.pricing.tables import Entry

_PER = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What a model charges, in US dollars per million tokens; ``None`` is unknown, not free."""

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None

    def cost(self, usage: Usage) -> float | None:
        """Return US dollars, ``None`` when tokens were used that have no price."""
        parts: list[float] = []
        for name, tokens in usage._asdict().items():
            rate = getattr(self, name)
            if tokens and rate is None:
                return None
            parts.append(tokens * (rate or 0.0))
        return math.fsum(parts) / _PER


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePrices:
    """The prices of a file; they replace the bundled list, so that a model the file does not name is unknown.

    Attributes:
        rates: Rates by model: any reference as it is written on the command line, or a Bedrock model id, which
            also holds for its inference profiles and ARNs where they are not named themselves.
        source: What the file says of its source, else its name.
        as_of: The date the file says, as ISO 8601.
    """

    rates: Mapping[str, Rates] = field(repr=False)
    source: str
    as_of: str | None = None

    def cost(self, model: str, answer: Answer) -> float | None:
        """Return US dollars for one answer, ``None`` when the model, a price or the tokens are unknown."""
        model_id = bedrock_id(model) or model
        names = (model, model_id, base_id(model_id))
        rates = next((self.rates[name] for name in names if name in self.rates), None)
        usage = Usage.of(answer)
        return rates.cost(usage) if rates and usage else None


def read_prices(path: str | Path) -> FilePrices:
    """Return the price list of a CSV, JSON or YAML file.

    Its columns are ``model``, ``input``, ``output`` and, where known, ``cache_read`` and ``cache_write``, in US
    dollars per million tokens. JSON and YAML hold a list of such records, or ``{as_of, source, prices: [...]}``.

    Raises:
        PriceFileError: What is wrong, with file, line and column.
    """
    path = Path(path)
    table = read_table(path)
    if not table.entries:
        raise PriceFileError(path, "it holds no prices", way_out="Give each model a line: model,input,output.")
    source = table.headings.get("source")
    return FilePrices(
        rates=_rates(path, table.entries),
        source=source.text if source else path.name,
        as_of=_date(path, table.headings.get("as_of")),
    )


def _rates(path: Path, entries: Sequence[Entry]) -> dict[str, Rates]:
    rates: dict[str, Rates] = {}
    lines: dict[str, int] = {}
    for entry in entries:
        model, line = _needed(path, entry, "model")
        if model in rates:
            fault = f"{model!r} is there twice, first in line {lines[model]}"
            raise PriceFileError(path, fault, line=line, column="model", way_out="Keep one of them.")
        lines[model] = line
        rates[model] = Rates(
            input=_price(path, "input", _needed(path, entry, "input")),
            output=_price(path, "output", _needed(path, entry, "output")),
            cache_read=_known_price(path, entry, "cache_read"),
            cache_write=_known_price(path, entry, "cache_write"),
        )
    return rates


def _needed(path: Path, entry: Entry, column: str) -> Cell:
    if column not in entry.cells:
        raise PriceFileError(path, "there is no value", line=entry.line, column=column, way_out="Fill it in.")
    text, line = entry.cells[column]
    return Cell(text.strip(), line)


def _known_price(path: Path, entry: Entry, column: str) -> float | None:
    return _price(path, column, entry.cells[column]) if column in entry.cells else None


def _price(path: Path, column: str, cell: Cell) -> float:
    try:
        price = float(cell.text)
    except ValueError:
        price = math.nan
    if math.isfinite(price) and price >= 0:
        return price
    way_out = "Write US dollars per million tokens as a plain number, such as 0.25."
    raise PriceFileError(path, f"{cell.text!r} is no price", line=cell.line, column=column, way_out=way_out)


def _date(path: Path, cell: Cell | None) -> str | None:
    if cell is None:
        return None
    try:
        return date.fromisoformat(cell.text.strip()).isoformat()
    except ValueError:
        fault = f"{cell.text!r} is no date"
        raise PriceFileError(path, fault, line=cell.line, column="as_of", way_out="Write 2026-01-31.") from None
