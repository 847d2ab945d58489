"""JSON Lines and JSON files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.datasets.table import Origin, Spread
from pytest_llm_migrate.datasets.values import Surrogates
from pytest_llm_migrate.errors import CellError, DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llm_migrate.datasets.files import Encoding
    from pytest_llm_migrate.datasets.table import Table

_HALF_A_PAIR = "\\ud"
"""Begins the escape of every lone surrogate; texts decoded from a file hold none otherwise."""


def read_json_lines(path: Path, shown: str, encoding: Encoding) -> Table:
    """Return the table of a file with one JSON object a line; blank lines are skipped. Raises `DatasetError`."""
    parser = _Parser(Origin(path=shown, unit="line"))
    with path.open(encoding=encoding.name) as file:
        for number, line in enumerate(file, 1):
            if not line.isspace():
                value = parser.decode(line.rstrip("\n"), f"{shown}:{number}", "Each line holds one JSON object.")
                parser.take(number, value, has_halves=_HALF_A_PAIR in line)
    if not parser.spread.numbers:
        raise DatasetError(shown, "the file is empty")
    return parser.table(encoding)


def read_json(path: Path, shown: str, encoding: Encoding) -> Table:
    """Return the table of a list of objects, or of an object that holds exactly one such list.

    Raises `DatasetError`.
    """
    text = path.read_text(encoding=encoding.name)
    if not text.strip():
        raise DatasetError(shown, "the file is empty")
    parser = _Parser(Origin(path=shown, unit="row"))
    value = parser.decode(text, shown, "A file of one JSON object a line is named .jsonl.")
    has_halves = _HALF_A_PAIR in text
    for number, record in enumerate(_records(value, shown), 1):
        parser.take(number, record, has_halves=has_halves)
    return parser.table(encoding)


def _records(value: Any, shown: str) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, _Fault):
        raise DatasetError(shown, value.sentence)
    lists = {key: part for key, part in value.items() if _may_be_rows(part)} if isinstance(value, dict) else {}
    if len(lists) != 1:
        found = f"{len(lists)} lists of objects ({', '.join(map(repr, lists))})" if lists else "no list of objects"
        raise DatasetError(shown, f"the file holds {found}", "It needs one: a list of rows.")
    return next(iter(lists.values()))


def _may_be_rows(part: object) -> bool:
    return isinstance(part, list) and any(isinstance(item, dict | _Fault) for item in part)


@dataclass(frozen=True, slots=True)
class _Fault:
    """Stands in a parsed document for what is no proper JSON, until its row and column are known."""

    sentence: str


class _Parser:
    """Parses documents and lays their records out, faults named with row and column."""

    def __init__(self, origin: Origin) -> None:
        self.spread = Spread(origin=origin)
        self._origin = origin
        self._surrogates = Surrogates(path=origin.path)
        self._is_faulty = False
        self._decoder = json.JSONDecoder(object_pairs_hook=self._object, parse_constant=self._constant)

    def decode(self, text: str, place: str, way_out: str) -> Any:
        """Return the parsed text."""
        try:
            return self._decoder.decode(text)
        except json.JSONDecodeError as error:
            line = f":{error.lineno}" if self._origin.unit == "row" else ""
            fault = f"broken JSON: {error.msg.removesuffix(' at')} at column {error.colno}"
            raise DatasetError(f"{place}{line}", fault, way_out) from error
        except RecursionError as error:
            raise DatasetError(place, "the JSON is nested too deeply") from error
        except ValueError as error:  # an integer of thousands of digits
            raise DatasetError(place, f"broken JSON: {error}") from error

    def take(self, number: int, record: Any, *, has_halves: bool) -> None:
        """Add one parsed record to the table."""
        place = self._origin.at(number)
        if self._is_faulty:
            self._raise_fault(record, place)
        if not isinstance(record, dict):
            raise DatasetError(place, f"this is a JSON {_kind(record)}, not an object")
        if has_halves:
            record = self._surrogates.mend_record(record, place)
        self.spread.add(number, record)

    def table(self, encoding: Encoding) -> Table:
        """Return what was taken."""
        return self.spread.table(encoding.warnings + self._surrogates.warnings)

    def _object(self, pairs: list[tuple[str, Any]]) -> Any:
        record = dict(pairs)
        return record if len(record) == len(pairs) else self._repeated([key for key, _ in pairs])

    def _repeated(self, keys: list[str]) -> _Fault:
        self._is_faulty = True
        key = next(key for key in keys if keys.count(key) > 1)
        return _Fault(f"the key {key!r} stands twice in one object")

    def _constant(self, name: str) -> _Fault:
        self._is_faulty = True
        return _Fault(f"{name} is not JSON; write null where there is no value")

    def _raise_fault(self, record: Any, place: str) -> None:
        if isinstance(record, _Fault):
            raise DatasetError(place, record.sentence)
        for column, value in record.items() if isinstance(record, dict) else ():
            for fault in _faults(value):
                raise CellError(place, column, fault.sentence)


def _faults(value: Any) -> Iterator[_Fault]:
    if isinstance(value, _Fault):
        yield value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        yield from _faults(part)


def _kind(value: object) -> str:
    names = {list: "array", str: "text", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")
