"""Texts between fences."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.metrics.material import fenced, is_nothing, question_of, told
from tests.metrics.judges import row

TEXTS = st.text(st.characters(exclude_categories=())) | st.lists(st.sampled_from(["`", "```", "\n", "a", "\r"])).map(
    "".join
)


@given(TEXTS, TEXTS)
def test_nothing_inside_closes_a_fence(first: str, second: str) -> None:
    """Whatever the texts hold, a line of that many backticks stands only where it was put."""
    whole = fenced({"answer": first, "reference": second})
    found = re.match(r"Fences are (\d+) backticks long\.\n\n", whole)
    assert found
    assert whole.count("`" * int(found[1])) == 4
    whole.encode("utf-8")


def test_the_same_texts_give_the_same_message() -> None:
    """Nothing is left to chance: an answer once judged is found again."""
    assert fenced({"answer": "a ```` b"}) == "Fences are 5 backticks long.\n\nanswer:\n`````\na ```` b\n`````"


def test_what_was_asked() -> None:
    """The column says it; without one all inputs do, the context apart."""
    assert question_of(row(question="why?", channel="chat"), "question") == "why?"
    assert question_of(row(ticket="broken", channel="chat", content="manual", answer_ground_truth="x"), "question") == (
        '{"channel": "chat", "ticket": "broken"}'
    )


def test_values_are_told_as_text() -> None:
    """Passages are numbered, and other values are JSON."""
    assert told(["one", "two"]) == "[1] one\n\n[2] two"
    assert (told({"b": 1, "a": 2.0}), told(3), told("x")) == ('{"a": 2, "b": 1}', "3", "x")


def test_nothing_is_told_from_little() -> None:
    """A zero is something to compare with; an empty text or list is not."""
    assert all(map(is_nothing, (None, "", [], {})))
    assert not any(map(is_nothing, (0, False, "0")))
