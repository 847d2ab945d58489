"""The text generation wire: what a request is sent as."""

from __future__ import annotations

import pytest

from pytest_llm_migrate.domain import Request, Turn
from pytest_llm_migrate.errors import CallFailedError
from pytest_llm_migrate.models.sagemaker_text import text_body


def test_temperature_of_zero_is_no_sampling() -> None:
    """Text generation containers refuse a temperature of zero: they are told not to sample."""
    body = text_body(Request(turns=(Turn("user", "hello"),), inference={"temperature": 0, "seed": None}))
    assert body == {"inputs": "hello", "parameters": {"details": True, "do_sample": False}}


def test_several_turns_need_the_chat_format() -> None:
    """A conversation that text generation could not tell apart is refused before a call, and stops the run."""
    turns = (Turn("user", "1"), Turn("assistant", "2"), Turn("user", "3"))
    with pytest.raises(CallFailedError, match="chat format") as raised:
        text_body(Request(turns=turns))
    assert (raised.value.kind, raised.value.fatal) == ("validation", True)
