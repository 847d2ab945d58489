"""What of a run's files is no longer what the run left, down to the row."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.signoff.evidence import EVIDENCE_FILE, ROWS_FILE, file_hashes, line_sha256

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llm_migrate.signoff.evidence import Evidence, RowHash


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that is not as it was.

    Attributes:
        kind: ``changed``, ``missing``, ``added`` or ``moved``.
        file: The file, by its name.
        sample_id: The row, where it is one.
        migration: Whose row.
        sentence: All of it in words.
    """

    kind: str
    file: str
    sentence: str
    sample_id: str | None = None
    migration: str | None = None

    def to_record(self) -> dict[str, Any]:
        """Return the change as JSON-ready builtins."""
        return {name: getattr(self, name) for name in ("kind", "file", "migration", "sample_id", "sentence")}


def changes_of(folder: Path, evidence: Evidence) -> Iterator[Change]:
    """Yield what differs between the evidence and a run's files; nothing where all is as the run left it."""
    if not evidence.is_whole:
        said = f"{EVIDENCE_FILE} was changed: its own hashes do not make its root"
        yield Change(kind="changed", file=EVIDENCE_FILE, sentence=said)
    found = {file.path: file for file in file_hashes(folder)}
    for file in evidence.files:
        name = file.path
        if name not in found:
            yield Change(kind="missing", file=name, sentence=f"{name} is missing")
        elif found.pop(name) != file:
            yield from _changed(folder, name, evidence)
    for name in found:
        yield Change(kind="added", file=name, sentence=f"{name} was added: the run left no such file")


def _changed(folder: Path, name: str, evidence: Evidence) -> Iterator[Change]:
    rows = list(_row_changes(folder, evidence.rows)) if name == ROWS_FILE else []
    said = f"{name} was changed or replaced"
    yield from rows or [Change(kind="changed", file=name, sentence=said)]


def _row_changes(folder: Path, rows: list[RowHash]) -> Iterator[Change]:
    """Yield the rows that are not as they were; lines that are as they were are found by their hash, wherever."""
    waiting: dict[str, deque[int]] = defaultdict(deque)
    for place, row in enumerate(rows):
        waiting[row.sha256].append(place)
    order: list[int] = []
    strange: list[tuple[int, tuple[str, str] | None]] = []
    with (folder / ROWS_FILE).open("rb") as file:
        for number, line in enumerate(file):
            places = waiting[line_sha256(line)]
            if places:
                order.append(places.popleft())
            else:
                strange.append((number, _key(line)))
    lost = {place: rows[place] for places in waiting.values() for place in places}
    yield from _strange(lost, strange)
    for place in sorted(lost):
        yield _row_change("missing", lost[place].key, "is missing")
    for place in _out_of_place(order):
        yield _row_change("moved", rows[place].key, "is not in its place")


def _strange(lost: dict[int, RowHash], strange: list[tuple[int, tuple[str, str] | None]]) -> Iterator[Change]:
    """Yield what became of lines that the run did not write, and take the rows that they replaced from ``lost``."""
    by_key = {row.key: place for place, row in lost.items()}
    for number, key in strange:
        place = by_key.pop(key, None) if key else None
        if place is None and number in lost and by_key.pop(lost[number].key, None) is not None:
            place = number  # a line that no longer says whose it is stands where its row stood
        if place is not None:
            yield _row_change("changed", lost.pop(place).key, "was changed")
        elif key:
            yield _row_change("added", key, f"was added, on line {number + 1}")
        else:
            said = f"{ROWS_FILE}: line {number + 1} was added, and is no row"
            yield Change(kind="added", file=ROWS_FILE, sentence=said)


def _out_of_place(order: list[int]) -> Iterator[int]:
    """Yield the places of rows that stand where another one of those that are there stood."""
    return (was for was, place in zip(order, sorted(order), strict=True) if was != place)


def _key(line: bytes) -> tuple[str, str] | None:
    try:
        row = json.loads(line)
        return str(row["migration"]), str(row["sample_id"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _row_change(kind: str, key: tuple[str, str], said: str) -> Change:
    migration, sample_id = key
    sentence = f"{ROWS_FILE}: row {sample_id!r} of {migration} {said}"
    return Change(kind=kind, file=ROWS_FILE, migration=migration, sample_id=sample_id, sentence=sentence)
