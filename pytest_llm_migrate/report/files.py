"""Files of a run: written beside their place and renamed, so that a reader sees the old one or the whole new one."""

from __future__ import annotations

import json
import math
import os
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any

from pytest_llm_migrate.errors import ReportFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON that people can read, too; numbers that are not finite become ``null``.

    Raises `ReportFileError` when the file cannot be written.
    """
    with replaced(path) as file:
        file.write(_encoded(value, indent=2) + "\n")


def write_json_once(path: Path, value: Any) -> None:
    """Write a value as JSON where nothing is yet; of several processes that do, one does and the others leave it.

    Raises `ReportFileError` when the file cannot be written.
    """
    text = _encoded(value, indent=2) + "\n"
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
        with suppress(FileExistsError):
            _place_once(beside, path)
    except OSError as error:
        raise ReportFileError(path, error.strerror or str(error)) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _place_once(beside: Path, path: Path) -> None:
    try:
        path.hardlink_to(beside)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links: still one process only, though another may see half of it for a moment.
        with path.open("xb") as file:
            file.write(beside.read_bytes())


def write_lines(path: Path, records: Iterable[Any]) -> None:
    """Write one record a line as JSON, taking them one by one; numbers that are not finite become ``null``.

    Raises `ReportFileError` when the file cannot be written.
    """
    with replaced(path) as file:
        file.writelines(_encoded(record) + "\n" for record in records)


def write_text(path: Path, text: str) -> None:
    """Write a text to a file; raises `ReportFileError` when that fails."""
    with replaced(path) as file:
        file.write(text)


@contextmanager
def replaced(path: Path) -> Iterator[IO[str]]:
    r"""Open a file of UTF-8 text that takes the place of ``path`` once it is whole, and leaves nothing otherwise.

    A lone half of a surrogate pair, which UTF-8 cannot hold, is written as its escape (``\ud800``), as JSON has it.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            yield file
        beside.replace(path)
    except OSError as error:
        raise ReportFileError(path, error.strerror or str(error)) from error
    finally:
        beside.unlink(missing_ok=True)


def _encoded(value: Any, indent: int | None = None) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    except ValueError:
        return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, indent=indent)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, (list, tuple)) else value
