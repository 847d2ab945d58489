"""How a text reads: its ease, its repeats and its length."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytest_llm_migrate.domain import Score, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics.monitoring.watching import Monitor, words

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Row

_SENTENCE_END = re.compile(r"[.!?\u2026]+(?=\s|\Z)|\n\s*\n|\n(?=\s*(?:[-*\u2022]|\d{1,3}[.)])\s)")
_LATIN_WORD = re.compile(r"[a-z\u00c0-\u024f]+")
_VOWELS = re.compile(r"[aeiouy\u00e0-\u00e6\u00e8-\u00ef\u00f2-\u00f6\u00f9-\u00ff]+")
_GRAM = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Readability(Monitor):
    """Flesch's reading ease divided by 100 and cut to [0, 1].

    That is 206.835 less 1.015 times the words of a sentence and 84.6 times the syllables of a word, fitted to English:
    syllables are groups of vowels, less a silent *e* at the end. A list item is a sentence. Of other languages in
    Latin letters it can only tell a change; of other scripts it tells nothing.
    """

    meaning: ClassVar[str] = "1 is read with ease, 0 with a degree"

    name: str = "monitor:readability"

    def watch(self, text: str, row: Row) -> Score | ScoreFailure:  # noqa: ARG002 - the text alone decides
        """Return the ease; a failure for a text without a word in Latin letters."""
        found = _LATIN_WORD.findall(text.lower())
        if not found:
            return ScoreFailure(reason="no word in Latin letters")
        sentences = max(sum(1 for part in _SENTENCE_END.split(text) if part.strip()), 1)
        syllables = sum(map(_syllables, found))
        ease = 206.835 - 1.015 * len(found) / sentences - 84.6 * syllables / len(found)
        return Score(min(max(ease / 100, 0.0), 1.0), f"reading ease {ease:.1f} over {len(found)} words")


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition(Monitor):
    """The share of a text's runs of three words that are there for the first time."""

    meaning: ClassVar[str] = "1 repeats nothing, 0 nothing but itself"

    name: str = "monitor:repetition"

    def watch(self, text: str, row: Row) -> Score:  # noqa: ARG002 - the text alone decides
        """Return the share; 1 for a text of fewer than three words."""
        found = words(text)
        total = len(found) - _GRAM + 1
        if total < 1:
            return Score(1.0)
        distinct = len(set(zip(*(found[start:] for start in range(_GRAM)), strict=False)))
        return Score(distinct / total, "" if distinct == total else f"{total - distinct} of {total} runs repeat one")


@dataclass(frozen=True, slots=True, kw_only=True)
class Length(Monitor):
    """Words divided by ``full``, and 1 from there on: longer is higher, which is neither better nor worse.

    Attributes:
        full: Words of a text that scores 1.
    """

    meaning: ClassVar[str] = "1 is as long as it counts, 0 empty; neither is better"

    name: str = "monitor:length"
    full: int = 1_000

    def __post_init__(self) -> None:
        """Refuse a length that nothing can be measured by, with `MetricDefinitionError`."""
        Monitor.__post_init__(self)  # a class with slots is made twice, and super() means the first
        if self.full < 1:
            raise MetricDefinitionError(self.name, f"full={self.full!r} is not one word or more")

    def watch(self, text: str, row: Row) -> Score:  # noqa: ARG002 - the text alone decides
        """Return the share; the reason has the words."""
        count = len(words(text))
        return Score(min(count / self.full, 1.0), f"{count} words")


def _syllables(word: str) -> int:
    groups = len(_VOWELS.findall(word))
    is_silent = groups > 1 and word.endswith("e") and not word.endswith(("le", "ee", "ie", "ye"))
    return max(groups - is_silent, 1)
