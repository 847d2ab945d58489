"""Templates of other tools become Jinja2, and go back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.errors import MixedBracesError, PromptExportError
from pytest_llm_migrate.prompts import Prompt
from pytest_llm_migrate.prompts.braces import from_template, to_template

if TYPE_CHECKING:
    from pytest_llm_migrate.prompts.braces import Braces

PIECES = st.one_of(
    st.sampled_from(["{{ v }}", '{"a": 1}', "{", "}", "%}", "v", "\r\n", "{{v", "#}"]), st.text(max_size=4)
)


def rendered(template: str) -> str:
    """Return what a template gives where its variables are shown by their names in angles."""
    prompt = Prompt(name="p", user=template)
    return prompt.render({name: f"<{name}>" for name in prompt.variables}).turns[-1].text


@pytest.mark.parametrize(
    ("text", "braces", "gives"),
    [
        ("{a} and {$B}", "auto", "<a> and <B>"),
        ('{{a}} as {"k": 1}', "auto", '<a> as {"k": 1}'),
        ("{{ a }} {b}", "double", "<a> {b}"),
        ("{{ a }} {b}", "single", "{ a } <b>"),
        ("{{a}} {% for x in y %}{# c #}", "auto", "<a> {% for x in y %}{# c #}"),
        ("{{ a.b }} {{ 7*7 }} {{a}}", "auto", "{{ a.b }} {{ 7*7 }} <a>"),
    ],
)
def test_only_variables_are_run(text: str, braces: Braces, gives: str) -> None:
    """Variables of either kind of braces run, and nothing else that looks like Jinja2."""
    assert rendered(from_template(text, "p", braces)) == gives


def test_both_kinds_of_braces_are_told_apart_by_the_user() -> None:
    """A text with both names one of each and the way out."""
    with pytest.raises(MixedBracesError, match=r"\{b\} and \{\{a\}\} may both be variables.*--braces single"):
        from_template("{{a}} {b}", "p")


def test_expressions_cannot_be_exported() -> None:
    """A loop has no word in another tool's template."""
    with pytest.raises(PromptExportError, match=r"p cannot be written as nova: '\{% if a %\}' is more than"):
        to_template("{% if a %}x{% endif %}", "p", "nova")


@pytest.mark.parametrize("braces", ["single", "double", "dollar"])
@given(pieces=st.lists(PIECES, max_size=6))
def test_what_is_exported_is_read_back(braces: Braces, pieces: list[str]) -> None:
    """A template either cannot be exported, or renders alike after it was read back."""
    template = from_template("".join(pieces), "p", "double")
    try:
        text = to_template(template, "p", "text", braces)
    except PromptExportError:
        return
    assert rendered(from_template(text, "p", braces)) == rendered(template)


def test_dollar_braces_leave_json_as_it_is() -> None:
    """Anthropic's form marks variables alone; text that would be read as one cannot be written so."""
    assert to_template('{{ a }} as {{ "{" }}"k": 1}', "p", "text", "dollar") == '{$a} as {"k": 1}'
    with pytest.raises(PromptExportError, match="stands in braces, as only a variable may"):
        to_template("{{ a }} and {b}", "p", "text", "dollar")
