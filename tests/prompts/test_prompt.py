"""A prompt made in Python, rendered and held against a dataset's columns."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_llm_migrate.domain import Example, Row, Turn
from pytest_llm_migrate.errors import (
    HiddenColumnError,
    InferenceSettingError,
    MissingValueError,
    TemplateFaultError,
    UnknownNameError,
    UnknownVariableError,
)
from pytest_llm_migrate.prompts import Prompt

ROW = Row(
    sample_id="T-1",
    place="tickets.csv:2",
    values={"sample_id": "T-1", "ticket": "It is broken.", "notes": None, "answer_ground_truth": "repair"},
)


def test_importing_the_room_loads_neither_jinja2_nor_yaml() -> None:
    """Loading the plugin stays quick: template and YAML engines come with the first prompt."""
    code = "import sys, pytest_llm_migrate.prompts; print({'jinja2', 'yaml'} & set(sys.modules))"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_name_and_a_user_text_are_a_whole_prompt() -> None:
    """The shortest prompt sends one user turn and nothing else."""
    request = Prompt(name="triage", user="Classify: {{ ticket }}").render(ROW)
    assert request.turns == (Turn("user", "Classify: It is broken."),)
    assert request.system is None
    assert request.inference == {}


def test_system_examples_and_settings_are_sent() -> None:
    """Examples stand as user and assistant turns between the system text and the row."""
    prompt = Prompt(
        name="triage",
        system="You sort {{ ticket | length }} characters.",
        user="{{ ticket }}",
        examples=(Example(input="Refund!", output="billing"),),
        inference={"temperature": 0, "stop": "\n"},
    )
    request = prompt.render(ROW)
    assert request.system == "You sort 13 characters."
    assert [turn.role for turn in request.turns] == ["user", "assistant", "user"]
    assert [turn.text for turn in request.turns] == ["Refund!", "billing", "It is broken."]
    assert request.inference == {"temperature": 0, "stop": ["\n"]}


def test_options_are_sent_and_checked() -> None:
    """Options go with every row's request; one that Bedrock does not know is found when the prompt is made."""
    options = {"service_tier": "flex", "cache": True}
    assert Prompt(name="triage", user="{{ ticket }}", options=options).render(ROW).options == options
    with pytest.raises(UnknownNameError, match=r"prompt 'triage': unknown option 'tier'\."):
        Prompt(name="triage", user="{{ ticket }}", options={"tier": "flex"})


def test_examples_are_sent_as_they_stand() -> None:
    """Braces in an example are its own: nothing is put into them, and they name no variable."""
    text = '{"a": {{ ticket }}, "b": {% nothing %}}'
    prompt = Prompt(name="triage", user="{{ ticket }}", examples=(Example(input=text, output=text),))
    assert prompt.variables == {"ticket"}
    assert [turn.text for turn in prompt.render(ROW).turns[:2]] == [text, text]


def test_a_system_text_that_comes_out_empty_is_left_out() -> None:
    """A model gets no empty system text."""
    prompt = Prompt(name="triage", system="{% if notes %}Mind {{ notes }}{% endif %}", user="{{ ticket }}")
    assert prompt.render(ROW).system is None


def test_a_plain_mapping_renders_like_a_row() -> None:
    """A prompt can be tried without a dataset, and hides the same columns."""
    prompt = Prompt(name="triage", user="{{ ticket }}")
    assert prompt.render({"ticket": "Hi"}).turns[-1].text == "Hi"
    with pytest.raises(HiddenColumnError):
        Prompt(name="triage", user="{{ answer_ground_truth }}").render({"answer_ground_truth": "x"})


def test_variables_come_from_system_and_user() -> None:
    """Loop variables and macro arguments are the template's own; the rest are columns."""
    prompt = Prompt(
        name="triage",
        system="{{ channel }}",
        user="{% for part in content %}{{ part }}{{ loop.index }}{% endfor %}{% set x = ticket %}{{ x }}",
    )
    assert prompt.variables == {"channel", "content", "ticket"}


def test_columns_that_hold_every_variable_pass() -> None:
    """A prompt whose variables are all inputs fits its dataset."""
    Prompt(name="triage", user="{{ ticket }}{{ channel }}").check_columns(["sample_id", "ticket", "channel"], "d.csv")


def test_a_variable_without_a_column_is_named_with_the_nearest_one() -> None:
    """The message names the file, the variable, the column that was meant, and what to do."""
    prompt = Prompt(name="triage", user="{{ tiket }}", path=Path("prompts/triage/source.prompt.yaml"))
    with pytest.raises(UnknownVariableError) as caught:
        prompt.check_columns(["sample_id", "ticket", "answer_ground_truth"], "data/tickets.csv")
    assert str(caught.value) == (
        "prompts/triage/source.prompt.yaml: the variable 'tiket' is no column of data/tickets.csv. "
        "Did you mean 'ticket'? Columns a prompt may use: ticket. "
        "Correct the prompt, or map the column with the marker's columns={...}."
    )


@pytest.mark.parametrize("column", ["answer_ground_truth", "sample_id", "answer_source_llm", "human_score_target_llm"])
def test_ids_ground_truth_and_results_are_refused(column: str) -> None:
    """A prompt that names what the model must not see is refused, before a run and at every row."""
    prompt = Prompt(name="triage", user=f"{{% if {column} is defined %}}{{{{ {column} }}}}{{% endif %}}")
    with pytest.raises(HiddenColumnError, match=f"'{column}' is hidden from prompts"):
        prompt.check_columns([column, "ticket"], "tickets.csv")
    with pytest.raises(HiddenColumnError, match="keep what is an input in a column of another name"):
        prompt.render(ROW)


def test_a_missing_value_names_row_and_column() -> None:
    """What a row does not hold is never sent as the word None."""
    with pytest.raises(MissingValueError) as caught:
        Prompt(name="triage", user="{{ notes }}").render(ROW)
    assert str(caught.value) == (
        "row 'T-1' (tickets.csv:2) has no value for 'notes', which prompt 'triage': user uses. "
        "Fill it in, or write {{ notes or '' }} where it may be missing."
    )


def test_a_variable_that_the_row_lacks_names_the_nearest_input() -> None:
    """A misspelt variable found at a row is explained as it is before a run."""
    with pytest.raises(UnknownVariableError, match=r"'tiket' is no column of the row given\. Did you mean 'ticket'\?"):
        Prompt(name="triage", user="{{ tiket }}").render({"ticket": "Hi"})


def test_wrong_syntax_names_part_and_line() -> None:
    """A prompt made in Python has no file, so the message gives its name, its part and the line."""
    prompt = Prompt(name="triage", user="fine\n{{ ticket")
    for use in (lambda: prompt.variables, lambda: prompt.render(ROW)):
        with pytest.raises(TemplateFaultError, match="prompt 'triage': user, line 2: unexpected end of template"):
            use()


def test_replace_gives_a_prompt_that_renders() -> None:
    """A strategy changes a field with dataclasses.replace and keeps the rest."""
    prompt = Prompt(name="triage", user="A {{ ticket }}", inference={"max_tokens": 5})
    changed = dataclasses.replace(prompt, user="B {{ ticket }}")
    assert changed.render(ROW).turns[-1].text == "B It is broken."
    assert changed.inference == {"max_tokens": 5}
    assert changed.sha256 != prompt.sha256


def test_settings_that_no_model_takes_are_refused_at_once() -> None:
    """A wrong setting is found where the prompt is made, not at the first call."""
    with pytest.raises(InferenceSettingError, match=r"prompt 'triage': inference\.max_tokens must be a whole number"):
        Prompt(name="triage", user="x", inference={"max_tokens": 0})


def test_a_request_does_not_share_its_settings_with_the_prompt() -> None:
    """A model that changes its request's settings changes no other row's."""
    prompt = Prompt(name="triage", user="x", inference={"max_tokens": 5})
    first = prompt.render(ROW).inference
    assert isinstance(first, dict)
    first["max_tokens"] = 1
    assert prompt.render(ROW).inference == {"max_tokens": 5}


def test_threads_render_the_same_prompt() -> None:
    """Rows rendered at once by several threads get their own values."""
    prompt = Prompt(name="triage", user="{% for i in range(20) %}{{ ticket }}{% endfor %}")
    with ThreadPoolExecutor(8) as pool:
        requests = list(pool.map(prompt.render, [{"ticket": f"<{number}>"} for number in range(200)]))
    assert [request.turns[-1].text for request in requests] == [f"<{number}>" * 20 for number in range(200)]
