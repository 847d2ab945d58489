"""What a prompt asks its answers to look like, as far as its words tell: JSON, one word, words of a list, tags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_JSON = re.compile(r"\bjson\b", re.IGNORECASE)
_ONE_WORD = re.compile(r"\b(?:one|single|1)[- ](?:word|label|token|letter|number|digit|character)\b", re.IGNORECASE)
_BRIEF = re.compile(
    r"\b(?:(?:one|single|1)[- ](?:word|label|token|letter|number|digit|character)|only|just|exactly|alone"
    r"|nothing (?:else|but|more)|no (?:other|explanation|further))\b",
    re.IGNORECASE,
)
_TAG = re.compile(r"<(?P<tag>[A-Za-z_][\w-]*)>(?:\s*(?:and\s*)?</(?P=tag)>)?\s+(?:xml\s+)?tags?\b", re.IGNORECASE)
_LISTED = re.compile(
    r"\b(?:one of|either|choose from|labels?|categor(?:y|ies)|class(?:es)?|options)\b"
    r"(?:[^:.\n{}]{0,40}:)?\s*(?P<words>[^.:;\n{}()]+)",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\s*(?:,|/|\||\bor\b|\band\b)\s*", re.IGNORECASE)
_WORD = re.compile(r"[\w-]+(?: [\w-]+)?")
_PLAIN = re.compile(r"[^\W_]+")
_QUOTES = " \t'\"`*"
_LEAST_LISTED = 2


def lost_demands(source: str, written: str) -> Iterator[str]:
    """Yield what a source text asks of answers and the written one no longer does, a sentence each."""
    if _JSON.search(source) and not _JSON.search(written):
        yield "it no longer asks for JSON"
    if _ONE_WORD.search(source) and not _BRIEF.search(written):
        yield f"it no longer asks for {_squeezed(_ONE_WORD.search(source))!r} alone"
    for tag in dict.fromkeys(match["tag"] for match in _TAG.finditer(source)):
        if f"<{tag.lower()}>" not in written.lower():
            yield f"it no longer asks for <{tag}> tags"
    said = _spaced(written)
    for word in listed_words(source):
        if _spaced(word) not in said:
            yield f"the word {word!r} of the source's list is lost"


def listed_words(text: str) -> list[str]:
    """Return the words that a text lets answers choose from, such as ``billing, refund or other``."""
    found: dict[str, None] = {}
    for match in _LISTED.finditer(text):
        words = [word.strip(_QUOTES) for word in _BETWEEN.split(match["words"])]
        words = [word for word in words if word]
        if len(words) >= _LEAST_LISTED and all(_WORD.fullmatch(word) for word in words):
            found.update(dict.fromkeys(words))
    return list(found)


def _spaced(text: str) -> str:
    """Return the words of a text with a blank around each, so that whole words are found in it."""
    return f" {' '.join(_PLAIN.findall(text.lower()))} "


def _squeezed(match: re.Match[str] | None) -> str:
    return " ".join(match.group().lower().split()) if match else ""
