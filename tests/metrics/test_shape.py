"""Values and the shapes that are asked for."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pytest_llm_migrate.metrics.shape import misfit

CLAIMS = {
    "type": "object",
    "properties": {
        "claims": {
            "type": "array",
            "minItems": 1,
            "maxItems": 3,
            "items": {
                "type": "object",
                "properties": {"text": {"type": "string", "minLength": 1}, "supported": {"type": "boolean"}},
                "required": ["text", "supported"],
            },
        },
        "count": {"type": "integer", "minimum": 0, "maximum": 9},
        "answer": {"type": "string", "enum": ["yes", "no"]},
    },
    "required": ["claims"],
}
CLAIM = {"text": "a", "supported": True}


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({"claims": [CLAIM]}, None),
        ({"claims": [CLAIM], "count": 3.0, "answer": "no", "more": 1}, None),
        ([], "the verdict is [], not an object"),
        ("x", "the verdict is 'x', not an object"),
        ({}, "'claims' is missing in the verdict"),
        ({"claims": []}, "claims has 0 items, not at least 1"),
        ({"claims": [CLAIM] * 4}, "claims has 4 items, not at most 3"),
        ({"claims": [CLAIM, {"text": "a"}]}, "'supported' is missing in claims[2]"),
        ({"claims": [{"text": "a", "supported": "yes"}]}, "supported is 'yes', not true or false"),
        ({"claims": [{"text": " ", "supported": True}]}, "text is empty"),
        ({"claims": {}}, "claims is {}, not a list"),
        ({"claims": [CLAIM], "count": -1}, "count is -1, below 0"),
        ({"claims": [CLAIM], "count": 10}, "count is 10, above 9"),
        ({"claims": [CLAIM], "count": 1.5}, "count is 1.5, not a whole number"),
        ({"claims": [CLAIM], "count": True}, "count is True, not a whole number"),
        ({"claims": [CLAIM], "count": "1"}, "count is '1', not a whole number"),
        ({"claims": [CLAIM], "count": math.inf}, "count is inf, not a whole number"),
        ({"claims": [CLAIM], "answer": "YES."}, "answer is 'YES.', not 'yes' or 'no'"),
        ({"claims": [CLAIM], "answer": None}, "answer is None, not a text"),
    ],
)
def test_the_first_fault_is_named(value: object, fault: str | None) -> None:
    """A fault says where it is and what was there, in words that mend it."""
    assert misfit(value, CLAIMS) == fault


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 12) | st.sampled_from(["", "a", "yes"]) | st.floats(-2, 12),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["claims", "count", "answer", "text"]), inner)
    ),
    max_leaves=6,
)


@given(JSON | st.fixed_dictionaries({"claims": st.lists(st.just(CLAIM), max_size=5), "count": JSON, "answer": JSON}))
def test_what_fits_is_what_json_schema_says(value: Any) -> None:
    """The reference implementation of JSON Schema accepts the same values."""
    assert (misfit(value, CLAIMS) is None) == Draft202012Validator(CLAIMS).is_valid(value)
