"""Which margins a gate's text asks for."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.migration.asked import always_true, asked_margins, unasserted

if TYPE_CHECKING:
    from pytest_llm_migrate.migration.asked import AskedMargin

PLAIN = "its margin is not a plain number in the test"


def asked(*lines: str, known: dict[str, object] | None = None, **given: object) -> list[AskedMargin]:
    """Return what a gate of these lines asks for."""
    body = textwrap.indent("\n".join(lines), "    ")
    return asked_margins(f"def test_gate(comparison, m=None):\n    'Words.'\n{body}\n", known or {}, given)


def found(line: str, **names: object) -> tuple[Any, ...]:
    """Return the one thing that a line asks for: kind, metric, value, slice and what is unread."""
    (one,) = asked(line, known=names)
    return one.kind, one.metric, one.value, one.slice, one.unread


@pytest.mark.parametrize(
    ("line", "kind", "value"),
    [
        ('assert comparison["m"].non_inferior(margin=0.03)', "non_inferior", 0.03),
        ('assert comparison["m"].non_inferior(0.03)', "non_inferior", 0.03),
        ('assert bool(comparison["m"].non_inferior(0.03, confidence=0.9))', "non_inferior", 0.03),
        ('assert comparison["m"].non_inferior(MARGIN)', "non_inferior", 0.25),
        ("assert comparison[NAME].non_inferior(margin=MARGIN)", "non_inferior", 0.25),
        ('assert comparison["m"].superior()', "superior", 0.0),
        ('assert comparison["m"].superior(0.02)', "superior", 0.02),
        ('assert comparison["m"].at_least(1)', "at_least", 1.0),
        ('assert comparison["m"].at_least(floor=-MARGIN)', "at_least", -0.25),
    ],
)
def test_a_plain_margin_is_read(line: str, kind: str, value: float) -> None:
    """A number, or a name that the module gives one, is the margin."""
    assert found(line, MARGIN=0.25, NAME="m") == (kind, "m", value, None, "")


@pytest.mark.parametrize("line", ['slice("channel", "chat")', 'slice(column="channel", value=CHAT)'])
def test_a_slice_is_read(line: str) -> None:
    """The rows of a slice that is named plainly are known."""
    expected = ("non_inferior", "m", 0.1, ("channel", "chat"), "")
    assert found(f'assert comparison.{line}["m"].non_inferior(0.1)', CHAT="chat") == expected


def test_parameters_of_the_test_are_plain() -> None:
    """A parametrized test asks for what its own parameters say, before its module's names."""
    (one,) = asked('assert comparison.slice("c", m)["x"].non_inferior(m)', known={"m": 1}, m=0.5)
    assert (one.value, one.slice) == (0.5, ("c", 0.5))


class Loud(float):
    """A number that must not be asked for anything."""

    def __float__(self) -> float:
        """Tell that it was asked."""
        raise AssertionError

    def __neg__(self) -> Loud:
        """Tell that it was asked."""
        raise AssertionError


@pytest.mark.parametrize(
    ("line", "unread"),
    [
        ('assert comparison["m"].non_inferior(margin=1 / 20)', PLAIN),
        ('assert comparison["m"].non_inferior(margin=limits.quality)', PLAIN),
        ('assert comparison["m"].non_inferior(margin=UNKNOWN)', PLAIN),
        ('assert comparison["m"].non_inferior(margin=-LOUD)', PLAIN),
        ('assert comparison["m"].non_inferior(margin=LOUD)', PLAIN),
        ('assert comparison["m"].non_inferior(margin="0.05")', PLAIN),
        ('assert comparison["m"].non_inferior(margin=True)', PLAIN),
        ('assert comparison["m"].non_inferior(**settings)', PLAIN),
        ('assert comparison["m"].superior(**settings)', PLAIN),
        ('assert comparison["m"].at_least(*floors)', "its floor is not a plain number in the test"),
        ("assert comparison[names[0]].non_inferior(0.1)", "its metric is not a plain name in the test"),
        ("assert quality.non_inferior(0.1)", "its metric is not named beside it in the test"),
        ('assert other["m"].non_inferior(0.1)', "its rows are not named beside it in the test"),
        ('assert comparison.slice("c", pick())["m"].non_inferior(0.1)', "its slice is not named plainly in the test"),
        ('assert comparison.slice("c")["m"].non_inferior(0.1)', "its slice is not named plainly in the test"),
    ],
)
def test_what_is_not_plain_is_said(line: str, unread: str) -> None:
    """Nothing is computed or called to find a margin out."""
    (one,) = asked(line, known={"LOUD": Loud(0.1), "settings": {}})
    assert (one.value, one.unread) == (None, unread)


def test_what_the_test_names_itself_is_not_looked_up_in_its_module() -> None:
    """An assignment or argument of the same name hides the module's."""
    (one,) = asked("margin = 0.5 / 2", 'assert comparison["x"].non_inferior(margin)', known={"margin": 0.1})
    (other,) = asked('assert comparison["x"].non_inferior(m)', known={"m": 0.1})
    assert one.unread == other.unread == PLAIN


def test_all_margins_of_a_gate_are_read_in_order() -> None:
    """A gate may ask for several; gates on other things ask for none."""
    lines = (
        'assert comparison["a"].non_inferior(0.1) and comparison["b"].at_least(0.9)',
        "assert comparison.latency.p50.ratio_at_most(2.0)",
        'assert comparison["a"].superior(0.3)',
    )
    assert [(one.metric, one.value) for one in asked(*lines)] == [("a", 0.1), ("b", 0.9), ("a", 0.3)]


@pytest.mark.parametrize("text", [None, "", "x = 1", "def broken(", "gate = lambda comparison: 1"])
def test_a_gate_without_a_readable_text_is_named(text: str | None) -> None:
    """Where there is no function to read, that is what is said."""
    (one,) = asked_margins(text, {}, {})
    assert (one.kind, one.unread) == (None, "the text of the test cannot be read")


@pytest.mark.parametrize(
    ("lines", "lost"),
    [
        (['comparison["m"].non_inferior(margin=0.03)'], [("comparison['m'].non_inferior(margin=0.03)", 3)]),
        (
            ["if True:", "    quality = 1", "else:", "    cost.mean.ratio_at_most(1)"],
            [("cost.mean.ratio_at_most(1)", 6)],
        ),
        (['assert comparison["m"].superior() or comparison.errors.at_most(0.1)'], []),
        (['verdict = comparison["m"].at_least(0.9)', "assert verdict"], []),
        (["with pytest.raises(ValueError):", '    comparison["m"].at_least(90)'], []),
        (["print(comparison)", "comparison.warnings()"], []),
    ],
)
def test_verdicts_that_are_let_go_of(lines: list[str], lost: list[tuple[str, int]]) -> None:
    """A gate that stands as a statement of its own decides nothing; one in an expression, or under ``with``, may."""
    body = textwrap.indent("\n".join(lines), "    ")
    assert list(unasserted(f"def test_gate(comparison):\n    'Words.'\n{body}\n")) == lost


def test_a_text_that_is_not_to_be_had_lets_nothing_go() -> None:
    """What cannot be read cannot be told from a sound gate."""
    assert list(unasserted(None)) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("assert found.superior", [("found.superior", "found.superior(...)", 3)]),
        ("assert not found.at_least or 1 > 2", [("found.at_least", "found.at_least(...)", 3)]),
        ("assert found.superior().ruling", [("found.superior().ruling", "found.superior()", 3)]),
        ("assert found.superior().ruling == 'GO'", []),
        ("assert found.superior() and found.errors.target == 0", []),
        ("assert found.delta", []),
    ],
)
def test_conditions_that_no_row_can_make_false(line: str, found: list[tuple[str, str, int]]) -> None:
    """A gate without its brackets, and a ruling as such, are true whatever they are about."""
    assert list(always_true(f"def test_gate(comparison):\n    'Words.'\n    {line}\n")) == found
