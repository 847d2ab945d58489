"""Which inference settings pass, and which are refused."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llm_migrate.errors import InferenceSettingError
from pytest_llm_migrate.prompts.inference import checked_inference


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 0, "top_p": 1, "max_tokens": 1, "stop": []},
        {"temperature": 1.5, "top_p": 0.01, "max_tokens": 4096, "stop": ["\n", "###"]},
        {"reasoning": {"effort": "low", "budget": [1, None]}, "seed": 7, "thinking": False},
    ],
)
def test_sensible_settings_pass_as_they_are(settings: dict[str, Any]) -> None:
    """Known settings in their range, and a model's own whatever they are, are kept unchanged."""
    assert checked_inference(settings, "here") == settings


def test_one_stop_text_becomes_a_list() -> None:
    """A single stop text needs no brackets."""
    assert checked_inference({"stop": "###"}, "here") == {"stop": ["###"]}
    assert checked_inference({"stop": ("a", "b")}, "here") == {"stop": ["a", "b"]}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": -0.1}, "here: inference.temperature must be a number of 0 or more, not -0.1."),
        ({"temperature": "0"}, "here: inference.temperature must be a number of 0 or more, not '0'."),
        ({"temperature": True}, "here: inference.temperature must be a number of 0 or more, not True."),
        ({"temperature": float("nan")}, "here: inference.temperature must be a number of 0 or more, not nan."),
        ({"temperature": float("inf")}, "here: inference.temperature must be a number of 0 or more, not inf."),
        ({"temperature": None}, "here: inference.temperature must be a number of 0 or more, not None."),
        ({"top_p": 0}, "here: inference.top_p must be a number above 0 and up to 1, not 0."),
        ({"top_p": 1.1}, "here: inference.top_p must be a number above 0 and up to 1, not 1.1."),
        ({"max_tokens": 0}, "here: inference.max_tokens must be a whole number of 1 or more, not 0."),
        ({"max_tokens": 2.0}, "here: inference.max_tokens must be a whole number of 1 or more, not 2.0."),
        ({"stop": [1]}, "here: inference.stop must be a text or a list of texts, none of them empty, not [1]."),
        ({"stop": ""}, "here: inference.stop must be a text or a list of texts, none of them empty, not ''."),
        ({"stop": None}, "here: inference.stop must be a text or a list of texts, none of them empty, not None."),
        ({"seed": {1}}, "here: inference.seed must be what JSON can carry, not {1}."),
        ({"bias": float("nan")}, "here: inference.bias must be what JSON can carry, not nan."),
        ({1: 2}, "here: the name of an inference setting must be text, not 1."),
        ([1], "here: inference must be a mapping of settings, not [1]."),
    ],
)
def test_senseless_settings_are_named_with_what_is_allowed(settings: Any, message: str) -> None:
    """The message gives the place, the setting, its range and the value."""
    with pytest.raises(InferenceSettingError) as caught:
        checked_inference(settings, "here")
    assert str(caught.value) == message


def test_a_setting_that_holds_itself_is_refused() -> None:
    """A circle of references, as YAML anchors can make, cannot be sent."""
    circle: dict[str, Any] = {}
    circle["self"] = circle
    with pytest.raises(InferenceSettingError, match="must be what JSON can carry"):
        checked_inference({"extra": circle}, "here")
