"""Checks on a rewritten prompt before it is filed: nothing lost, nothing leaked, and it renders."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors import PromptCheckError
from pytest_llm_migrate.prompts.files import file_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_llm_migrate.domain import Row
    from pytest_llm_migrate.prompts.prompt import Prompt

LEAST_LEAK = 30
"""Characters that a row's text and a prompt must share, word for word, to be called a leak."""


def check_rewrite(source: Prompt, written: Prompt, *, rows: Sequence[Row], hidden: Iterable[Row]) -> None:
    """Raise `PromptCheckError`, with what changed, where a rewritten prompt fails a check.

    Args:
        source: The prompt that it was made from.
        written: The new prompt.
        rows: Rows on each of which it must render.
        hidden: Rows whose texts must not stand in it: those that judge it, and those that are no declared examples.
    """
    faults = [*_variable_faults(source, written), *_leaks(source, written, hidden)]
    if not faults:
        for row in rows:
            written.render(row)
        return
    diff = difflib.unified_diff(
        file_text(source).splitlines(), file_text(written).splitlines(), "source", "written", lineterm=""
    )
    raise PromptCheckError(written.place, faults, list(diff))


def _variable_faults(source: Prompt, written: Prompt) -> Iterator[str]:
    for name in sorted(source.variables - written.variables):
        yield f"the variable {name!r} is lost"
    for name in sorted(written.variables - source.variables):
        yield f"the variable {name!r} is new"


def _leaks(source: Prompt, written: Prompt, hidden: Iterable[Row]) -> Iterator[str]:
    before, after = _said(source), _said(written)
    for row in hidden:
        for column, value in row.values.items():
            text = _squeezed(value) if isinstance(value, str) else ""
            if len(text) >= LEAST_LEAK and text in after and text not in before:
                yield f"it holds {column!r} of row {row.sample_id!r}, which may not tune it"
                break


def _said(prompt: Prompt) -> str:
    examples = [text for example in prompt.examples for text in (example.input, example.output)]
    return _squeezed("\n".join([prompt.system or "", prompt.user, *examples]))


def _squeezed(text: str) -> str:
    return " ".join(text.split())
