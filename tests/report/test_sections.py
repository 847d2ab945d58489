"""Sections that plugins add: data, or a clear refusal."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llm_migrate.errors import ReportSectionError
from pytest_llm_migrate.report import checked_sections


def test_sections_of_both_kinds_pass() -> None:
    """A text and a table are taken; tuples become lists."""
    table = {"title": "Reviewers", "columns": ("who", "rows"), "rows": [("M. Okafor", 20), ["S. Lindt", None]]}
    assert checked_sections([{"title": "Note", "text": "<b>fine</b>"}, table]) == [
        {"title": "Note", "text": "<b>fine</b>"},
        {"title": "Reviewers", "columns": ["who", "rows"], "rows": [["M. Okafor", 20], ["S. Lindt", None]]},
    ]


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("Note", "report section 'number 1' cannot be shown: it is a value of type str, not a dict"),
        ({"text": "x"}, "'number 1' cannot be shown: it has no title"),
        ({"title": " ", "text": "x"}, "it has no title"),
        ({"title": "Cost", "html": "<b>"}, "'Cost' cannot be shown: its keys are html, title"),
        ({"title": "Cost", "text": 5}, "its text is a value of type int"),
        ({"title": "Cost", "columns": [], "rows": []}, "its columns are not a list of texts"),
        ({"title": "Cost", "columns": ["a", 1], "rows": []}, "its columns are not a list of texts"),
        ({"title": "Cost", "columns": ["a"], "rows": "x"}, "its rows are a value of type str"),
        ({"title": "Cost", "columns": ["a"], "rows": ["x"]}, "its row 1 is a value of type str"),
        ({"title": "Cost", "columns": ["a"], "rows": [[1], [1, 2]]}, "its row 2 has 2 cells for 1 columns"),
        ({"title": "Cost", "columns": ["a"], "rows": [[{}]]}, "its row 1 holds a value of type dict in column 'a'"),
    ],
)
def test_a_bad_section_is_named_with_its_fault(section: Any, message: str) -> None:
    """The title that the plugin gave, or its place, and what is wrong stand in the sentence."""
    with pytest.raises(ReportSectionError) as caught:
        checked_sections([section])
    assert message in str(caught.value)
