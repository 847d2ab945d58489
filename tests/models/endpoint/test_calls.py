"""The log of calls, in memory and on disk."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.errors import CallLogError
from pytest_llm_migrate.models.endpoint.calls import Call, CallLog

if TYPE_CHECKING:
    from pathlib import Path

CALL = Call(model="m", operation="Converse", arrived=1.5, body_sha256="ab", outcome="ok")


def test_each_call_is_a_line_at_once(tmp_path: Path) -> None:
    """Another process can read a call as soon as it is logged, and an older log is kept."""
    path = tmp_path / "calls.jsonl"
    path.write_text('{"old": 1}\n', encoding="utf-8")
    log = CallLog(path)
    log.add(CALL)
    lines = path.read_text(encoding="utf-8").splitlines()
    log.close()
    assert [json.loads(line) for line in lines] == [
        {"old": 1},
        {"model": "m", "operation": "Converse", "arrived": 1.5, "body_sha256": "ab", "outcome": "ok"},
    ]


def test_lines_of_many_threads_stay_whole(tmp_path: Path) -> None:
    """Calls that end together are still one line each."""
    log = CallLog(tmp_path / "calls.jsonl")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(log.add, [CALL] * 400))
    log.close()
    lines = (tmp_path / "calls.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(log.calls) == 400
    assert {json.loads(line)["outcome"] for line in lines} == {"ok"}


def test_closed_log_still_counts(tmp_path: Path) -> None:
    """A call that ends after the endpoint was stopped is counted and breaks nothing."""
    log = CallLog(tmp_path / "calls.jsonl")
    log.close()
    log.close()
    log.add(CALL)
    assert log.calls == (CALL,)
    assert (tmp_path / "calls.jsonl").read_text(encoding="utf-8") == ""


def test_log_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    """A log in a folder that does not exist is named with the reason and the way out."""
    with pytest.raises(CallLogError, match=r"nowhere/calls\.jsonl: No such file or directory\. Give another --log"):
        CallLog(tmp_path / "nowhere" / "calls.jsonl")
