"""The prompt that each row carries itself, finished, in the column ``prompt_source_llm``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Request, Turn
from pytest_llm_migrate.errors import InferenceSettingError, MissingValueError
from pytest_llm_migrate.prompts.inference import checked_inference
from pytest_llm_migrate.prompts.inputs import label_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llm_migrate.domain import Row

TEXT_COLUMN = "prompt_source_llm"
SETTINGS_COLUMN = "config_source_llm"


@dataclass(frozen=True, slots=True)
class RowPrompt:
    """Sends what the row carries, as it stands: its finished prompt and its inference settings."""

    def render(self, row: Row | Mapping[str, Any]) -> Request:
        """Return the row's prompt as the one user turn, never read as a template, with the row's settings.

        Raises `MissingValueError` where the row has no prompt, and `InferenceSettingError` where its
        settings are no JSON object or hold a value that no model takes.
        """
        text = row.get(TEXT_COLUMN)
        if text is None:
            way_out = "Fill it in, or name a prompt for all rows with the marker's prompt=."
            raise MissingValueError(TEXT_COLUMN, label_of(row), prompt="a prompt that rows carry", way_out=way_out)
        return Request(turns=(Turn("user", str(text)),), inference=_settings(row))


def _settings(row: Row | Mapping[str, Any]) -> dict[str, Any]:
    value, where = row.get(SETTINGS_COLUMN), f"{label_of(row)}: {SETTINGS_COLUMN}"
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.strip() else None
        except ValueError as error:
            raise InferenceSettingError(where, "the column", f"a JSON object ({error})", value) from error
    return checked_inference({} if value is None else value, where)
