"""``--migration-stop-early``: gates look at the rows block by block, and ask for no more once they know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.answers import together
from pytest_llm_migrate.domain import Ruling
from pytest_llm_migrate.migration.looks import looks_of
from pytest_llm_migrate.plugin.collection import is_gate, is_skipped, migration_of, row_of
from pytest_llm_migrate.plugin.gate_calls import FELL_SHORT, call_with, is_plain
from pytest_llm_migrate.plugin.keys import LOOKED, LOOKS, RUN, SEEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pytest

    from pytest_llm_migrate.domain import Row, Verdict
    from pytest_llm_migrate.migration.looks import Look
    from pytest_llm_migrate.migration.migration import Migration
    from pytest_llm_migrate.migration.results import Seen
    from pytest_llm_migrate.plugin.run import Run

LEFT_OUT = "not run: stopped early"
_LEAST_BEYOND = 5
"""Resamples to expect beyond a limit; with fewer a bootstrap cannot tell where it lies."""


def gates_first(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put each migration's gates before its row tests, which then know what was answered; others stay in place."""
    run = config.stash[RUN]
    places: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        migration = migration_of(item, run)
        if migration and (is_gate(item) or row_of(item)):
            places.setdefault(migration.terms.id, []).append(place)
    for found in places.values():
        ordered = sorted((items[place] for place in found), key=lambda item: not is_gate(item))
        for place, item in zip(found, ordered, strict=True):
            items[place] = item


def at_first_look(
    session: pytest.Session, run: Run, needed: Sequence[tuple[Migration, list[Row]]]
) -> list[tuple[Migration, list[Row]]]:
    """Return what is to be asked for before any gate runs: the first look, where every gate looks block by block."""
    gates = [item for item in session.items if is_gate(item) and not is_skipped(item) and is_plain(item)]
    judged = {found.terms.id: found for item in gates if (found := migration_of(item, run)) and found.rows}
    looks = run.config.stash[LOOKS] = {name: looks_of(found.terms) for name, found in judged.items()}
    return [
        (migration, list(looks[migration.terms.id][0].rows) if migration.terms.id in looks else rows)
        for migration, rows in needed
    ]


def is_left_out(config: pytest.Config, migration: Migration, row: Row) -> bool:
    """Whether gates were judged without this row."""
    return migration.terms.id in config.stash.get(LOOKED, ()) and not migration.is_known(row)


def call_gate(item: pytest.Function) -> bool:
    """Call a gate at one look after the other until it knows; return whether it is one that can be called so."""
    __tracebackhide__ = True
    migration = migration_of(item, item.config.stash[RUN])
    looks = item.config.stash.get(LOOKS, {}).get(migration.terms.id, []) if migration else []
    if not (migration and looks and is_plain(item)):
        return False
    item.config.stash.setdefault(LOOKED, set()).add(migration.terms.id)
    for look in looks:
        verdicts: list[Verdict] = []
        try:
            failure = _called(item, migration, look, verdicts)
        finally:
            _note(item, look, verdicts)
        if look.is_last or _is_settled(migration, look, verdicts, failed=failure is not None):
            break
    if failure is not None:
        raise failure
    return True


def _called(item: pytest.Function, migration: Migration, look: Look, verdicts: list[Verdict]) -> BaseException | None:
    __tracebackhide__ = True
    comparison = migration.comparison_at(look, verdicts.append)
    try:
        call_with(item, comparison)
    except FELL_SHORT as failure:
        return failure
    return None


def _note(item: pytest.Item, look: Look, verdicts: Sequence[Verdict]) -> None:
    item.stash[SEEN]["statements"][:] = [verdict.to_record() for verdict in look.shown(verdicts)]
    item.stash[SEEN]["look"] = look.to_record()


def _is_settled(migration: Migration, look: Look, verdicts: Sequence[Verdict], *, failed: bool) -> bool:
    """Whether a gate need not see more rows: one verdict is NO-GO, or all are GO and no critical row is unseen.

    A gate that evaluates no verdict has nothing that allows for looking more than once.
    """
    rulings = [verdict.ruling for verdict in verdicts if _is_resolved(verdict)]
    if Ruling.NO_GO in rulings:
        return True
    unseen = set(migration.terms.critical_rows or ()) - {row.sample_id for row in look.rows}
    all_go = len(rulings) == len(verdicts) and set(rulings) == {Ruling.GO}
    return all_go and not failed and not unseen


def _is_resolved(verdict: Verdict) -> bool:
    from pytest_llm_migrate.stats.resampling import resamples_for

    figures = verdict.figures
    if "bootstrap" not in figures.get("method", ""):
        return True
    return bool((1 - figures["confidence"]) * resamples_for(max(figures["n"], 1)) >= _LEAST_BEYOND)


def add_stop_early(run: Run, seen: Seen, results: dict[str, Any]) -> None:
    """Put on a run's record how many rows its gates were judged by, and what that saved."""
    looks = run.config.stash.get(LOOKS, {})
    judged = [migration for migration in run.migrations if migration.terms.id in looks]
    used = {each.terms.id: seen.cases.get(each.terms.id, ()) for each in judged}
    saved = together(
        side.forecast(_not_failed(each, used[each.terms.id])) for each in judged for side in (each.source, each.target)
    )
    results["stop_early"] = {
        "rows_used": sum(map(len, used.values())),
        "rows_planned": sum(len(each.rows) for each in judged),
        "calls_saved": saved.calls,
        "usd_saved": saved.expected_cost if saved.calls else 0.0,
    }


def _not_failed(migration: Migration, cases: Iterable[dict[str, Any]]) -> list[Row]:
    """Return the rows but those that were called in vain, which nobody saved."""
    failed = {case["sample_id"] for case in cases if "error" in case["source"] or "error" in case["target"]}
    return [row for row in migration.rows if row.sample_id not in failed]
