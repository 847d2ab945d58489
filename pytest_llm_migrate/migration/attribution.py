"""Was it the model or the prompt: the change of each metric, taken apart over the cells of an attribution grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.comparison import Counting
from pytest_llm_migrate.domain import SIDES
from pytest_llm_migrate.migration.spool import case_of
from pytest_llm_migrate.stats import one_side, paired_difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llm_migrate.stats import Design

CONFIDENCE = 0.95
NOT_ASKED = "No gate that judged this migration asked for the grid."
Record = dict[str, Any]
Exchanged = dict[str, dict[str, float]]
"""One row's scores with exchanged prompts, by the model's side and the metric."""
Effect = tuple[str, "Record | None"]
Cell = tuple[str, str]
"""A model and the side whose prompt it was sent."""
_SS, _SM, _TS, _TM = ("source", "source"), ("source", "target"), ("target", "source"), ("target", "target")
_EFFECTS: Mapping[str, tuple[Cell, Cell]] = {
    "change": (_SS, _TM),
    "model_at_source_prompt": (_SS, _TS),
    "model_at_migrated_prompt": (_SM, _TM),
    "prompt_at_source_model": (_SS, _SM),
    "prompt_at_target_model": (_TS, _TM),
}
"""Each effect as the cell before and the cell after."""
_CELLS = 4


def attribution_record(
    terms: Mapping[str, Any], cases: Sequence[Mapping[str, Any]], exchanged: Mapping[str, Exchanged]
) -> Record | None:
    """Return the grid of a migration, ``None`` where it was not asked for.

    Args:
        terms: The migration's terms; ``attribution`` says what of the grid cannot be had.
        cases: Its rows, as the spool has them.
        exchanged: What rows scored with exchanged prompts, by ``sample_id``.
    """
    note: str | None = terms.get("attribution")
    if note is None:
        return None
    if not exchanged:
        return {"note": note or NOT_ASKED, "metrics": {}}
    return {"note": note, "metrics": {name: _grid(name, terms, cases, exchanged) for name in terms["metrics"]}}


def _grid(
    metric: str, terms: Mapping[str, Any], cases: Sequence[Mapping[str, Any]], exchanged: Mapping[str, Exchanged]
) -> Record:
    """Return one metric's grid over the rows that have a score in each cell that was asked for."""
    scored = [(case, _scores(metric, case, exchanged.get(case["sample_id"], {}))) for case in cases]
    whole = [(case, scores) for case, scores in scored if scores and None not in scores.values()]
    counting = Counting(weight=terms.get("weight"), cluster=terms.get("cluster"))
    columns = {cell: [scores[cell] for _, scores in whole] for cell in (whole[0][1] if whole else ())}
    design = counting.of([case_of(case) for case, _ in whole])
    low, high = terms["bounds"].get(metric, (0.0, 1.0))
    effects = dict(_effects(columns, (low, high), design))
    return {
        "n": len(whole),
        "means": {
            model: {
                "source_prompt": _mean(columns.get((side, "source")), (low, high), design),
                "migrated_prompt": _mean(columns.get((side, "target")), (low, high), design),
            }
            for model, side in (("source_model", "source"), ("target_model", "target"))
        },
        "effects": effects,
        "statement": _statement(metric, effects),
    }


def _scores(metric: str, case: Mapping[str, Any], exchanged: Exchanged) -> dict[Cell, Any]:
    """Return a row's score in each cell that was asked for, ``None`` where there is none; nothing without a grid.

    A source that cannot be asked with the migrated prompt leaves out its other cell, too: nothing compares with it.
    """
    own = {(side, side): case[side].get("scores", {}).get(metric) for side in exchanged}
    other = {(side, "target" if side == "source" else "source"): exchanged[side].get(metric) for side in exchanged}
    return own | other


def _effects(columns: Mapping[Cell, Sequence[float]], bounds: tuple[float, float], design: Design) -> Iterator[Effect]:
    for name, (before, after) in _EFFECTS.items():
        is_known = before in columns and after in columns
        yield name, _effect(columns[before], columns[after], bounds, design) if is_known else None
    yield "interaction", _interaction(columns, bounds, design) if len(columns) == _CELLS else None


def _interaction(columns: Mapping[Cell, Sequence[float]], bounds: tuple[float, float], design: Design) -> Record:
    """Return by how much more the migrated prompt does for the target model than for the source model."""
    span = bounds[1] - bounds[0]
    for_source, for_target = (
        [
            migrated - original
            for original, migrated in zip(columns[side, "source"], columns[side, "target"], strict=True)
        ]
        for side in SIDES
    )
    return _effect(for_source, for_target, (-span, span), design)


def _effect(before: Sequence[float], after: Sequence[float], bounds: tuple[float, float], design: Design) -> Record:
    found = paired_difference(before, after, confidence=CONFIDENCE, bounds=bounds, design=design)
    return {
        "estimate": found.value,
        "interval": [found.low, found.high],
        "confidence": CONFIDENCE,
        "method": found.method,
    }


def _mean(scores: Sequence[float] | None, bounds: tuple[float, float], design: Design) -> float | None:
    return one_side(scores, confidence=CONFIDENCE, bounds=bounds, design=design).value if scores else None


def _statement(metric: str, effects: Mapping[str, Record | None]) -> str:
    """Return what is whose, in both orders in which model and prompt may be changed."""
    # A zero has no sign: adding one takes that of a negative zero away.
    known = {name: f"{round(found['estimate'], 3) + 0.0:+.3f}" for name, found in effects.items() if found}
    if not known:
        return f"{metric}: no row is scored in every cell."
    prompt = known["prompt_at_target_model"]
    if "change" not in known:
        return f"{metric}: on the target model the migrated prompt changes it by {prompt}."
    return (
        f"{metric}: of the change of {known['change']}, {prompt} is the prompt's (on the target model) and "
        f"{known['model_at_source_prompt']} the model's (at the source prompt); the other way round, "
        f"{known['prompt_at_source_model']} is the prompt's (on the source model) and "
        f"{known['model_at_migrated_prompt']} the model's (at the migrated prompt). {_together(effects)}"
    )


def _together(effects: Mapping[str, Record | None]) -> str:
    low, high = (effects["interaction"] or {"interval": (0.0, 0.0)})["interval"]
    if low > 0:
        return "The migrated prompt does more for the target model than for the source model."
    if high < 0:
        return "The migrated prompt does less for the target model than for the source model."
    return "That the prompt does more for one model than for the other is not shown."
