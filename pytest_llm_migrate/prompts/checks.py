"""Checks on a rewritten prompt before it is filed: nothing lost, nothing leaked, and it renders, in one language."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors import MigrateError, PromptCheckError, TemplateFaultError
from pytest_llm_migrate.prompts.convert import without_expressions
from pytest_llm_migrate.prompts.files import file_text
from pytest_llm_migrate.prompts.output_form import lost_demands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pytest_llm_migrate.domain import Row
    from pytest_llm_migrate.prompts.prompt import Prompt

LEAST_LEAK = 30
"""Characters that a row's text and a prompt must share, word for word, to be called a leak."""

_LETTERS_A_TOKEN = 4
"""Characters that a token holds on average: a rough measure, for what is far too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a prompt may not pass.

    Attributes:
        forbidden: Phrases that it may not hold, whatever their case.
        window: Tokens that the target reads at most, ``None`` where unknown.
        language_fault: Says that the second of two texts is in another language than the first, or nothing.
    """

    forbidden: Sequence[str] = ()
    window: int | None = None
    language_fault: Callable[[str, str], str] = lambda *_: ""


def check_rewrite(
    source: Prompt, written: Prompt, *, rows: Sequence[Row], hidden: Iterable[Row], bounds: Bounds | None = None
) -> None:
    """Raise `PromptCheckError`, with what changed, where a rewritten prompt fails a check.

    Args:
        source: The prompt that it was made from.
        written: The new prompt.
        rows: Rows on each of which it must render.
        hidden: Rows whose texts must not stand in it: those that judge it, and those that are no declared examples.
        bounds: What it may not pass; ``None`` for none.
    """
    bounds = bounds or Bounds()
    try:
        faults = [*_variable_faults(source, written), *_leaks(source, written, hidden)]
        faults += lost_demands(_asked(source), _asked(written))
        faults += _bound_faults(source, written, bounds)
        faults = faults or list(_rendering_faults(written, rows, bounds))
    except TemplateFaultError as error:
        faults = [f"it is no template ({error})"]
    if not faults:
        return
    before, after = (
        file_text(replace(prompt, provenance=None, model=None)).splitlines() for prompt in (source, written)
    )
    diff = difflib.unified_diff(before, after, "source", "written", lineterm="")
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


def _bound_faults(source: Prompt, written: Prompt, bounds: Bounds) -> Iterator[str]:
    after = _said(written).lower()
    for phrase in bounds.forbidden:
        if _squeezed(phrase).lower() in after:
            yield f"it holds {phrase!r}, which is forbidden"
    if fault := bounds.language_fault(_wording(source), _wording(written)):
        yield fault


def _rendering_faults(written: Prompt, rows: Sequence[Row], bounds: Bounds) -> Iterator[str]:
    """Yield why it does not render on a row, or that it is longer than the model reads, once."""
    try:
        requests = [written.render(row) for row in rows]
    except MigrateError as error:
        yield str(error)
        return
    texts = [[request.system or "", *(turn.text for turn in request.turns)] for request in requests]
    longest = max((sum(map(len, text)) for text in texts), default=0) // _LETTERS_A_TOKEN
    if bounds.window is not None and longest > bounds.window:
        yield f"it takes about {longest:,} tokens, and the model reads {bounds.window:,} at most"


def _asked(prompt: Prompt) -> str:
    return "\n".join([prompt.system or "", prompt.user])


def _wording(prompt: Prompt) -> str:
    """Return the prompt's own words: names of variables belong to no language."""
    return without_expressions(_asked(prompt))


def _said(prompt: Prompt) -> str:
    examples = [text for example in prompt.examples for text in (example.input, example.output)]
    return _squeezed("\n".join([prompt.system or "", prompt.user, *examples]))


def _squeezed(text: str) -> str:
    return " ".join(text.split())
