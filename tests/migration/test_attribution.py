"""A change taken apart: what of it is the model's, what the prompt's, and what both have together."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.migration.attribution import NOT_ASKED, attribution_record
from pytest_llm_migrate.migration.spool import case_record
from pytest_llm_migrate.stats import Design, paired_difference
from tests.migration.parts import case

TERMS: dict[str, Any] = {"metrics": ["m"], "bounds": {}, "attribution": ""}
SCORE = st.integers(min_value=0, max_value=4).map(lambda quarters: quarters / 4)
ROWS = st.lists(st.tuples(SCORE, SCORE, SCORE, SCORE), min_size=1, max_size=12)
"""Rows by what they score in each cell: source model on source and migrated prompt, target model likewise."""
Row = tuple[float, float, float, float]


def attributed(rows: list[Row], *, recorded: bool = False, **terms: Any) -> dict[str, Any]:
    """Return the grid of metric ``m`` over rows, every third of which weighs 3."""
    cases = [
        case_record(case(f"r{place}", first, last, weight=3 if place % 3 == 0 else 1), ("weight",))
        for place, (first, _, _, last) in enumerate(rows)
    ]
    exchanged = {
        f"r{place}": {"target": {"m": target}} if recorded else {"source": {"m": source}, "target": {"m": target}}
        for place, (_, source, target, _) in enumerate(rows)
    }
    found = attribution_record(TERMS | terms, cases, exchanged)
    assert found is not None
    return dict(found["metrics"]["m"])


def estimates(found: dict[str, Any]) -> dict[str, float]:
    """Return the effects that are known."""
    return {name: effect["estimate"] for name, effect in found["effects"].items() if effect}


@given(ROWS)
def test_both_orders_add_up_to_the_change(rows: list[Row]) -> None:
    """Model first or prompt first, the two effects are the whole change, and they differ by the interaction."""
    effects = estimates(attributed(rows))
    model_first = effects["model_at_source_prompt"] + effects["prompt_at_target_model"]
    prompt_first = effects["prompt_at_source_model"] + effects["model_at_migrated_prompt"]
    assert model_first == pytest.approx(effects["change"])
    assert prompt_first == pytest.approx(effects["change"])
    of_prompt = effects["prompt_at_target_model"] - effects["prompt_at_source_model"]
    assert effects["interaction"] == pytest.approx(of_prompt)


@given(ROWS)
def test_exchanging_the_models_turns_their_effects_around(rows: list[Row]) -> None:
    """With source and target exchanged the model's effects change their sign, the prompt's go with their models."""
    before = estimates(attributed(rows))
    after = estimates(attributed([(third, last, first, second) for first, second, third, last in rows]))
    assert after["model_at_source_prompt"] == pytest.approx(-before["model_at_source_prompt"])
    assert after["prompt_at_source_model"] == pytest.approx(before["prompt_at_target_model"])
    assert after["interaction"] == pytest.approx(-before["interaction"])


def test_effects_have_the_intervals_of_a_paired_difference() -> None:
    """An effect is estimated as a migration's change is, weights and clusters included."""
    rows: list[Row] = [(1, 0, 1, 0), (1, 1, 0, 1), (0, 0, 0, 1), (1, 1, 1, 1)] * 5
    weights = [3.0 if place % 3 == 0 else 1.0 for place in range(20)]
    plain, weighed = attributed(rows), attributed(rows, weight="weight")
    before, after = [row[2] for row in rows], [row[3] for row in rows]
    for found, design in ((plain, Design()), (weighed, Design(weights=weights))):
        expected = paired_difference(before, after, confidence=0.95, design=design)
        effect = found["effects"]["prompt_at_target_model"]
        assert (effect["estimate"], *effect["interval"]) == pytest.approx((expected.value, expected.low, expected.high))
    assert weighed["means"]["target_model"]["source_prompt"] == pytest.approx(
        sum(weight * score for weight, score in zip(weights, before, strict=True)) / sum(weights)
    )


def test_the_sentence_says_what_is_whose() -> None:
    """The change, its parts in both orders, and that the prompt suits one model better."""
    rows: list[Row] = [(0.5, 0.5, 0.47, 0.62)] * 40
    assert attributed(rows)["statement"] == (
        "m: of the change of +0.120, +0.150 is the prompt's (on the target model) and -0.030 the model's (at the "
        "source prompt); the other way round, +0.000 is the prompt's (on the source model) and +0.120 the model's (at "
        "the migrated prompt). That the prompt does more for one model than for the other is not shown."
    )


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ((1, 0, 0, 1), "The migrated prompt does more for the target model than for the source model."),
        ((0, 1, 1, 0), "The migrated prompt does less for the target model than for the source model."),
    ],
)
def test_an_interaction_is_said_where_it_is_shown(row: Row, words: str) -> None:
    """Where the interval of the interaction lies on one side of zero, that is said in words."""
    assert attributed([row] * 20)["statement"].endswith(words)


def test_a_scale_of_its_own_is_kept() -> None:
    """Scores outside of 0 to 1 are taken apart on the metric's own scale."""
    effects = estimates(attributed([(1.0, 2.0, 3.0, 5.0)] * 4, bounds={"m": [1, 5]}))
    assert effects == pytest.approx(
        {
            "change": 4,
            "model_at_source_prompt": 2,
            "model_at_migrated_prompt": 3,
            "prompt_at_source_model": 1,
            "prompt_at_target_model": 2,
            "interaction": 1,
        }
    )


def test_a_recorded_source_leaves_the_targets_row() -> None:
    """Without the source model's other cell only the prompt's effect on the target is known."""
    found = attributed([(1, 0, 0, 1)] * 3, recorded=True)
    assert estimates(found) == {"prompt_at_target_model": 1}
    assert found["means"]["source_model"] == {"source_prompt": None, "migrated_prompt": None}
    assert found["statement"] == "m: on the target model the migrated prompt changes it by +1.000."


def test_rows_without_all_cells_are_left_out() -> None:
    """A failed answer or score in any cell takes its row out of every mean."""
    cases = [case_record(case("r1")), case_record(case("r2", target=None)), case_record(case("r3"))]
    cells: dict[str, Any] = {
        "r1": {"source": {"m": 0.0}, "target": {"m": 1.0}},
        "r3": {"source": {}, "target": {"m": 1}},
    }
    cells["r2"] = cells["r1"]
    found = attribution_record(TERMS, cases, cells)
    assert found is not None
    assert (found["metrics"]["m"]["n"], found["metrics"]["m"]["means"]["source_model"]["migrated_prompt"]) == (1, 0)
    none = attribution_record(TERMS, cases[1:], cells)
    assert none is not None
    assert none["metrics"]["m"]["statement"] == "m: no row is scored in every cell."
    assert set(none["metrics"]["m"]["effects"].values()) == {None}


def test_no_grid_without_being_asked_for() -> None:
    """Without the option there is no record; without a gate, a note."""
    assert attribution_record(TERMS | {"attribution": None}, [], {}) is None
    assert attribution_record(TERMS, [case_record(case())], {}) == {"note": NOT_ASKED, "metrics": {}}
    assert attribution_record(TERMS | {"attribution": "Not so."}, [], {}) == {"note": "Not so.", "metrics": {}}
