"""What is known of judges and of people's word as text: what the terminal, Markdown and HTML all show of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import is_monitor
from pytest_llm_migrate.report.numbers import UNKNOWN, counted, interval, is_known, percent, score, score_change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.report.figures import Record


def judged_sentences(migration: Record) -> list[str]:
    """Return one sentence each for turned scores, comparisons of both answers, corrections, and judges of no gate."""
    return [*_turned(migration), *_compared(migration), *_corrected(migration), *_unasked(migration)]


def _turned(migration: Record) -> Iterator[str]:
    """Yield how to read the scores whose judges say that lower is better."""
    for name, found in migration["metrics"].items():
        if found.get("direction"):
            yield f"{name}: {found['direction']['reads']}"


def _compared(migration: Record) -> Iterator[str]:
    for name, found in migration.get("pairwise", {}).items():
        by = " (people)" if found.get("by") == "people" else ""
        yield "; ".join(
            [f"{name}{by}: {found['statement']}", *(said["statement"] for said in found["agreement"] or ())]
        )


def _corrected(migration: Record) -> Iterator[str]:
    """Yield the difference of each judged metric as people would find it, beside the judge's own, or why not."""
    for name, held in migration.get("corrected", {}).items():
        low, high = migration["bounds"].get(name, (0, 1))
        raw = migration["metrics"][name]["delta"]
        own = score_change(raw / (high - low)) if is_known(raw) else UNKNOWN
        for found in held:
            if not is_known(found["value"]):
                yield f"{name}: not corrected by {found['human']}: {found['why']}"
                continue
            limits = f"{score_change(found['value'])} {interval(found['interval'], score_change)}"
            rows = counted(found["labelled"], "row")
            yield f"{name}: {own} by its judge, {limits} as corrected by {found['human']} of {rows}"


def _unasked(migration: Record) -> Iterator[str]:
    """Yield how far each judge agrees with people whose metric no gate judges by, as gates say it of theirs."""
    asked = {said["figures"].get("metric") for gate in migration["gates"] for said in gate["statements"]}
    told = asked | set(migration.get("people", {}))
    unheld = []
    for name in migration.get("judged", ()):
        if name in told or is_monitor(name):
            continue
        held = [found for found in migration.get("certificates", {}).get(name, ()) if found["answers"]]
        if not held:
            unheld.append(name)
        for found in held:
            over = f"over {counted(found['answers'], 'answer')}"
            yield f"{name}, which no gate judges by: its judge and {found['human']} {_agree(found)} {over}"
    if unheld:
        judges = "its judge was" if len(unheld) == 1 else "their judges were"
        yield f"{', '.join(unheld)}, which no gate judges by: {judges} not held against people"


def _agree(found: Record) -> str:
    kappa = found["kappa"]
    if not is_known(kappa["value"]):
        return f"agree in {percent(found['observed'])}, kappa not known: {kappa['why']},"
    return f"agree by a kappa of {score(kappa['value'])} {interval(kappa['interval'], score)}"
