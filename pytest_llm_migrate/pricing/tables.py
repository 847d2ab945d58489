"""The cells of a price file, each with its line, whatever the format."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, cast

from pytest_llm_migrate.errors import PriceFileError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from yaml import Node

NEEDED = ("model", "input", "output")
COLUMNS = (*NEEDED, "cache_read", "cache_write", "tier", "latency")
HEADINGS = ("as_of", "source")
_LIST = "prices"
_SHAPE = f"Write a list of {{{', '.join(COLUMNS)}}}, or one under 'prices:'."


class Cell(NamedTuple):
    """A text of the file and the line it stands on."""

    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One model's prices as the file has them; blank cells are left out."""

    line: int
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTable:
    """A price file, read but not yet understood."""

    entries: Sequence[Entry]
    headings: Mapping[str, Cell] = field(default_factory=dict)


def read_table(path: Path) -> PriceTable:
    """Return the cells of a CSV, JSON or YAML price file; what cannot be read raises `PriceFileError`."""
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise PriceFileError(path, f"{path.suffix!r} is no format of a price list", way_out="Use .csv, .json or .yaml.")
    return read(path, _text(path))


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise PriceFileError(path, f"it cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PriceFileError(path, "it is not UTF-8 text", line=line, way_out="Save it as UTF-8.") from error


def _read_csv(path: Path, text: str) -> PriceTable:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    entries: list[Entry] = []
    columns: list[str] = []
    try:
        for row in reader:
            line = reader.line_num
            if not any(cell.strip() for cell in row):
                continue
            if not columns:
                columns = [cell.strip().casefold() for cell in row]
                _check_header(path, [Cell(name, line) for name in columns])
            elif len(row) > len(columns):
                raise PriceFileError(path, f"the line has {len(row)} cells, the header {len(columns)}", line=line)
            else:
                cells = {name: Cell(cell, line) for name, cell in zip(columns, row, strict=False) if cell.strip()}
                entries.append(Entry(line=line, cells=cells))
    except csv.Error as error:
        raise PriceFileError(path, f"not CSV: {error}", line=reader.line_num) from error
    return PriceTable(entries=entries)


def _check_header(path: Path, columns: Sequence[Cell]) -> None:
    _check_names(path, columns, COLUMNS)
    missing = [name for name in NEEDED if name not in {column.text for column in columns}]
    if missing:
        raise PriceFileError(path, f"the header lacks {', '.join(missing)}", line=columns[0].line)


def _read_json(path: Path, text: str) -> PriceTable:
    try:
        json.loads(text, parse_int=str)  # for the faults it names; int() refuses thousands of digits
    except json.JSONDecodeError as error:
        raise PriceFileError(path, f"not JSON at character {error.colno}: {error.msg}", line=error.lineno) from error
    except RecursionError:
        raise PriceFileError(path, "it is nested too deeply") from None
    # JSON is YAML but for tabs, which JSON allows only between its tokens; YAML's reader knows every value's line.
    return _read_yaml(path, text.replace("\t", " "))


def _read_yaml(path: Path, text: str) -> PriceTable:
    import yaml  # noqa: PLC0415 - only price lists in YAML or JSON need it

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise PriceFileError(path, f"not YAML: {error.problem or error.context}", line=line) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise PriceFileError(path, f"not YAML: {' '.join(str(error).split())}") from error
    headings: dict[str, Node] = {}
    if isinstance(root, yaml.MappingNode):
        headings = _mapping(path, root, (*HEADINGS, _LIST))
        root = headings.pop(_LIST, None)
    entries = [_entry(path, node) for node in _items(path, root)] if root else []
    return PriceTable(entries=entries, headings=_scalars(path, headings))


def _items(path: Path, node: Node) -> Sequence[Node]:
    from yaml import SequenceNode  # noqa: PLC0415 - see above

    if isinstance(node, SequenceNode):
        return cast(list["Node"], node.value)
    raise PriceFileError(path, "there is no list of prices", line=_line(node), way_out=_SHAPE)


def _entry(path: Path, node: Node) -> Entry:
    return Entry(line=_line(node), cells=_scalars(path, _mapping(path, node, COLUMNS)))


def _mapping(path: Path, node: Node, allowed: Sequence[str]) -> dict[str, Node]:
    from yaml import MappingNode  # noqa: PLC0415 - see above

    if not isinstance(node, MappingNode):
        raise PriceFileError(path, "the prices of a model are not given by name", line=_line(node), way_out=_SHAPE)
    names = [Cell(str(key.value), _line(key)) for key, _ in node.value]
    _check_names(path, names, allowed)
    return {name.text: value for name, (_, value) in zip(names, node.value, strict=True)}


def _scalars(path: Path, nodes: Mapping[str, Node]) -> dict[str, Cell]:
    from yaml import ScalarNode  # noqa: PLC0415 - see above

    for name, node in nodes.items():
        if not isinstance(node, ScalarNode):
            raise PriceFileError(path, "there is more than one value", line=_line(node), column=name)
    given = {name: node for name, node in nodes.items() if not node.tag.endswith(":null")}
    return {name: Cell(_whole(node.value), _line(node)) for name, node in given.items() if node.value.strip()}


def _whole(text: str) -> str:
    # JSON may write a character beyond 16 bits as two escapes; YAML reads them as two halves of a character.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _check_names(path: Path, names: Sequence[Cell], allowed: Sequence[str]) -> None:
    seen: set[str] = set()
    for name, line in names:
        if name not in allowed:
            listed = f"Known are {', '.join(allowed)}."
            raise PriceFileError(
                path, f"unknown column {name!r}", line=line, way_out=f"{listed}{nearest(name, allowed)}"
            )
        if name in seen:
            raise PriceFileError(path, "it is there twice", line=line, column=name)
        seen.add(name)


_READERS: Mapping[str, Callable[[Path, str], PriceTable]] = {
    ".csv": _read_csv,
    ".json": _read_json,
    ".yaml": _read_yaml,
    ".yml": _read_yaml,
}
