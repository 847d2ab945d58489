"""Which rows are critical, by a column or by an expression over columns."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.datasets import dataset_of
from pytest_llm_migrate.errors import ColumnRoleError, CriticalCellError, CriticalSyntaxError
from pytest_llm_migrate.migration.critical import critical_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROWS: list[dict[str, Any]] = [
    {
        "sample_id": "a",
        "priority": "p1",
        "amount": "1200",
        "limit": "900",
        "channel": "phone",
        "vip": "Yes",
        "mark": "",
    },
    {"sample_id": "b", "priority": "p2", "amount": "90", "limit": "900", "channel": "mail", "vip": "no", "mark": "1"},
    {"sample_id": "c", "priority": "p1", "amount": "-5", "limit": "-4", "channel": "web", "vip": "FALSE", "mark": ""},
]


def found(text: str, rows: Sequence[Mapping[str, Any]] = ROWS) -> str:
    """Return the ids of the critical rows as letters in order."""
    return "".join(sorted(critical_rows(text, dataset_of([dict(row) for row in rows]), "test_a.py") or ()))


def test_nothing_said_names_no_rows() -> None:
    """A marker without ``critical`` is not one under which no row is critical."""
    assert critical_rows(None, dataset_of(ROWS), "test_a.py") is None


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("vip", "a"),
        ("not vip", "bc"),
        ("priority == 'p1'", "ac"),
        (" priority != 'p1'\n", "b"),
        ("amount >= 1000 and channel in ['phone', 'mail']", "a"),
        ("amount >= 1000 or channel not in ('phone', 'mail')", "ac"),
        ("amount < 0", "c"),
        ("amount == -5", "c"),
        ("-10 < amount <= 90", "bc"),
        ("amount > limit", "a"),
        ("amount > '100'", "a"),
        ("1000 < amount", "a"),
        ("amount in {90, 1200}", "ab"),
        ("channel in []", ""),
        ("vip == True", "a"),
        ("not (priority == 'p1' and amount > 0)", "bc"),
        ("mark != '' and mark", "b"),
        ("mark == None", "ac"),
        ("priority > 'p1'", "b"),
    ],
)
def test_an_expression_chooses_rows(text: str, ids: str) -> None:
    """Cells of text are read as numbers or truth values where they are compared with such."""
    assert found(text) == ids


@pytest.mark.parametrize(
    ("value", "is_critical"),
    [(True, True), (False, False), (1, True), (0, False), ("TRUE ", True), ("n", False), (1.0, None), ("x", None)],
)
def test_a_column_of_truth_values(value: object, is_critical: bool | None) -> None:  # noqa: FBT001 - a parameter
    """Truth values, 1 and 0, or such words; its name need be no Python name."""
    rows: list[dict[str, Any]] = [{"sample_id": "a", "is critical?": value}]
    if is_critical is None:
        with pytest.raises(CriticalCellError, match="which is no truth value; write true or false"):
            found("is critical?", rows)
    else:
        assert found("is critical?", rows) == ("a" if is_critical else "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("priority = 'p1'", "it cannot be read"),
        ("", "it cannot be read"),
        ("priority == 'p1", "it cannot be read"),
        ("not " * 5000 + "vip", "it cannot be read"),
        ("__import__('os').system('true')", "__import__('os').system('true')\" is not allowed in it"),
        ("amount.real > 1", "'amount.real' is not allowed in it"),
        ("amount + 1 > 2", "'amount + 1' is not allowed in it"),
        ("channel in priority", "'channel in priority' is not allowed in it"),
        ("channel is None", "'channel is None' is not allowed in it"),
        ("channel in [x for x in 'ab']", "is not allowed in it"),
        ("channel in [['phone']]", "['phone']\" is not allowed in it"),
        ("lambda: vip", "'lambda: vip' is not allowed in it"),
        ("(vip := 1)", "is not allowed in it"),
        ("amount > -True", "'-True' is not allowed in it"),
        ("amount > 2j", "'2j' is not allowed in it"),
        ("channel == f'{vip}'", "is not allowed in it"),
        ("'p1'", "\"'p1'\" is not allowed in it"),
        ("True", "'True' is not allowed in it"),
    ],
)
def test_what_is_no_condition_is_refused(text: str, said: str) -> None:
    """Nothing is run: what is not a column, a literal or a comparison is named, with what may be written."""
    with pytest.raises(CriticalSyntaxError) as caught:
        found(text)
    assert said in str(caught.value)
    assert str(caught.value).startswith("test_a.py: critical=")
    assert "compare columns with texts, numbers or lists of them by ==, !=" in str(caught.value)


def test_an_unknown_column_is_named_with_the_nearest() -> None:
    """Like every role that a marker gives."""
    with pytest.raises(ColumnRoleError, match=r"critical names the column 'priorty'.* Did you mean 'priority'\?"):
        found("vip and priorty == 'p1'")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("channel > 3", "column 'channel', the text 'phone', and the number 3 cannot be compared"),
        ("channel == 3", "column 'channel', the text 'phone', and the number 3 cannot be compared"),
        ("amount < channel", "column 'amount', the text '1200', and column 'channel', the text 'phone', cannot be"),
        ("channel == True", "column 'channel', the text 'phone', and the truth value True cannot be compared"),
        ("mark > 3", "column 'mark' is empty, so it is neither more nor less than anything"),
        ("amount > None", "None is empty, so it is neither more nor less than anything"),
        ("channel", "column 'channel' has 'phone', which is no truth value; write true or false, yes or no, 1 or 0"),
    ],
)
def test_a_cell_that_does_not_fit_is_named_with_its_row(text: str, said: str) -> None:
    """The sentence has the row's place, the expression, the column and the cell."""
    with pytest.raises(CriticalCellError) as caught:
        found(text)
    assert said in str(caught.value)
    assert f": critical={text!r}: " in str(caught.value)
    assert "row 1" in str(caught.value)


def test_a_cell_that_holds_many_values_is_not_compared() -> None:
    """A list in a cell is neither text nor number."""
    with pytest.raises(CriticalCellError, match="column 'tags' holds a list, which is not to be compared"):
        found("tags == 'x'", [{"sample_id": "a", "tags": ["x"]}])


def test_numbers_of_json_are_compared_with_numbers() -> None:
    """No number is a text, and nothing is not a number."""
    rows: list[dict[str, Any]] = [
        {"sample_id": "a", "amount": 5},
        {"sample_id": "b", "amount": None},
        {"sample_id": "c", "amount": 7.5},
    ]
    assert found("amount != None and amount > 5", rows) == "c"
    with pytest.raises(CriticalCellError, match="the number 5, and the text 'five' cannot be compared"):
        found("amount == 'five'", rows)


@given(st.text(alphabet="ab cip='\"<>!()[],.0159-+*&|not\n\\{}", max_size=30))
def test_any_text_chooses_rows_or_is_refused(text: str) -> None:
    """In one sentence, never with an error of another kind."""
    with suppress(ColumnRoleError, CriticalCellError, CriticalSyntaxError):
        assert set(found(text)) <= set("abc")
