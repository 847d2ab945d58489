"""The prompt that each row carries itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import Row, Turn
from pytest_llm_migrate.errors import InferenceSettingError, MissingValueError
from pytest_llm_migrate.prompts import RowPrompt


def row(**values: Any) -> Row:
    """Return a row with these columns."""
    return Row(sample_id="T-1", place="tickets.csv:2", values=values)


@given(text=st.text())
def test_the_prompt_is_sent_as_it_stands(text: str) -> None:
    """A finished prompt is one user turn, and nothing in it is read as a template."""
    request = RowPrompt().render(row(prompt_source_llm=text))
    assert request.turns == (Turn("user", text),)
    assert request.system is None


@pytest.mark.parametrize("settings", ['{"temperature": 0, "stop": "#"}', {"temperature": 0, "stop": "#"}])
def test_settings_come_from_the_row(settings: object) -> None:
    """JSON text and a mapping mean the same settings."""
    request = RowPrompt().render(row(prompt_source_llm="Hi", config_source_llm=settings))
    assert request.inference == {"temperature": 0, "stop": ["#"]}


@pytest.mark.parametrize("values", [{}, {"config_source_llm": None}, {"config_source_llm": " "}])
def test_a_row_may_have_no_settings(values: dict[str, Any]) -> None:
    """An absent or empty cell leaves every setting to the model."""
    assert RowPrompt().render(row(prompt_source_llm="Hi", **values)).inference == {}


@pytest.mark.parametrize("values", [{}, {"prompt_source_llm": None}])
def test_a_row_without_prompt_is_named(values: dict[str, Any]) -> None:
    """The message names the row, the column and the way out."""
    with pytest.raises(MissingValueError) as caught:
        RowPrompt().render(row(**values))
    assert str(caught.value) == (
        "row 'T-1' (tickets.csv:2) has no value for 'prompt_source_llm', which a prompt that rows carry uses. "
        "Fill it in, or name a prompt for all rows with the marker's prompt=."
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("{", "the column must be a JSON object"),
        ("[1]", "inference must be a mapping of settings"),
        ("0", "inference must be a mapping of settings"),
        ([], "inference must be a mapping of settings"),
        ('{"top_p": 2}', "inference.top_p must be a number above 0"),
    ],
)
def test_wrong_settings_name_row_and_column(settings: object, message: str) -> None:
    """A cell that holds no settings, or senseless ones, is found before the call."""
    with pytest.raises(InferenceSettingError) as caught:
        RowPrompt().render(row(prompt_source_llm="Hi", config_source_llm=settings))
    assert str(caught.value).startswith(f"row 'T-1' (tickets.csv:2): config_source_llm: {message}")
