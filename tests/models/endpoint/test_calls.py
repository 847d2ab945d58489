"""The log of calls, in memory and on disk."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.errors import CallLogError
from pytest_llm_migrate.models.endpoint.calls import Call, CallLog

if TYPE_CHECKING:
    from pathlib import Path

CALL = Call(
    model="m",
    operation="ConverseStream",
    arrived=100.0,
    arrived_clock=1.0,
    first_clock=1.25,
    ended_clock=2.0,
    body_sha256="ab",
    status=200,
    outcome="ok",
)


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
        {
            "model": "m",
            "operation": "ConverseStream",
            "arrived": 100.0,
            "arrived_clock": 1.0,
            "first": 100.25,
            "first_clock": 1.25,
            "ended": 101.0,
            "ended_clock": 2.0,
            "body_sha256": "ab",
            "status": 200,
            "outcome": "ok",
        },
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


def test_calls_of_a_file_are_read_back_from_it(tmp_path: Path) -> None:
    """With a file nothing is kept in memory, and lines of an older log are not this one's calls."""
    path = tmp_path / "calls.jsonl"
    for _ in range(2):
        log = CallLog(path)
        log.add(CALL)
        assert log.calls == (CALL,)
        assert log._kept == []
        log.close()
        assert log.calls == (CALL,)


def test_times_are_told_on_both_clocks() -> None:
    """Times on the machine's clock are turned into moments by the one that is known on both."""
    assert (CALL.first, CALL.ended, CALL.ttft) == (100.25, 101.0, 0.25)
    whole = replace(CALL, first_clock=None)
    assert (whole.first, whole.ttft) == (None, None)


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
