"""A dataset's file before it is read: whether it is there, its hash, and how its text is encoded."""

from __future__ import annotations

import codecs
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pytest_llm_migrate.errors import DatasetError, MissingDatasetError

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = 1 << 20
_SAVE_AS_UTF_8 = "Save the file as UTF-8."


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How to decode a file, as Python names it, and what had to be assumed."""

    name: str
    warnings: tuple[str, ...] = ()


class _Fault(NamedTuple):
    line: int
    offset: int
    byte: int

    def __str__(self) -> str:
        return f"byte 0x{self.byte:02x} at offset {self.offset}"


def check(path: Path, shown: str) -> None:
    """Raise `DatasetError` unless the path is a file; a missing one is told with the nearest name beside it."""
    if path.is_dir():
        raise DatasetError(shown, "this is a folder, not a file")
    if path.is_file():
        return
    if not path.parent.is_dir():
        raise DatasetError(shown, "there is no such file, nor its folder")
    raise MissingDatasetError(shown, [item.name for item in path.parent.iterdir() if item.is_file()])


def sha256(path: Path) -> str:
    """Return the hash of the file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_encoding(path: Path, shown: str) -> Encoding:
    """Return UTF-16 where its mark says so, else UTF-8, else cp1252 with a warning; `DatasetError` where none fits."""
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and not start.startswith(codecs.BOM_UTF32_LE):
        return _marked(path, shown)
    if 0 in start:
        raise DatasetError(shown, "this is no text that can be read: its first characters hold NUL", _SAVE_AS_UTF_8)
    fault = _first_fault(path, "utf-8")
    return _fallback(path, shown, fault) if fault else Encoding(name="utf-8-sig")


def _marked(path: Path, shown: str) -> Encoding:
    fault = _first_fault(path, "utf-16")
    if fault:
        raise DatasetError(f"{shown}:{fault.line}", f"{fault} is not UTF-16, as the file's mark says", _SAVE_AS_UTF_8)
    return Encoding(name="utf-16")


def _fallback(path: Path, shown: str, fault: _Fault) -> Encoding:
    other = _first_fault(path, "cp1252")
    if other:
        raise DatasetError(f"{shown}:{fault.line}", f"{fault} is not UTF-8, and {other} not cp1252", _SAVE_AS_UTF_8)
    warning = f"{shown}:{fault.line}: {fault} is not UTF-8, so the file was read as cp1252. {_SAVE_AS_UTF_8}"
    return Encoding(name="cp1252", warnings=(warning,))


def _first_fault(path: Path, encoding: str) -> _Fault | None:
    decoder = codecs.getincrementaldecoder(encoding)()
    line, offset = 1, 0
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            start = offset - len(decoder.getstate()[0])
            try:
                line += decoder.decode(chunk, final=not chunk).count("\n")
            except UnicodeDecodeError as error:
                before = error.object[: error.start]
                return _Fault(line + before.count(b"\n"), start + error.start, error.object[error.start])
            if not chunk:
                return None
            offset += len(chunk)
