"""Hostile text made safe for terminals and Markdown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.report.text import columns, cut, markdown, one_line, padded, visible, wrapped

ANY_TEXT = st.text(st.characters(), max_size=60)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\x00b\x07", r"a\x00b\x07"),
        ("\u202eevil\u2066", r"\u202eevil\u2066"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("half \ud83d", r"half \ud83d"),
        ("tag \U000e0041", r"tag \U000e0041"),
        ("one\r\ntwo\tthree\rfour", "one\ntwo\tthree\\rfour"),
        ("👩\u200d👧 naïve 日本語", "👩\u200d👧 naïve 日本語"),
    ],
)
def test_unseen_characters_stand_as_escapes(text: str, shown: str) -> None:
    """Controls, marks that turn or hide text and lone surrogates are escaped; letters, emoji and line breaks stay."""
    assert visible(text) == shown


@given(text=ANY_TEXT)
def test_a_visible_text_has_nothing_that_moves_a_cursor(text: str) -> None:
    """No control but tab and newline is left, no surrogate, and the text can be written as UTF-8."""
    shown = visible(text)
    assert {unicodedata.category(character) for character in shown if character not in "\t\n"}.isdisjoint({"Cc", "Cs"})
    assert shown.encode("utf-8").decode("utf-8") == shown


@given(text=ANY_TEXT, width=st.integers(4, 30))
def test_a_line_is_as_wide_as_asked_for(text: str, width: int) -> None:
    """A line has no line break, fits its width, and fills it exactly when padded."""
    line = one_line(text, width)
    assert "\n" not in line
    assert columns(line) <= width
    assert columns(padded(line, width)) == width


@given(text=ANY_TEXT, width=st.integers(4, 30))
def test_wrapping_loses_no_letter(text: str, width: int) -> None:
    """Every line fits, and the letters of all lines are those of the text."""
    lines = wrapped(visible(text), width)
    assert max(map(columns, lines)) <= width
    assert "".join("".join(lines).split()) == "".join(visible(text).split())


def test_a_cut_line_says_so() -> None:
    """An ellipsis stands where something is missing; wide letters count twice."""
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdefg", 6) == "abcde…"
    assert cut("日本語日本語", 6) == "日本…"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<b>|`x`*", r"&lt;b>\|\`x\`\*"),
        ("exact_match", "exact_match"),
        ("_it_ [a](b)", r"\_it\_ \[a\](b)"),
        ("see https://x.example or www.x.example", r"see https\://x.example or www\.x.example"),
        ("ask @everyone", "ask @&#8203;everyone"),
        ("two\nlines & \x1b[0m", r"two lines &amp; \\x1b\[0m"),
        ("C:\\| $x$", r"C:\\\| \$x\$"),
    ],
)
def test_markdown_shows_a_text_as_it_is(text: str, shown: str) -> None:
    """Markup, links, mentions, formulas and table cells in a text stay text."""
    assert markdown(text) == shown
