"""Conversion of ``{variable}`` and ``{$VARIABLE}`` templates to Jinja2."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_llm_migrate.errors import ReservedVariableError
from pytest_llm_migrate.prompts import Prompt, from_format_template, from_model_text, variables_of

NAMES = ("ticket", "größe", "IN", "if")


def value_of(name: str) -> str:
    """Return the value that a variable has in these tests: one that looks like a template."""
    return f"<{{{{{name}}}}}>"


def rendered(template: str) -> str:
    """Return the text that a template gives, once converted, for a row with all its variables."""
    values = {name: value_of(name) for name in variables_of(template)}
    return Prompt(name="p", user=from_format_template(template)).render(values).turns[-1].text


@pytest.mark.parametrize(
    ("template", "jinja"),
    [
        ("Classify: {ticket}", "Classify: {{ ticket }}"),
        ("<t>{$TICKET}</t> {ticket}{a1}", "<t>{{ TICKET }}</t> {{ ticket }}{{ a1 }}"),
        ('{{"queue": "{ticket}"}}', '{"queue": "{{ ticket }}"}'),
        ('{"queue": "{ticket}"}', '{"queue": "{{ ticket }}"}'),
        ('{"a": {"b": {}}} {ticket}', '{"a": {"b": {}}} {{ ticket }}'),
        ("{{{ticket}}}", '{{ "{" }}{{ ticket }}}'),
        ("{0} {} {x!r} {x:.2f} {x.y}", "{0} {} {x!r} {x:.2f} {x.y}"),
        ("{²} {1a} {größe}", "{²} {1a} {{ größe }}"),
        ("100 {% off", '100 {{ "{" }}% off'),
        ("a } {{ticket}}", 'a } {{ "{" }}{ticket}}'),
        ("", ""),
    ],
)
def test_templates_convert(template: str, jinja: str) -> None:
    """Variables become Jinja2's; JSON stays JSON; what Jinja2 would read is protected."""
    assert from_format_template(template) == jinja


def test_variables_are_named_without_dollar_sign_or_escapes() -> None:
    """Doubled braces hold no variable, and neither do numbers or attributes."""
    assert variables_of("{a} {$B_2} {{c}} {a}") == {"a", "B_2"}
    assert variables_of('{"k": "{a}"} {0} {x.y} {{c}}') == {"a"}


def test_variables_can_be_renamed() -> None:
    """Upper-case variables meet lower-case columns by a mapping."""
    text = "{$TICKET} for {$TEAM} {ticket}"
    assert from_format_template(text, {"TICKET": "ticket"}) == "{{ ticket }} for {{ TEAM }} {{ ticket }}"


@pytest.mark.parametrize("name", ["not", "self", "true", "None"])
def test_a_word_of_jinja2_cannot_be_a_variable(name: str) -> None:
    """The message shows how to give it another name, and that works."""
    with pytest.raises(ReservedVariableError, match=re.escape(f"names={{'{name}': '{name}_text'}}")):
        from_format_template(f"{{{name}}}")
    assert from_format_template(f"{{{name}}}", {name: f"{name}_text"}) == f"{{{{ {name}_text }}}}"


LITERAL = st.text(st.sampled_from("{}%#-+\r\n \"'\\a")) | st.text(st.characters(codec="utf-8"))
FIELD = st.sampled_from(NAMES).flatmap(lambda name: st.sampled_from([f"{{{name}}}", f"{{${name}}}"]))


@given(parts=st.lists(st.tuples(LITERAL, st.sampled_from(NAMES)), max_size=5), end=LITERAL)
@example(parts=[("{", "ticket"), ("}{%", "ticket")], end="{")
def test_a_python_format_template_renders_as_python_formats_it(parts: list[tuple[str, str]], end: str) -> None:
    """For every template that escapes its braces, Jinja2 and str.format give the same text."""

    def escaped(text: str) -> str:
        return text.replace("{", "{{").replace("}", "}}")

    template = "".join(f"{escaped(text)}{{{name}}}" for text, name in parts) + escaped(end)
    assert rendered(template) == template.format(**{name: value_of(name) for name in NAMES})
    assert variables_of(template) == {name for _, name in parts}


@given(parts=st.lists(LITERAL | FIELD))
@example(parts=["{% raw %}{{ a }}{% endraw %}{# b #}"])
@example(parts=["{", "{", "{ticket}", "}"])
def test_any_other_text_changes_in_its_variables_alone(parts: list[str]) -> None:
    """Whatever stands in a text with a lone brace, rendering replaces its variables and nothing else."""
    template = "".join(["}", " ", *parts])  # a lone brace: no Python format template

    def replaced(match: re.Match[str]) -> str:
        return value_of(match[1]) if match[1].isidentifier() else match[0]

    assert rendered(template) == re.sub(r"(?<!\{)\{\$?(\w+)\}", replaced, template)


@given(text=st.text(st.characters(codec="utf-8", exclude_characters="{}")))
def test_a_text_without_braces_stays_as_it_is(text: str) -> None:
    """A template without variables renders to itself."""
    assert rendered(text) == text


MODEL_TEXTS = [
    ("Sort {{ticket}}.", "Sort {{ ticket }}."),
    ("Sort { $TICKET }.", "Sort {{ ticket }}."),
    ("Sort {ticket}, as {other} says.", "Sort {{ ticket }}, as {other} says."),
    ('Answer {"queue": "{ticket}"}', 'Answer {"queue": "{{ ticket }}"}'),
]


@pytest.mark.parametrize(("text", "template"), MODEL_TEXTS)
def test_a_models_text_keeps_the_prompts_own_variables(text: str, template: str) -> None:
    """Every way in which models write a variable becomes one; other braces stay."""
    assert from_model_text(text, ["ticket"]) == template


def test_what_the_source_itself_says_is_kept_word_for_word() -> None:
    """An expression of the source prompt goes on being one, whatever its blanks; one of the model's own is text."""
    source = "{% if ticket %}{{ ticket | upper }}{% endif %}"
    template = from_model_text("{%if ticket%}{{ticket|upper}}{% endif %} {{ ticket | length }}", ["ticket"], source)
    sent = Prompt(name="p", user=template).render({"ticket": "lamp"})
    assert sent.turns[-1].text == "LAMP {{ ticket | length }}"


@given(st.text(alphabet="{}%# $ticke.'\"|", max_size=40))
def test_a_models_text_never_runs(text: str) -> None:
    """Whatever a model writes renders to itself, with nothing but mentions of the variable replaced."""
    sent = Prompt(name="p", user="x" + from_model_text(text, ["ticket"])).render({"ticket": "T"}).turns[-1].text
    mention = re.compile(r"\{\{\s*\$?ticket\s*\}\}|\{\s*\$?ticket\s*\}")
    assert sent == "x" + mention.sub("T", text)
