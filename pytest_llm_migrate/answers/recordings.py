"""Recordings: answers in a diffable JSONL file that is committed beside a suite."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Answer
from pytest_llm_migrate.errors import RecordingError, masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAnswer:
    """An answer worth recording.

    Attributes:
        sample_id: The row that it answers, or the name of the test that asked.
        key: The answer's identity.
        answer: The answer.
        of: What asks about the row: a dataset and a prompt, as their users name them. Empty where it is unknown, as
            in lines of older files.
    """

    sample_id: str
    key: str
    answer: Answer
    of: str = ""

    def to_record(self) -> dict[str, Any]:
        """Return it as JSON-ready builtins."""
        origin = {"of": self.of} if self.of else {}
        return {"sample_id": self.sample_id, "key": self.key, **origin, "answer": self.answer.to_record()}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> RecordedAnswer:
        """Read back what `to_record` gave; raises ValueError, KeyError or TypeError for anything else."""
        return cls(
            sample_id=record["sample_id"],
            key=record["key"],
            of=record.get("of", ""),
            answer=Answer.from_record(dict(record["answer"])),
        )


def recording_path(folder: Path, suite: str, model: str) -> Path:
    """Return where the answers of one model for one test file are kept: ``recordings/<suite>/<model>.jsonl``."""
    return folder / "recordings" / suite / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', masked(model))}.jsonl"


def read_recording(path: Path) -> dict[str, tuple[str, Answer]]:
    """Return ``{key: (sample_id, answer)}``; empty where there is no file.

    Raises:
        RecordingError: A line is not a recorded answer.
    """
    lines = _read(path).values()
    return {line.key: (line.sample_id, replace(line.answer, cached=True)) for line in lines}


def write_recording(path: Path, answers: Iterable[RecordedAnswer]) -> None:
    """Add answers to a recording, sorted by row, beside and renamed.

    What is recorded stays, unless it is known to be stale: where an answer is new to the file, those that the same
    dataset and prompt got for its row before go. Raises `RecordingError` for a file that is no recording.
    """
    fresh, kept = {item.key: item for item in answers}, _read(path)
    renewed = {(item.of, item.sample_id) for item in fresh.values() if item.of and item.key not in kept}
    current = {key: item for key, item in kept.items() if (item.of, item.sample_id) not in renewed}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8", newline="\n") as file:
        for item in sorted((current | fresh).values(), key=lambda item: (item.sample_id, item.key)):
            file.write(json.dumps(_line(item), ensure_ascii=False) + "\n")
    beside.replace(path)


def _line(item: RecordedAnswer) -> dict[str, Any]:
    record = item.to_record()
    # Neither belongs to the answer itself: whether it was kept says nothing here, and prices change.
    answer = {name: value for name, value in record["answer"].items() if name not in {"cached", "cost"}}
    return record | {"answer": answer}


def _read(path: Path) -> dict[str, RecordedAnswer]:
    if not path.exists():
        return {}
    with path.open("rb") as file:
        lines = [_parsed(path, number, line) for number, line in enumerate(file, start=1) if line.strip()]
    return {line.key: line for line in lines}


def _parsed(path: Path, number: int, line: bytes) -> RecordedAnswer:
    try:
        return RecordedAnswer.from_record(json.loads(line))
    except (ValueError, KeyError, TypeError) as error:
        raise RecordingError(path, number, error) from error
