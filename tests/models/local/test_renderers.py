"""How a conversation is put to each model."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llm_migrate.models.endpoint import Converse, Fault, Message
from pytest_llm_migrate.models.local.renderers import (
    Chat,
    Completion,
    render_chat,
    render_completion,
)

ONE = (Message("user", "Ticket: it crashes\nLabel:"),)
SHOTS = (Message("user", "hi"), Message("assistant", "hello"), Message("user", "bye"))


def request(messages: tuple[Message, ...], system: str = "", **additional: Any) -> Converse:
    """Return a request that stops at a semicolon."""
    return Converse(model="m", messages=messages, system=system, stop_sequences=(";",), additional=additional)


def test_chat_keeps_turns_and_system_text_apart() -> None:
    """The model's own template gets every turn as it is, the system text first if there is one."""
    turns = (("user", "hi"), ("assistant", "hello"), ("user", "bye"))
    assert render_chat(request(SHOTS)) == Chat(messages=turns, stop=(";",))
    assert render_chat(request(SHOTS, "Be brief.")).messages == (("system", "Be brief."), *turns)


@pytest.mark.parametrize(
    ("asked", "text", "stop"),
    [
        (request(ONE), "Ticket: it crashes\nLabel:", (";",)),
        (request(SHOTS), "Input: hi\nOutput: hello\n\nInput: bye\nOutput:", (";", "\n\n", "\nInput:")),
        (
            request(ONE, "Label tickets."),
            "Label tickets.\n\nInput: Ticket: it crashes\nLabel:\nOutput:",
            (";", "\n\n", "\nInput:"),
        ),
        (
            request(SHOTS, "Greet.", turn_words=["Ticket", "Label"]),
            "Greet.\n\nTicket: hi\nLabel: hello\n\nTicket: bye\nLabel:",
            (";", "\n\n", "\nTicket:"),
        ),
        (request(ONE, turn_words=["Ticket", "Label"]), "Ticket: it crashes\nLabel:", (";",)),
    ],
    ids=["one message", "turns", "system", "words", "words without turns"],
)
def test_completion_is_the_text_or_a_form_of_turns(asked: Converse, text: str, stop: tuple[str, ...]) -> None:
    """One message alone is the text itself; anything else becomes turns that end at the last answer's word."""
    assert render_completion(asked) == Completion(text=text, stop=stop)


@pytest.mark.parametrize(
    "words", ["Ticket", ["Ticket"], ["a", "b", "c"], ["a", " "], ["a", 1], ["a\n", "b"], ["\ud800", "b"], 5]
)
def test_turn_words_are_two_words(words: Any) -> None:
    """Anything but two words on a line is refused, whether or not they would be used."""
    with pytest.raises(Fault, match="ValidationException: turn_words must be two words, not"):
        render_completion(request(ONE, turn_words=words))
