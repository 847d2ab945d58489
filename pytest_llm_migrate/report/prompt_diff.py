"""Two prompts side by side, with the words that one of them alone has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from pytest_llm_migrate.report.figures import settings_sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llm_migrate.report.figures import Record

Run = tuple[str, bool]
"""A piece of text, and whether the other side lacks it."""
_WORD = re.compile(r"\s+|\w+|[^\w\s]")
_MOST_WORDS = 4000
_SHORT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptPart:
    """A part of both prompts: what it is, and the runs of each side; empty for a side that lacks it."""

    name: str
    source: list[Run]
    target: list[Run]
    is_same: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptPair:
    """Both prompts in their parts, and where each comes from; ``None`` for a side whose rows brought their own."""

    source: str | None
    target: str | None
    parts: list[PromptPart]


def prompt_pair(migration: Record) -> PromptPair | None:
    """Return both prompts; ``None`` where neither side has one."""
    source, target = migration["source"].get("prompt"), migration["target"].get("prompt")
    if not source and not target:
        return None
    texts = [dict(_texts(prompt or {})) for prompt in (source, target)]
    names = list(dict.fromkeys([*texts[0], *texts[1]]))
    names.sort(key=lambda name: (name.startswith("User"), name.startswith("Example")))
    parts = [_part(name, texts[0].get(name, ""), texts[1].get(name, "")) for name in names]
    return PromptPair(source=_origin(source), target=_origin(target), parts=parts)


def compared(source: str, target: str) -> tuple[list[Run], list[Run]]:
    """Return the runs of two texts, compared word by word; texts that are too long for that stand unmarked."""
    words = _WORD.findall(source), _WORD.findall(target)
    if not source or not target or max(map(len, words)) > _MOST_WORDS:
        return _plain(source), _plain(target)
    steps = SequenceMatcher(None, *words, autojunk=False).get_opcodes()
    left = [(words[0][i:j], tag != "equal") for tag, i, j, _, _ in steps if j > i]
    right = [(words[1][i:j], tag != "equal") for tag, _, _, i, j in steps if j > i]
    return _runs(left), _runs(right)


def _texts(prompt: Record) -> Iterator[tuple[str, str]]:
    if prompt.get("system"):
        yield "System", prompt["system"]
    for number, (given, reply) in enumerate(prompt.get("examples") or (), 1):
        yield f"Example {number}", f"{given}\n→ {reply}"
    if prompt.get("user"):
        yield "User", prompt["user"]


_WRITTEN = {None: "as written", "catalog": "from the catalog", "manual": "written by hand"}
"""What a prompt is called that no strategy wrote."""


def _part(name: str, source: str, target: str) -> PromptPart:
    left, right = compared(source, target)
    return PromptPart(name=name, source=left, target=right, is_same=source == target)


def _origin(prompt: Record | None) -> str | None:
    """Return in a line where a prompt comes from."""
    if not prompt:
        return None
    strategy = _WRITTEN.get(prompt.get("strategy"), f"written by strategy {prompt.get('strategy')}")
    found = [prompt["name"], prompt.get("path"), strategy, settings_sentence(prompt), f"sha256 {prompt['sha256'][:12]}"]
    return " · ".join(part for part in found if part)


def _plain(text: str) -> list[Run]:
    return [(text, False)] if text else []


def _runs(found: Sequence[tuple[list[str], bool]]) -> list[Run]:
    """Join neighbours, and a blank between two differing runs with them: fewer and calmer marks."""
    runs: list[Run] = []
    for place, (words, differs) in enumerate(found):
        text = "".join(words)
        is_between = 0 < place < len(found) - 1 and len(text) < _SHORT and text.isspace() and "\n" not in text
        marked = differs or is_between
        if runs and runs[-1][1] == marked:
            runs[-1] = (runs[-1][0] + text, marked)
        else:
            runs.append((text, marked))
    return runs
