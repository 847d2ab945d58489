"""Recordings: answers in a diffable JSONL file that is committed beside a suite."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Answer
from pytest_llm_migrate.errors import RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

RecordedAnswer = tuple[str, str, Answer]
"""A row's ``sample_id``, the answer's key, and the answer."""


def recording_path(folder: Path, suite: str, model: str) -> Path:
    """Return where the answers of one model for one test file are kept: ``recordings/<suite>/<model>.jsonl``."""
    return folder / "recordings" / suite / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', model)}.jsonl"


def read_recording(path: Path) -> dict[str, tuple[str, Answer]]:
    """Return ``{key: (sample_id, answer)}``; empty where there is no file.

    Raises:
        RecordingError: A line is not a recorded answer.
    """
    found: dict[str, tuple[str, Answer]] = {}
    if not path.exists():
        return found
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                found.update([_parsed(path, number, line)])
    return found


def write_recording(path: Path, answers: Iterable[RecordedAnswer], *, keep: Mapping[str, tuple[str, Answer]]) -> None:
    """Write answers, and those of ``keep`` whose rows are not among them, sorted by row, beside and renamed."""
    fresh = list(answers)
    rows = {sample_id for sample_id, _, _ in fresh}
    kept = [(sample_id, key, answer) for key, (sample_id, answer) in keep.items() if sample_id not in rows]
    lines = sorted(
        (sample_id, key, _record(answer))
        for sample_id, key, answer in {item[1]: item for item in [*kept, *fresh]}.values()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8", newline="\n") as file:
        for sample_id, key, record in lines:
            file.write(
                json.dumps({"sample_id": sample_id, "key": key, "answer": json.loads(record)}, ensure_ascii=False)
                + "\n"
            )
    beside.replace(path)


def _record(answer: Answer) -> str:
    record = answer.to_record()
    # Neither belongs to the answer itself: whether it was kept says nothing here, and prices change.
    return json.dumps(
        {name: value for name, value in record.items() if name not in {"cached", "cost"}}, ensure_ascii=False
    )


def _parsed(path: Path, number: int, line: bytes) -> tuple[str, tuple[str, Answer]]:
    try:
        record: dict[str, Any] = json.loads(line)
        return record["key"], (record["sample_id"], Answer.from_record(record["answer"] | {"cached": True}))
    except (ValueError, KeyError, TypeError) as error:
        raise RecordingError(path, number, error) from error
