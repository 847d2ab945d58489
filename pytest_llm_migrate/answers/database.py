"""The SQLite file behind the store: opened for many processes, and set aside when it is damaged."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors import DamagedStoreError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SCHEMA_VERSION = 2
_BUSY_SECONDS = 60.0
_CHUNK = 500  # bound variables per statement; SQLite guarantees at least 999

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
  key TEXT PRIMARY KEY, model TEXT NOT NULL, at REAL NOT NULL, record TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attempts (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL, number INTEGER NOT NULL, purpose TEXT NOT NULL,
  model TEXT NOT NULL, quota TEXT NOT NULL, run TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL,
  sent REAL NOT NULL, lease REAL NOT NULL, ended REAL, outcome TEXT,
  input_tokens INTEGER, output_tokens INTEGER, cache_read_tokens INTEGER, cache_write_tokens INTEGER,
  reserve REAL, cost REAL, job TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS attempts_in_flight ON attempts (key) WHERE ended IS NULL;
CREATE INDEX IF NOT EXISTS attempts_of_run ON attempts (run);
CREATE TABLE IF NOT EXISTS paces (
  quota TEXT PRIMARY KEY, at REAL NOT NULL, record TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS jobs (
  name TEXT PRIMARY KEY, id TEXT, model TEXT NOT NULL, region TEXT NOT NULL, state TEXT NOT NULL,
  started REAL NOT NULL, run TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL, lease REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS scores (
  key TEXT PRIMARY KEY, value REAL NOT NULL, reason TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fresh_runs (
  command TEXT PRIMARY KEY, started REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS latency_passes (
  key TEXT PRIMARY KEY, generation INTEGER NOT NULL, begun REAL NOT NULL, ended REAL,
  run TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL, lease REAL NOT NULL, record TEXT NOT NULL
) WITHOUT ROWID;
"""
_NEWEST_TABLE = "latency_passes"

_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_NO_SPACE = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_SIDE_FILES = ("-wal", "-shm")


def open_database(path: Path) -> sqlite3.Connection:
    """Return a connection in autocommit mode, with every table there; raises `StoreError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    except (sqlite3.DatabaseError, OSError) as error:
        raise StoreError(path, str(error)) from error
    try:
        _prepare(database)
    except sqlite3.DatabaseError as error:
        database.close()
        raise store_fault(path, error) from error
    return database


def store_fault(path: Path, error: sqlite3.DatabaseError) -> StoreError:
    """Return what an exception of SQLite means; a damaged file is set aside, never silently made anew."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGE:
        return DamagedStoreError(path, str(error), _set_aside(path))
    if code in _NO_SPACE:
        way_out = "Make room on its disk and give the same command again: what is kept is not asked for again."
        return StoreError(path, str(error), way_out)
    return StoreError(path, str(error))


def _set_aside(path: Path) -> Path | None:
    """Rename the file and its journals; ``None`` where another process did so already."""
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}")
    try:
        path.rename(aside)
    except OSError:
        return None
    for suffix in _SIDE_FILES:
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + suffix))
    return aside


def _prepare(database: sqlite3.Connection) -> None:
    _share(database)
    # What was committed outlives a power cut: a call that was paid for must not vanish from the ledger.
    database.execute("PRAGMA synchronous = FULL")
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version not in {0, SCHEMA_VERSION}:
        raise sqlite3.DatabaseError(f"written by another version (schema {version}, this one knows {SCHEMA_VERSION})")
    if version == 0 or not _has_table(database, _NEWEST_TABLE):
        database.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")


def _has_table(database: sqlite3.Connection, name: str) -> bool:
    return bool(database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone())


def _share(database: sqlite3.Connection) -> None:
    # Of processes that open a new file at once some are told that it is locked: the timeout does not cover this.
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def select(database: sqlite3.Connection, columns: str, table: str, keys: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield columns of the rows of a table that have these keys, in any order."""
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        marks = ",".join("?" * len(chunk))
        query = f"SELECT {columns} FROM {table} WHERE key IN ({marks})"  # noqa: S608 - names are ours, values are bound
        yield from database.execute(query, chunk)
