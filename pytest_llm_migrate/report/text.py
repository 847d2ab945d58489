"""Text that models and users wrote, made safe to show: nothing in it can move a cursor, turn a line or be markup."""

from __future__ import annotations

import re
import unicodedata
from itertools import accumulate, takewhile

ELLIPSIS = "…"

# Controls but tab and newline, line and paragraph separators, marks that turn or hide text, tags, halves of
# surrogate pairs. Joiners and variation selectors stay: scripts and emoji need them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e0fff\ud800-\udfff]"
)
_SPACE = re.compile(r"\s+")
_MARKDOWN = re.compile(r"[\\`*{}\[\]#|~$!]|(?<![^\W_])_|_(?![^\W_])")
_LINK = re.compile(r"(?i):(?=//)|(?<=\bwww)\.")
_MENTION = re.compile(r"@(?=\w)")


def visible(text: str) -> str:
    r"""Return a text whose control, invisible and direction-turning characters stand as escapes: ``\x1b``, ``\u202e``.

    Line breaks and tabs stay; ``\r\n`` is one line break.
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub(_escape, text.replace("\r\n", "\n"))


def one_line(text: str, width: int | None = None) -> str:
    """Return a visible text on one line, its white space single, cut to ``width`` columns where one is given."""
    line = visible(_SPACE.sub(" ", text.strip()))
    return line if width is None else cut(line, width)


def cut(text: str, width: int) -> str:
    """Return a visible text cut to ``width`` columns, the last of them an ellipsis where something is missing."""
    if columns(text) <= width:
        return text
    fitting = takewhile(lambda used: used < width, accumulate(map(_columns_of, text)))
    return text[: sum(1 for _ in fitting)].rstrip() + ELLIPSIS


def columns(text: str) -> int:
    """Return how many columns of a terminal a visible text takes at most."""
    return len(text) if text.isascii() else sum(map(_columns_of, text))


def padded(text: str, width: int) -> str:
    """Return a visible text cut or filled with blanks to ``width`` columns."""
    shown = cut(text, width)
    return shown + " " * (width - columns(shown))


def wrapped(text: str, width: int) -> list[str]:
    """Return a visible text in lines of at most ``width`` columns, broken between words where that is possible."""
    lines = [""]
    for word in (piece for long in text.split() for piece in _pieces(long, width)):
        joined = f"{lines[-1]} {word}".lstrip()
        if columns(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(word)
    return lines


def markdown(text: str, width: int | None = None) -> str:
    """Return a text as one line of Markdown that shows it as it is: no markup, table cell, link or mention."""
    line = one_line(text, width).replace("&", "&amp;").replace("<", "&lt;")
    line = _MARKDOWN.sub(r"\\\g<0>", line)
    return _MENTION.sub("@&#8203;", _LINK.sub(r"\\\g<0>", line))


def _escape(match: re.Match[str]) -> str:
    # The escapes that Python writes, which a lone surrogate and an unassigned character have, too.
    return match[0].encode("unicode_escape").decode("ascii")


def _columns_of(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _pieces(word: str, width: int) -> list[str]:
    if columns(word) <= width:
        return [word]
    step = width if word.isascii() else max(width // 2, 1)
    return [word[place : place + step] for place in range(0, len(word), step)]
