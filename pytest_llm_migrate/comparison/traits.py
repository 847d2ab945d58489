"""What can be told of an answer's text without reading it: its format, its language, its numbers, its sentences."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 20_000
"""Characters of an answer that are looked at; for JSON all are."""
_FENCE = "```"
_DEEPEST = 20
_LIST_LINES = 2
_LETTERS = 3
_SAMPLE = 1_000
_STOP_WORDS = 3
"""How many stop words of a language it takes to know it."""

_MARK = r"^[ \t]*(?:[-*+\u2022]|\d{1,3}[.)])[ \t]+"
_LIST_LINE = re.compile(rf"{_MARK}\S", re.MULTILINE)
_LIST_MARK = re.compile(_MARK, re.MULTILINE)
_MARKDOWN = re.compile(r"^#{1,6} \S|\*\*[^*\n]{1,200}\*\*|^\|.*\|$", re.MULTILINE)
_NUMBER = re.compile(r"(?:(?<!\w)-)?(?<![\w.])\d[\d,]{0,30}(?:\.\d{1,30})?(?!\w)")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_ASCII_LETTERS = re.compile(rf"(?:[^A-Za-z]*+[A-Za-z]){{{_LETTERS}}}")
_WORD = re.compile(r"[^\W\d_]+")
_CONTENT_WORD = 4
"""Letters of a word that says something by itself; shorter ones stand in any sentence."""
_SPACELESS = frozenset({"Chinese", "Japanese", "Thai", "Lao", "Khmer", "Myanmar"})

_STOPS = {
    "English": "the and is are was of to with this that for you not have in it be by at from were on a an",
    "German": "der die das und ist sind nicht mit von den ein eine auf wurde in im zu für dem des sich als auch",
    "French": "le la les des est sont une dans pour avec que vous pas du de et en un au il ce sur",
    "Spanish": "el los las es son una para con que por del como usted no la de en y un se su al fue",
    "Italian": "il gli della di sono una per con che non è nel alla questo la le un e in del si da dei",
    "Portuguese": "os uma não para com que por são da do em você ao mais o a e de na um se foi",
    "Dutch": "de het een en is zijn niet met van voor dat op wordt deze in te aan er om bij",
}
_LANGUAGES_OF: dict[str, list[str]] = {}
for _name, _words in _STOPS.items():
    for _word in _words.split():
        _LANGUAGES_OF.setdefault(_word, []).append(_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What can be told of a text.

    Attributes:
        formats: Which of ``JSON``, ``fence``, ``list`` and ``markdown`` it has; JSON alone or in its only code block.
        keys: Paths of all keys of a JSON object, as ``order.items[].id``; ``None`` where the text is none.
        script: How it is written: ``Latin``, ``Cyrillic``, ``Chinese``, ...; ``None`` with too few letters.
        language: A Latin text's language, by its stop words; ``None`` where they do not tell.
        numbers: Its numbers without signs of grouping and closing zeros, in order, those that number a list left out.
    """

    formats: frozenset[str]
    keys: frozenset[str] | None
    script: str | None
    language: str | None
    numbers: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Traits:
        """Read a text."""
        start, value = text[:LONGEST], _json(text)
        script = _script(start)
        return cls(
            formats=frozenset(_formats(start, is_json=value is not None)),
            keys=frozenset(_keys(value, "", _DEEPEST)) if isinstance(value, dict) else None,
            script=script,
            language=_language(start) if script == "Latin" else None,
            numbers=tuple(dict.fromkeys(_plain(found) for found in _NUMBER.findall(_LIST_MARK.sub("", start)))),
        )

    @property
    def has_words(self) -> bool:
        """Whether blanks part its words, so that they can be counted."""
        return self.script is not None and self.script not in _SPACELESS


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences and lines of a text."""
    yield from filter(None, (part.strip() for part in _SENTENCE.split(text[:LONGEST])))


def content_words(text: str) -> set[str]:
    """Return the words of four letters or more, without case."""
    return {word for word in _WORD.findall(text[:LONGEST].casefold()) if len(word) >= _CONTENT_WORD}


def _json(text: str) -> Any:
    """Return the object or list that a text is, or that its only code block is; ``None`` for any other text."""
    parts = text.split(_FENCE)
    inner = parts[1].partition("\n")[2] if len(parts) == 3 else text  # noqa: PLR2004 - before, inside and after
    if not inner.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(inner)
    except (ValueError, RecursionError):
        return None


def _formats(text: str, *, is_json: bool) -> Iterator[str]:
    if _FENCE in text:
        yield "fence"
    if is_json:
        yield "JSON"
        return
    if len(_LIST_LINE.findall(text)) >= _LIST_LINES:
        yield "list"
    if _MARKDOWN.search(text):
        yield "markdown"


def _keys(value: Any, path: str, depth: int) -> Iterator[str]:
    if depth == 0:
        return
    if isinstance(value, list):
        for item in value:
            yield from _keys(item, f"{path}[]", depth - 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            name = f"{path}.{key}" if path else key
            yield name
            yield from _keys(item, name, depth - 1)


def _script(text: str) -> str | None:
    sample = text[:_SAMPLE]
    if sample.isascii():
        return "Latin" if _ASCII_LETTERS.match(sample) else None
    letters = [character for character in sample if character.isalpha()]
    if len(letters) < _LETTERS:
        return None
    counts = Counter(unicodedata.name(letter, "?").partition(" ")[0].partition("-")[0] for letter in letters)
    if counts["HIRAGANA"] + counts["KATAKANA"]:
        return "Japanese"
    most = counts.most_common(1)[0][0]
    return {"CJK": "Chinese", "HANGUL": "Korean"}.get(most, most.capitalize())


def _language(text: str) -> str | None:
    words = Counter(_WORD.findall(text[:_SAMPLE].casefold()))
    hits: Counter[str] = Counter()
    for word in words.keys() & _LANGUAGES_OF.keys():
        for language in _LANGUAGES_OF[word]:
            hits[language] += words[word]
    ranked = [*hits.most_common(2), ("", 0), ("", 0)]
    (first, most), (_, second) = ranked[0], ranked[1]
    return first if most >= _STOP_WORDS and most >= 1.5 * second else None


def _plain(number: str) -> str:
    bare = number.replace(",", "")
    return bare.rstrip("0").rstrip(".") if "." in bare else bare
