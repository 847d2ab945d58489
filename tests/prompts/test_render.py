"""What a template can say, and what the sandbox refuses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.errors import MigrateError, MissingValueError, TemplateFaultError, UnknownVariableError
from pytest_llm_migrate.prompts import Prompt
from pytest_llm_migrate.prompts.render import _compiled


def rendered(user: str, **values: Any) -> str:
    """Return the user turn of a prompt with that text."""
    return Prompt(name="p", user=user).render(values).turns[-1].text


@given(value=st.text())
def test_a_value_is_put_in_as_it_stands(value: str) -> None:
    """No text of a row is escaped, trimmed or read as a template."""
    assert rendered("<{{ value }}>\n", value=value) == f"<{value}>\n"


@pytest.mark.parametrize("value", ["{{ other }}", "{% for i in range(9) %}x{% endfor %}", "{# gone #}", "{{ 1/0 }}"])
def test_a_value_is_never_a_template(value: str) -> None:
    """A ticket that contains Jinja2 stays the text that the customer wrote."""
    assert rendered("{{ value }}", value=value, other="secret") == value


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ content }}", "one\n\ntwo"),
        ("{{ content | join(', ') }}", "one, two"),
        ("{{ content | map('upper') }}", "ONE\n\nTWO"),
        ("{% for part in content %}[{{ loop.index }}] {{ part }}\n{% endfor %}", "[1] one\n[2] two\n"),
        ("{{ content[1] }}", "two"),
        ("{{ order }}", '{"item": "café <b>", "count": 2}'),
        ("{{ order | tojson }}", '{"item": "café <b>", "count": 2}'),
        ("{{ order.item }} {{ order['count'] }}", "café <b> 2"),
        ("{{ count }} {{ share }} {{ flag }}", "3 0.5 True"),
        ("{% set ns = namespace(n=0) %}{% for i in range(4) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}", "6"),
        ("{{ '-' * 3 }}{{ 3 * '-' }}{{ 2 ** 10 }}{{ 1000000 ** 2 }}", "------10241000000000000"),
        ("{{ '{} of {}'.format(count, flag) }}", "3 of True"),
    ],
)
def test_values_print_as_a_prompt_needs_them(template: str, text: str) -> None:
    """Lists join with a blank line, mappings print as JSON, and filters and loops work."""
    order = {"item": "café <b>", "count": 2}
    assert rendered(template, content=["one", "two"], order=order, count=3, share=0.5, flag=True) == text


@pytest.mark.parametrize(
    "template",
    [
        "{{ notes }}",
        "{{ notes | upper }}",
        "{{ 'a' ~ notes }}",
        "{{ notes.strip() }}",
        "{{ notes | tojson }}",
        "{% for x in notes %}{% endfor %}",
        "{{ content }}",
        "{{ content | join(', ') }}",
        "{{ order.item }}",
    ],
)
def test_a_missing_value_that_is_used_is_an_error(template: str) -> None:
    """No way of printing turns a missing value into a word, on its own or inside a list or a mapping."""
    with pytest.raises(MissingValueError, match=r"the row given has no value for '(notes|content|order)'"):
        rendered(template, notes=None, content=["one", None], order={"item": None})


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ notes or 'none given' }}", "none given"),
        ("{{ notes | default('none given') }}", "none given"),
        ("{% if notes %}x{% endif %}", ""),
        ("{% if notes is none %}x{% endif %}", "x"),
        ("{{ content | select | join(', ') }}", "one"),
        ("{{ order }}", '{"item": null}'),
    ],
)
def test_a_template_can_ask_whether_a_value_is_missing(template: str, text: str) -> None:
    """Optional columns are possible where the template says so; in JSON, what is missing is a null."""
    assert rendered(template, notes=None, content=["one", None], order={"item": None}) == text


ATTACKS = [
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ value | attr('__class__') }}",
    "{{ [value] | map(attribute='__class__') | list }}",
    "{{ ().__class__.__base__.__subclasses__() }}",
    "{{ '{0.__class__}'.format(value) }}",
    "{{ '{0.__class__.__init__}' | format(value) }}{{ value.format.__globals__ }}",
    "{{ '{x.__class__}'.format_map({'x': value}) }}",
    "{{ '%s' % value.__class__ }}",
    "{{ range.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__.os.popen('true').read() }}",
    "{{ lipsum.__globals__ }}",
    "{{ content.append('x') }}",
    "{{ content.clear() }}",
    "{{ order.update({'a': 1}) }}",
    "{{ order.pop('item') }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}{{ os }}",
    "{% extends 'x' %}",
    "{% for i in range(10 ** 9) %}x{% endfor %}",
    "{{ 'x' * 10 ** 10 }}",
    "{{ [1] * 10 ** 10 }}",
    "{{ 9 ** (9 ** 9) }}",
    "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
    "{{ value.upper }}",
    "{{ range }}",
    "{{ [1, 2] | random }}",
    "{{ 1 / 0 }}",
    "{{ value.nothing }}",
    "{{ none }}",
    "{{ (value }}",
    "{{ value | nofilter }}",
    "{{ order | sort(attribute=1) + 1 }}",
]


@pytest.mark.parametrize("template", ATTACKS)
def test_the_sandbox_refuses(template: str) -> None:
    """A template that reaches for Python, runs away or prints nonsense ends in one clear line."""
    content, order = ["one"], {"item": "pen"}
    with pytest.raises(MigrateError) as caught:
        rendered(template, value="v", content=content, order=order)
    assert isinstance(caught.value, (TemplateFaultError, UnknownVariableError))
    assert str(caught.value).startswith("prompt 'p': user")
    assert "\n" not in str(caught.value)
    assert (content, order) == (["one"], {"item": "pen"})


def test_a_refusal_names_attribute_row_and_line() -> None:
    """The message says where the template is at fault, and on which row it showed."""
    prompt = Prompt(name="p", user="fine\n{{ value.__class__ }}")
    with pytest.raises(TemplateFaultError) as caught:
        prompt.render({"sample_id": "T-9", "value": "v"})
    assert str(caught.value) == (
        "prompt 'p': user, line 2: cannot render row 'T-9': access to attribute '__class__' of 'str' object is unsafe."
    )


def test_a_function_that_is_not_called_is_pointed_out() -> None:
    """Forgotten parentheses do not send a memory address to a model."""
    with pytest.raises(TemplateFaultError, match=r"'upper' is a function: call it with \(\)"):
        rendered("{{ value.upper }}", value="v")


def test_a_template_is_compiled_once() -> None:
    """Many rows cost one compilation, also across prompts that share a text."""
    text = "{{ value }} compiled once"
    before = _compiled.cache_info().misses
    assert [rendered(text, value=number) for number in range(3)] == [f"{number} compiled once" for number in range(3)]
    assert _compiled.cache_info().misses == before + 1


def test_a_runaway_loop_names_the_limit() -> None:
    """A loop over a range without end is stopped before it begins."""
    with pytest.raises(TemplateFaultError, match="blocks ranges larger than"):
        rendered("{% for i in range(10 ** 9) %}x{% endfor %}")


def test_a_column_may_have_the_name_of_a_function() -> None:
    """A column called range, dict or lipsum is a column."""
    assert rendered("{{ range }} {{ dict }} {{ lipsum }}", range="a", dict="b", lipsum="c") == "a b c"
