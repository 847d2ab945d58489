"""Files of a run, written whole or not at all."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_llm_migrate.errors import ReportFileError
from pytest_llm_migrate.report import write_json, write_json_once, write_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(values=st.lists(JSON, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_reads_back_the_same(values: list[Any], tmp_path: Path) -> None:
    """Every JSON value survives, be it on lines of its own or in one document."""
    write_lines(tmp_path / "rows.jsonl", values)
    write_json(tmp_path / "results.json", values)
    lines = (tmp_path / "rows.jsonl").read_text(encoding="utf-8").split("\n")
    assert [json.loads(line) for line in lines if line] == values
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8")) == values


def test_a_lone_surrogate_is_written_as_its_escape(tmp_path: Path) -> None:
    """The file is UTF-8 whatever a model said, and reads back the same."""
    write_lines(tmp_path / "rows.jsonl", [{"text": "half \ud83d é"}])
    assert (tmp_path / "rows.jsonl").read_bytes() == '{"text": "half \\ud83d é"}\n'.encode()


def test_a_number_that_is_none_becomes_null(tmp_path: Path) -> None:
    """JSON knows neither NaN nor infinity, and the records call the unknown null."""
    write_json(tmp_path / "x.json", {"a": [math.nan, (1.5, math.inf)], "b": 2})
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8")) == {"a": [None, [1.5, None]], "b": 2}


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    """A reader never sees half a file."""
    path = tmp_path / "rows.jsonl"
    write_lines(path, [1])

    def broken() -> Iterator[int]:
        yield 2
        raise KeyError("row 3")

    with pytest.raises(KeyError):
        write_lines(path, broken())
    assert path.read_text(encoding="utf-8") == "1\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A missing folder is one clear sentence with the path in it."""
    with pytest.raises(ReportFileError, match=r"cannot write .*none.x\.json: No such file or directory"):
        write_json(tmp_path / "none" / "x.json", {})


@pytest.mark.parametrize("has_links", [True, False], ids=["links", "no-links"])
def test_what_is_written_once_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_links: bool) -> None:
    """The first to write makes the folder and the file; who comes later changes nothing and leaves nothing."""

    def refuse(*_: object) -> None:
        raise PermissionError

    if not has_links:
        monkeypatch.setattr(Path, "hardlink_to", refuse)
    path = tmp_path / "run" / "x.json"
    write_json_once(path, {"é": 1})
    write_json_once(path, {"é": 2})
    assert json.loads(path.read_text(encoding="utf-8")) == {"é": 1}
    assert list(path.parent.iterdir()) == [path]


def test_a_place_that_cannot_be_written_once_is_named(tmp_path: Path) -> None:
    """A file where a folder should be is one clear sentence."""
    (tmp_path / "run").touch()
    with pytest.raises(ReportFileError, match=r"cannot write .*run.x\.json: "):
        write_json_once(tmp_path / "run" / "x.json", {})
