"""Rows that broke, grouped by what changed between the two answers, held against rows that did not."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.comparison.changes import KINDS
from pytest_llm_migrate.domain import is_monitor
from pytest_llm_migrate.stats import wilson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llm_migrate.comparison.comparison import Comparison

CONFIDENCE = 0.95
_EXAMPLES = 2
Names = tuple[str, ...]


def error_groups(comparison: Comparison, changes: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Any]]:
    """Return the groups of every metric as JSON-ready builtins, by what the flips call broken.

    ``changes`` are the names of each row's changes, the main one first; a row that is not among them has none.
    A row is in the group of each of its changes. A change that is as frequent where nothing broke explains nothing,
    so every group has the share of both, and groups stand in the order of the difference between the two.
    """
    names = {case.id: tuple(dict.fromkeys(changes.get(case.id, ()))) for case in comparison.cases}
    return {metric: _groups(comparison, metric, names) for metric in comparison.metrics if not is_monitor(metric)}


def _groups(comparison: Comparison, metric: str, names: Mapping[str, Names]) -> dict[str, Any]:
    scores = comparison[metric].scores
    flips = [(sample_id, flip) for sample_id, flip in zip(scores.sample_ids, scores.flips, strict=True) if flip]
    broke = [sample_id for sample_id, flip in flips if flip == "broke"]
    others = [sample_id for sample_id, flip in flips if flip != "broke"]
    elsewhere = Counter(name for sample_id in others for name in names[sample_id])
    found = [_group(name, broke, names, (elsewhere[name], len(others))) for name in KINDS]
    groups = [group for group in found if group["rows"]]
    groups.sort(key=lambda group: (group["others"]["share"] or 0.0) - group["share"])
    return {"broke": len(broke), "others": len(others), "groups": groups}


def _group(name: str, broke: Sequence[str], names: Mapping[str, Names], elsewhere: tuple[int, int]) -> dict[str, Any]:
    has_it = [sample_id for sample_id in broke if name in names[sample_id]]
    mainly = [sample_id for sample_id in has_it if names[sample_id][0] == name]
    here, there = _share(len(has_it), len(broke)), _share(*elsewhere)
    return {
        "change": name,
        "kind": KINDS[name],
        "rows": len(has_it),
        "main": len(mainly),
        **here,
        "examples": list(dict.fromkeys([*mainly, *has_it]))[:_EXAMPLES],
        "others": {"rows": elsewhere[0], **there},
        "lift": here["share"] / there["share"] if here["share"] and there["share"] else None,
    }


def _share(count: int, of: int) -> dict[str, Any]:
    if of == 0:
        return {"share": None, "interval": None, "confidence": None}
    found = wilson(count, of, confidence=CONFIDENCE)
    return {"share": found.value, "interval": [found.low, found.high], "confidence": CONFIDENCE}
