"""What a run left, as hashes under one root: ``evidence.json``, written at its end."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import ReportFileError, RunFolderError
from pytest_llm_migrate.signoff.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

EVIDENCE_FILE = "evidence.json"
ROWS_FILE = "rows.jsonl"
FILES = (
    "results.json",
    ROWS_FILE,
    "sealed.json",
    "latency.jsonl",
    "report.html",
    "summary.md",
    "results.redacted.json",
    "rows.redacted.jsonl",
    "report.redacted.html",
    "summary.redacted.md",
)
"""The files of a run that count as evidence, where it has them; ``rows.csv`` only says again what they say."""
EVIDENCE_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FileHash:
    """A file of a run: its name, its size in bytes, its SHA-256 as hexadecimal digits."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowHash:
    """A line of ``rows.jsonl``: whose row it is, and its SHA-256 without the line's end."""

    migration: str
    sample_id: str
    sha256: str

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from other rows."""
        return self.migration, self.sample_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """``evidence.json`` as it was read; ``is_whole`` says that its hashes make its root."""

    run: str
    root: str
    files: list[FileHash]
    rows: list[RowHash]
    is_whole: bool

    @property
    def hashes(self) -> dict[str, str]:
        """The hash of every file, by its name."""
        return {file.path: file.sha256 for file in self.files}


def write_evidence(folder: Path, run: str, migrations: Sequence[str], rows: Iterable[tuple[str, str]]) -> str:
    """Write ``evidence.json`` of a run whose other files are written, and return the root.

    ``rows`` are migration and sample id of every line of ``rows.jsonl``, in its order. Nothing is held in memory but
    the line at hand. Raises `ReportFileError` when a file cannot be read or written.
    """
    path, beside = folder / EVIDENCE_FILE, folder / f".{EVIDENCE_FILE}.part"
    line = ""
    try:
        with beside.open("w", encoding="ascii", newline="\n") as file:
            for line in _lines(run, migrations, _row_hashes(folder, rows), lambda: file_hashes(folder)):
                file.write(line)
        beside.replace(path)
    except OSError as error:
        raise ReportFileError(path, error.strerror or str(error)) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    return line.split('"')[3]


def read_evidence(folder: Path) -> Evidence:
    """Return ``evidence.json`` of a run; raises `RunFolderError` where there is none that can be read."""
    try:
        content = (folder / EVIDENCE_FILE).read_bytes()
    except OSError as error:
        raise RunFolderError(folder, f"it has no {EVIDENCE_FILE} ({error.strerror or error})") from error
    try:
        return _evidence(content)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise RunFolderError(folder, f"its {EVIDENCE_FILE} was changed, and cannot be read") from error


def file_hashes(folder: Path) -> Iterator[FileHash]:
    """Yield the evidence files that a folder has."""
    for name in FILES:
        with suppress(FileNotFoundError), (folder / name).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
            yield FileHash(path=name, size=file.tell(), sha256=found)


def line_sha256(line: bytes) -> str:
    """Return the hash of a line, without its end."""
    return hashlib.sha256(line.removesuffix(b"\n")).hexdigest()


def _row_hashes(folder: Path, rows: Iterable[tuple[str, str]]) -> Iterator[RowHash]:
    with (folder / ROWS_FILE).open("rb") as file:
        for (migration, sample_id), line in zip(rows, file, strict=True):
            yield RowHash(migration=migration, sample_id=sample_id, sha256=line_sha256(line))


def _lines(
    run: str, migrations: Sequence[str], rows: Iterable[RowHash], files: Callable[[], Iterable[FileHash]]
) -> Iterator[str]:
    """Yield the text of ``evidence.json``; every line of it is a leaf of the tree, or holds a root."""
    whole, tree = Tree(), Tree()
    places = {name: place for place, name in enumerate(migrations)}
    head = f'"schema_version": {EVIDENCE_VERSION},\n"run": {json.dumps(run)},\n"migrations": {json.dumps(migrations)}'
    whole.add(head)
    yield f'{{\n{head},\n"rows": ['
    for number, row in enumerate(rows):
        leaf = json.dumps([places[row.migration], row.sample_id, row.sha256])
        tree.add(leaf)
        yield f"{',' if number else ''}\n{leaf}"
    whole.add(tree.root())
    yield f'\n],\n"rows_root": "{tree.root()}",\n"files": ['
    for number, found in enumerate(files()):
        leaf = json.dumps({"path": found.path, "bytes": found.size, "sha256": found.sha256})
        whole.add(leaf)
        yield f"{',' if number else ''}\n{leaf}"
    yield "\n]"
    yield f',\n"root": "{whole.root()}"\n}}\n'


def _evidence(content: bytes) -> Evidence:
    record: dict[str, Any] = json.loads(content)
    migrations = [str(name) for name in record["migrations"]]
    rows = [
        RowHash(migration=migrations[place], sample_id=str(sample_id), sha256=str(found))
        for place, sample_id, found in record["rows"]
    ]
    files = [
        FileHash(path=str(file["path"]), size=int(file["bytes"]), sha256=str(file["sha256"]))
        for file in record["files"]
    ]
    if any(file.path not in FILES for file in files):
        raise ValueError(EVIDENCE_FILE)
    text = "".join(_lines(str(record["run"]), migrations, rows, lambda: files))
    is_whole = text.encode() == content
    return Evidence(run=str(record["run"]), root=str(record["root"]), files=files, rows=rows, is_whole=is_whole)
