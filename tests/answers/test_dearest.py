"""The dearest answer: what a budget reserves is never less than what a call can cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.answers.dearest import FILE_TOKENS, dearest_answer
from pytest_llm_migrate.domain import AttachedFile, Request, Turn

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llm_migrate.domain.attachment import AttachmentKind


def asking(**more: object) -> Request:
    """Return a request of one word."""
    return Request(turns=(Turn("user", "hello"),), **more)  # type: ignore[arg-type]


@given(st.text(max_size=200), st.text(max_size=200))
def test_every_text_counts(system: str, text: str) -> None:
    """Two bytes or more are a token, in the system text as in the turns."""
    read = dearest_answer(Request(system=system, turns=(Turn("user", text),))).input_tokens
    assert read is not None
    assert read >= len((system + text).encode("utf-8", "replace")) // 2


def test_a_request_without_a_limit_may_write_much() -> None:
    """The prompt's own limit counts where there is one."""
    assert dearest_answer(asking()).output_tokens == 4096
    assert dearest_answer(asking(inference={"max_tokens": 7})).output_tokens == 7


def test_the_tier_that_is_asked_for_is_priced() -> None:
    """A budget reserves at the price of the tier and the latency mode of the request."""
    answer = dearest_answer(asking(options={"service_tier": "priority", "latency": "optimized"}))
    assert (answer.service_tier, answer.latency_mode) == ("priority", "optimized")


def test_tools_and_schemas_are_read_too() -> None:
    """What the options send counts as input; what is cached counts twice."""
    tool = {"name": "find", "description": "x" * 1000, "input_schema": {"type": "object"}}
    plain, tools = dearest_answer(asking()), dearest_answer(asking(options={"tools": [tool], "cache": True}))
    assert plain.input_tokens is not None
    assert tools.input_tokens is not None
    assert tools.input_tokens > plain.input_tokens + 500
    assert tools.cache_write_tokens == tools.input_tokens


def test_files_count(tmp_path: Path) -> None:
    """An image counts as a bound, a document by its bytes as well, one that is gone as the bound."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * 10_000)
    plain = dearest_answer(asking()).input_tokens

    def read(kind: AttachmentKind, where: Path) -> int:
        file = AttachedFile(kind=kind, format="pdf", sha256="0", path=where)
        return (dearest_answer(asking(attachments=(file,))).input_tokens or 0) - (plain or 0)

    assert read("image", path) == FILE_TOKENS
    assert read("document", path) == FILE_TOKENS + 5_000
    assert read("document", tmp_path / "gone") == FILE_TOKENS
