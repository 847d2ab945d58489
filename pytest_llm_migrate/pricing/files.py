"""A price list of the user's own."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_llm_migrate.domain.bedrock_ids import base_id, bedrock_id, is_capacity
from pytest_llm_migrate.errors import PriceFileError, nearest
from pytest_llm_migrate.pricing.charging import Charging
from pytest_llm_migrate.pricing.reasons import not_per_token, uncounted, unpriced, unpriced_cache
from pytest_llm_migrate.pricing.tables import Cell, read_table
from pytest_llm_migrate.pricing.usage import LATENCIES, RESERVED, TIERS, Served, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llm_migrate.domain import Answer
    from pytest_llm_migrate.pricing.tables import Entry

_PER = 1_000_000
_PROVISIONED = "provisioned"


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


class Line(NamedTuple):
    """What a line of the file is for: a model, in a tier and a latency mode."""

    model: str
    served: Served


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePrices(Charging):
    """The prices of a file; they replace the bundled list, so that a model the file does not name is unknown.

    Attributes:
        rates: Rates by line, ``None`` for what is not charged per token. A line's model is any reference as it is
            written on the command line, or a Bedrock model id, whose line also holds for its inference profiles
            and ARNs where these have none for the same tier and latency mode.
        source: What the file says of its source, else its name.
        as_of: The date the file says, as ISO 8601.
    """

    rates: Mapping[Line, Rates | None] = field(repr=False)
    source: str
    as_of: str | None = None

    def _charge(self, model: str, answer: Answer) -> float | str:
        """Return US dollars, or the reason why they are unknown."""
        usage, served = Usage.of(answer), Served.of(answer)
        line = self._line(model, served)
        if line is None and not (is_capacity(model) or served.tier == RESERVED):
            return unpriced(model, served, self.source)
        rates = self.rates[line] if line else None
        if rates is None:
            return not_per_token(model, served)
        if usage is None:
            return uncounted(model)
        cost = rates.cost(usage)
        return unpriced_cache(model, served, self.source) if cost is None else cost

    def _line(self, model: str, served: Served) -> Line | None:
        model_id = bedrock_id(model) or model
        lines = (Line(name, served) for name in (model, model_id, base_id(model_id)))
        return next((line for line in lines if line in self.rates), None)


def read_prices(path: str | Path) -> FilePrices:
    """Return the price list of a CSV, JSON or YAML file.

    Its columns are ``model``, ``input``, ``output`` and, where known, ``cache_read`` and ``cache_write``, in US
    dollars per million tokens; ``tier`` (`TIERS`) and ``latency`` (`LATENCIES`) say what a line is for, where it is
    not the default. ``provisioned`` for input and output is what is not charged per token. JSON and YAML hold a list
    of such records, or ``{as_of, source, prices: [...]}``.

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


def _rates(path: Path, entries: Sequence[Entry]) -> dict[Line, Rates | None]:
    rates: dict[Line, Rates | None] = {}
    places: dict[Line, int] = {}
    for entry in entries:
        model, place = _needed(path, entry, "model")
        served = Served(_choice(path, entry, "tier", TIERS), _choice(path, entry, "latency", LATENCIES))
        line = Line(model, served)
        if line in rates:
            fault = f"{model!r} is there twice, first in line {places[line]}"
            way_out = "Keep one of them, or tell them apart by tier or latency."
            raise PriceFileError(path, fault, line=place, column="model", way_out=way_out)
        places[line] = place
        rates[line] = _rates_of(path, entry)
    return rates


def _rates_of(path: Path, entry: Entry) -> Rates | None:
    read, written = _needed(path, entry, "input"), _needed(path, entry, "output")
    if _PROVISIONED in (read.text.lower(), written.text.lower()):
        _refuse_prices(path, entry)
        return None
    return Rates(
        input=_price(path, "input", read),
        output=_price(path, "output", written),
        cache_read=_known_price(path, entry, "cache_read"),
        cache_write=_known_price(path, entry, "cache_write"),
    )


def _refuse_prices(path: Path, entry: Entry) -> None:
    for column in ("input", "output", "cache_read", "cache_write"):
        cell = entry.cells.get(column)
        if cell and cell.text.strip().lower() != _PROVISIONED:
            fault = f"{cell.text!r} is a price per token beside {_PROVISIONED!r}"
            way_out = f"Write {_PROVISIONED!r} for input and output, and nothing for the prompt cache."
            raise PriceFileError(path, fault, line=cell.line, column=column, way_out=way_out)


def _choice(path: Path, entry: Entry, column: str, known: Sequence[str]) -> str:
    text, line = entry.cells.get(column, Cell(known[0], entry.line))
    chosen = text.strip().lower()
    if chosen in known:
        return chosen
    way_out = f"Known are {', '.join(known)}.{nearest(chosen, known)}"
    raise PriceFileError(path, f"{text!r} is no {column}", line=line, column=column, way_out=way_out)


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
