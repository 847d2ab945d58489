"""Prompts in lines of text: how they render, and what became of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors import masked
from pytest_llm_migrate.report.text import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pytest_llm_migrate.prompts import Prompt

_WIDTH = 80


def state_lines(prompt: Prompt, source: Prompt, folder: Path) -> Iterator[str]:
    """Yield a target, what is known of its prompt, and the prompt's file as seen from a folder."""
    first, *more = wrapped(f"{shown(masked(str(prompt.model)))}: {shown(_states(prompt, source))}", _WIDTH - 4)
    yield f"  {first}"
    yield from (f"    {line}" for line in more)
    if prompt.path:
        yield f"    {shown(str(prompt.path.relative_to(folder)))}"


def _states(prompt: Prompt, source: Prompt) -> str:
    """Return what is known of a target's prompt: strategy, dev score, whether it is stale, and what a hand did."""
    provenance = prompt.provenance
    if provenance is None:
        return "written by hand"
    score = "" if provenance.dev_score is None else f", dev score {provenance.dev_score:.3f}"
    tuned = "" if provenance.dev_sha256 is None else ", tuned by dev rows"
    stale = "" if provenance.source_sha256 in (None, source.sha256) else ", stale"
    edited = ", written by hand" if prompt.is_handwritten else ", edited by hand" if prompt.is_edited else ""
    return f"{provenance.strategy or 'no strategy'}{score}{tuned}{stale}{edited}"


def bare(prompt: Prompt) -> Prompt:
    """Return a prompt without what tells only where it is from."""
    return replace(prompt, provenance=None, model=None)


def prompt_lines(prompt: Prompt, values: Mapping[str, str]) -> Iterator[str]:
    """Yield a prompt as it renders with some values, turn by turn; raises a `MigrateError` where it does not."""
    request = replace(prompt, attachments=()).render(values)
    texts = [("system", request.system or ""), *((turn.role, turn.text) for turn in request.turns)]
    for role, text in texts:
        if text:
            yield f"[{role}]"
            yield from map(shown, text.split("\n"))
            yield ""
    for item in prompt.attachments:
        yield f"[attached] {shown(item.path)}"
    for name, value in {**request.inference, **request.options}.items():
        yield f"{shown(name)}: {shown(str(value))}"


def shown(text: str) -> str:
    """Return a line that a terminal shows as it stands: control characters are spelt out."""
    return "".join(letter if letter.isprintable() or letter == "\t" else f"\\x{ord(letter):02x}" for letter in text)
