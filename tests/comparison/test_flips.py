"""Flips as counts, ids and a table."""

from __future__ import annotations

from tests.comparison.cases import compared, scored


def test_right_and_wrong_is_a_table_of_source_by_target() -> None:
    """So a person sees it in a debugger, too."""
    flips = compared(scored([(1, 1)] * 1200 + [(1, 0)] * 3 + [(0, 1)] * 2 + [(0, 0)])).flips["m"]
    assert repr(flips) == flips.table()
    assert flips.table().splitlines() == [
        "                    target right        target wrong",
        "source right    1,200 both right             3 broke",
        "source wrong             2 fixed        1 both wrong",
    ]


def test_graded_scores_have_a_line_a_kind() -> None:
    """They have no line between right and wrong."""
    flips = compared(scored([(0.9, 0.1), (0.9, 0.8), (0.5, 0.5)])).flips["m"]
    assert flips.table().splitlines() == ["broke          1", "fixed          0", "held           2"]


def test_the_record_has_the_ids_of_what_changed() -> None:
    """Those of the others are in the rows' own records."""
    record = compared(scored([(1, 1), (1, 0), (0, 1), (1, 0)])).to_record()["metrics"]["m"]
    assert record["flipped"] == {"broke": ["r1", "r3"], "fixed": ["r2"]}
    assert (record["flips"]["broke"], record["flips"]["both right"]) == (2, 1)
