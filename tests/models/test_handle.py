"""What tests and pipelines call."""

from __future__ import annotations

import pytest

from pytest_llm_migrate.domain import Answer, Request, Turn
from pytest_llm_migrate.errors import CallFailedError
from pytest_llm_migrate.models import ModelHandle


class Asked:
    """Answers every request and remembers it with its step."""

    def __init__(self) -> None:
        self.requests: list[tuple[Request, str | None]] = []

    def __call__(self, request: Request, step: str | None) -> Answer:
        """Answer."""
        self.requests.append((request, step))
        return Answer(text="hello")


def test_text_becomes_a_user_turn() -> None:
    """A text is sent as one user turn, with the settings given."""
    asked = Asked()
    answer = ModelHandle("acme:x", asked).generate("Hi", temperature=0, top_k=5)
    request = Request(turns=(Turn("user", "Hi"),), inference={"temperature": 0, "top_k": 5})
    assert (answer.text, asked.requests) == ("hello", [(request, None)])


def test_settings_override_those_of_a_request() -> None:
    """A request keeps its turns, its system text and the settings that are not overridden."""
    asked = Asked()
    prompt = Request(turns=(Turn("user", "Hi"),), system="Be brief.", inference={"temperature": 1, "max_tokens": 9})
    ModelHandle("acme:x", asked).generate(prompt, step="rewrite", temperature=0)
    sent = Request(turns=prompt.turns, system="Be brief.", inference={"temperature": 0, "max_tokens": 9})
    assert asked.requests == [(sent, "rewrite")]
    assert prompt.inference == {"temperature": 1, "max_tokens": 9}


def test_failure_reaches_the_caller() -> None:
    """A call without an answer raises what the model raised."""

    def fail(_request: Request, _step: str | None) -> Answer:
        raise CallFailedError("throttled", "slow down")

    with pytest.raises(CallFailedError, match="throttled: slow down"):
        ModelHandle("acme:x", fail).generate("Hi")


def test_handle_says_which_model_it_is() -> None:
    """The handle shows its reference."""
    handle = ModelHandle("acme:x", Asked())
    assert (handle.ref, repr(handle)) == ("acme:x", "<model 'acme:x'>")
