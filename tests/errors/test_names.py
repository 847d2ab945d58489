"""Names that are not there: what is told of those that are."""

from __future__ import annotations

import pytest

from pytest_llm_migrate.errors import UnknownNameError

MANY = [*(f"plain_{number}" for number in range(20)), *(f"judge:{number}" for number in range(5)), "monitor:a"]


@pytest.mark.parametrize(
    ("known", "listed"),
    [
        ([], "none"),
        (["b", "a"], "a, b"),
        ([f"n{number:02}" for number in range(12)], ", ".join(f"n{number:02}" for number in range(12))),
    ],
)
def test_a_few_names_are_all_told(known: list[str], listed: str) -> None:
    """Up to a dozen stand in their order."""
    assert str(UnknownNameError("metric", "zzz", known)) == f"unknown metric 'zzz'. Known: {listed}."


def test_of_many_names_the_nearest_are_told() -> None:
    """A dozen, the nearest first; the others are counted, and those of a family with its prefix."""
    error = UnknownNameError("metric", "plain_1x", MANY, hint="See the README.")
    start, _, end = str(error).partition(" and ")
    assert start.startswith("unknown metric 'plain_1x'. Did you mean 'plain_1")
    assert start.count(", ") == 11
    assert end == "14 more, of which 5 judge:*, 1 monitor:*. See the README."
    assert error.known == sorted(MANY)
