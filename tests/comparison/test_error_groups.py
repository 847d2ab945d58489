"""Rows that broke, by what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.comparison.changes import changes_of
from pytest_llm_migrate.comparison.error_groups import error_groups
from pytest_llm_migrate.domain import Answer
from pytest_llm_migrate.stats import wilson
from tests.comparison.cases import UNSCORED, case, compared

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Case

PLAIN, FENCED = Answer(text='{"a": 1}'), Answer(text='```json\n{"a": 1}\n```')
BULLETS, OTHER = Answer(text="- a\n- b"), Answer(text='{"a": 1} ')


def rows(*groups: tuple[int, float, Answer]) -> list[Case]:
    """Return so many rows that the source got right, with the target's score and answer."""
    made = [(score, answer) for count, score, answer in groups for _ in range(count)]
    return [case(number, 1.0, score, answers=(PLAIN, answer)) for number, (score, answer) in enumerate(made)]


def grouped(cases: list[Case]) -> dict[str, Any]:
    """Return the groups of the rows that broke."""
    names = {found.id: [change.change for change in changes_of(found)] for found in cases}
    return error_groups(compared(cases), names)["m"]


def test_a_group_has_its_share_and_that_of_the_others() -> None:
    """Counts, Wilson's interval, two examples, and how often the same change broke nothing."""
    found = grouped(rows((3, 0.0, FENCED), (1, 0.0, BULLETS), (2, 1.0, FENCED), (14, 1.0, OTHER)))
    assert (found["broke"], found["others"]) == (4, 16)
    fence = found["groups"][0]
    share = wilson(3, 4, confidence=0.95)
    assert (fence["change"], fence["kind"], fence["rows"], fence["main"]) == ("fence gained", "format", 3, 3)
    assert (fence["share"], fence["interval"]) == (0.75, [share.low, share.high])
    assert fence["examples"] == ["r0", "r1"]
    assert fence["others"]["rows"] == 2
    assert fence["others"]["share"] == 0.125
    assert fence["lift"] == 6.0


def test_a_row_is_in_every_group_of_its_changes() -> None:
    """The first of its changes is its main one; the others count it as well."""
    found = grouped(rows((1, 0.0, BULLETS), (1, 1.0, OTHER)))
    by_name = {group["change"]: (group["rows"], group["main"]) for group in found["groups"]}
    assert by_name == {"JSON lost": (1, 1), "list gained": (1, 0)}
    assert [group["lift"] for group in found["groups"]] == [None, None]


def test_harmless_changes_stand_last() -> None:
    """A change that is more frequent where nothing broke explains nothing, whatever its count."""
    both = Answer(text='```json\n{"b": 1}\n```')
    found = grouped(rows((3, 0.0, both), (9, 1.0, FENCED), (1, 1.0, OTHER)))
    assert [(group["change"], group["rows"]) for group in found["groups"]] == [
        ("field missing", 3),
        ("fence gained", 3),
    ]


def test_graded_scores_break_by_half_the_scale() -> None:
    """A drop that the flips do not call broken is none here, and rows without both scores are nowhere."""
    cases = [
        case(1, 0.9, 0.2, answers=(PLAIN, FENCED)),
        case(2, 0.9, 0.6, answers=(PLAIN, FENCED)),
        case(3, 0.9, UNSCORED, answers=(PLAIN, FENCED)),
    ]
    found = grouped(cases)
    assert (found["broke"], found["others"], found["groups"][0]["lift"]) == (1, 1, 1.0)


@pytest.mark.parametrize("cases", [[], rows((3, 1.0, FENCED))])
def test_nothing_broke(cases: list[Case]) -> None:
    """Without a broken row there is no group."""
    assert grouped(cases)["groups"] == []
