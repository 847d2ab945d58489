"""What changed between the two answers of a row, by rules that give the same in every run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm_migrate.comparison.not_answered import is_refusal, is_truncated
from pytest_llm_migrate.comparison.traits import Traits, content_words, sentences
from pytest_llm_migrate.domain import opens_with_refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.domain import Answer, Case, Side

_FORMATS = ("JSON", "fence", "list", "markdown")
KINDS = {
    "empty": "empty",
    "no longer empty": "empty",
    "refused": "refusal",
    "no longer refused": "refusal",
    "cut off": "truncation",
    "no longer cut off": "truncation",
    "tool use lost": "tool use",
    "tool use gained": "tool use",
    "tool use changed": "tool use",
    "language changed": "language",
    **{f"{name} {became}": "format" for name in _FORMATS for became in ("lost", "gained")},
    "field missing": "missing field",
    "number changed": "number changed",
    "claim added": "added claim",
    "shorter": "length",
    "longer": "length",
    "other": "other",
    "same text": "none",
}
"""Every change with its kind, in the order of what explains most: the first of a row's is its main one."""

LENGTH_RATIO = 1.5
"""How many times as long as the other an answer is to be called longer, or shorter."""
_LEAST_DIFFERENCE = 40
"""Characters by which lengths must differ: labels differ by few, and that means nothing."""
_CLAIM_WORDS = 4
_NAMED = 3
_LONGEST_DETAIL = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that differs between the source's answer and the target's.

    Attributes:
        change: One of `KINDS`.
        detail: What exactly, in a few words; empty where the name says it all.
    """

    change: str
    detail: str = ""

    def to_record(self) -> dict[str, str]:
        """Return the change as JSON-ready builtins."""
        return {"change": self.change, "detail": self.detail}


def changes_of(case: Case) -> tuple[Change, ...]:
    """Return what changed, the main change first; nothing where a side has no answer.

    Of answers that differ in no known way the change is ``other``, of two equal texts ``same text``.
    """
    if case.source.failure or case.target.failure:
        return ()
    if _ended_alike(case.source.answer, case.target.answer):
        return (Change(change="same text"),)
    found = [*_outcome(case.source, case.target)]
    if case.source.text.strip() and case.target.text.strip() and case.source.text != case.target.text:
        found += _text(case.source.text, case.target.text)
    if not found:
        is_same = case.source.text.strip() == case.target.text.strip()
        found = [Change(change="same text" if is_same else "other")]
    return tuple(found)


def _ended_alike(source: Answer, target: Answer) -> bool:
    """Whether two answers are one in all that is looked at; of most rows they are."""
    asked = source.tool_calls == target.tool_calls
    return asked and source.text == target.text and source.stop_reason == target.stop_reason


def _outcome(source: Side, target: Side) -> Iterator[Change]:
    """Yield what differs in how the answers ended, and in what they ask for."""
    is_empty = [not side.text.strip() for side in (source, target)]
    yield from _became("empty", *is_empty)
    yield from _became("refused", bool(is_refusal(source)), bool(is_refusal(target)))
    # What nobody knows of a recorded answer is no change, unless the target's was cut off.
    was, now = is_truncated(source), is_truncated(target)
    if now or was is not None:
        yield from _became("cut off", bool(was), bool(was if now is None else now))
    asked = [[(call.name, call.arguments) for call in side.answer.tool_calls] for side in (source, target)]
    if asked[0] != asked[1]:
        became = "changed" if all(asked) else ("lost" if asked[0] else "gained")
        names = [", ".join(dict.fromkeys(name for name, _ in calls)) or "none" for calls in asked]
        yield Change(change=f"tool use {became}", detail=_cut(f"{names[0]} to {names[1]}"))


def _became(state: str, was: bool, now: bool) -> Iterator[Change]:  # noqa: FBT001 - both sides of one question
    if was != now:
        yield Change(change=state if now else f"no longer {state}")


def _text(source: str, target: str) -> Iterator[Change]:
    """Yield what differs between two texts that say something."""
    before, after = Traits.of(source), Traits.of(target)
    translated = [*_language(before, after)]
    yield from translated
    for name in _FORMATS:
        if (name in before.formats) != (name in after.formats):
            yield Change(change=f"{name} {'gained' if name in after.formats else 'lost'}")
    yield from _fields(before, after)
    yield from _numbers(before, after)
    if before.has_words and not translated and "JSON" not in after.formats:
        yield from _claim(source, target)
    yield from _length(len(source.strip()), len(target.strip()))


def _language(before: Traits, after: Traits) -> Iterator[Change]:
    pairs = ((before.script, after.script), (before.language, after.language))
    for was, now in pairs:
        if was and now and was != now:
            names = [found.language or found.script for found in (before, after)]
            yield Change(change="language changed", detail=f"{names[0]} to {names[1]}")
            return


def _fields(before: Traits, after: Traits) -> Iterator[Change]:
    if before.keys is None or after.keys is None:
        return
    if missing := sorted(before.keys - after.keys):
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        yield Change(change="field missing", detail=_cut(", ".join(missing[:_NAMED])) + more)


def _numbers(before: Traits, after: Traits) -> Iterator[Change]:
    was, now = set(before.numbers), set(after.numbers)
    gone = [number for number in before.numbers if number not in now]
    new = [number for number in after.numbers if number not in was]
    if gone and new:
        yield Change(change="number changed", detail=_cut(f"{', '.join(gone[:_NAMED])} to {', '.join(new[:_NAMED])}"))


def _claim(source: str, target: str) -> Iterator[Change]:
    """Yield the first sentence most of whose words the source's answer does not have."""
    known = content_words(source)
    for sentence in sentences(target):
        words = content_words(sentence)
        is_new = len(words) >= _CLAIM_WORDS and 2 * len(words & known) < len(words)
        if is_new and not opens_with_refusal(sentence):
            yield Change(change="claim added", detail=_cut(sentence))
            return


def _length(before: int, after: int) -> Iterator[Change]:
    ratio = after / before
    if abs(after - before) >= _LEAST_DIFFERENCE and not 1 / LENGTH_RATIO < ratio < LENGTH_RATIO:
        yield Change(change="longer" if ratio > 1 else "shorter", detail=f"x{ratio:.2g}")


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_DETAIL else f"{line[: _LONGEST_DETAIL - 1]}…"
