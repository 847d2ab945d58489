"""What is told of a run beside its metrics' means: what monitoring metrics saw, and figures of all answers together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import is_monitor
from pytest_llm_migrate.report.numbers import score

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SIDES = ("source", "target")


def watched_sentences(migration: Mapping[str, Any]) -> list[str]:
    """Return the monitoring in one sentence, and one for every other metric with figures of the run."""
    run_level = migration.get("run_level", {})
    means = {name: found for name, found in migration["metrics"].items() if is_monitor(name)}
    gated = {said["figures"].get("metric") for gate in migration["gates"] for said in gate["statements"]}
    seen = [_seen(name, found) for name, found in means.items() if name not in gated]
    judged = [_seen(name, found) for name, found in means.items() if name in gated]
    watched = [(name, found) for name, found in run_level.items() if is_monitor(name)]
    seen += [f"{_short(name)}: {', '.join(_texts(found))}" for name, found in watched if "fault" not in found]
    said = [f"monitoring, source -> target, not judged: {'; '.join(seen)}"] if seen else []
    said += [f"monitoring, source -> target, judged by a gate: {'; '.join(judged)}"] if judged else []
    for name, found in run_level.items():
        texts = [] if is_monitor(name) else list(_texts(found))
        said += [f"{name} over the run, source -> target: {'; '.join(texts)}"] if texts else []
    return said


def _short(name: str) -> str:
    return name.partition(":")[2].replace("_", " ")


def _seen(name: str, found: Mapping[str, Any]) -> str:
    return f"{_short(name)} {_mean(found, 'source')} -> {_mean(found, 'target')}"


def _mean(found: Mapping[str, Any], side: str) -> str:
    return score(found[side]["mean"])


def _texts(found: Mapping[str, Any]) -> Iterator[str]:
    if "fault" in found:
        return
    for figure in {**found["source"], **found["target"]}:
        values = " -> ".join(score(found[side].get(figure)) for side in _SIDES)
        yield f"{figure.replace('_', ' ')} {values}"
