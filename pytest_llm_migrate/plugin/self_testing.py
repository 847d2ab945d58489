"""``--migration-self-test``: gates are called over and over on a source compared with itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.answers import printable
from pytest_llm_migrate.domain import Ruling
from pytest_llm_migrate.migration.redraws import Redraws
from pytest_llm_migrate.migration.self_test import ERROR, PASSED, failed_trial, trials_record
from pytest_llm_migrate.plugin.collection import migration_of, row_of
from pytest_llm_migrate.plugin.gate_calls import FELL_SHORT, call_with, is_plain
from pytest_llm_migrate.plugin.keys import REDRAWS, RUN, SEEN, SETTINGS

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Verdict
    from pytest_llm_migrate.migration.migration import Migration

_NO_PLAIN_GATE = (
    "the self-test calls a gate with one comparison after another: it must be a plain function that asks for "
    "'comparison' itself, not through another fixture"
)


def leave_out_rows(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect row tests: a self-test is about gates."""
    run = config.stash[RUN]
    rows = {item: None for item in items if migration_of(item, run) and row_of(item)}
    if rows:
        config.hook.pytest_deselected(items=list(rows))
        items[:] = [item for item in items if item not in rows]


def redraws_of(config: pytest.Config, migration: Migration) -> Redraws:
    """Return a migration's repeats, waited for and scored once a process."""
    known = config.stash.setdefault(REDRAWS, {})
    if migration.terms.id not in known:
        known[migration.terms.id] = Redraws.of(migration)
    return known[migration.terms.id]


def try_gate(item: pytest.Function) -> None:
    """Call a gate once a trial, note what came of it, and fail for what speaks against the gate."""
    if not is_plain(item):
        pytest.fail(_NO_PLAIN_GATE, pytrace=False)
    migration = migration_of(item, item.config.stash[RUN])
    if migration is None:
        return
    redraws, trials = redraws_of(item.config, migration), item.config.stash[SETTINGS].self_test or 1
    examples, outcomes = dict[str, str](), list[str]()
    for trial in range(trials):
        outcome, message = _trial(item, redraws, trial)
        outcomes.append(outcome)
        examples.setdefault(outcome, message)
    record = trials_record(outcomes, examples)
    item.stash[SEEN]["self_test"] = {"drawn": redraws.to_record(), "trials": record}
    if record["warnings"]:
        pytest.fail("\n".join(record["warnings"]), pytrace=False)


def _trial(item: pytest.Function, redraws: Redraws, trial: int) -> tuple[str, str]:
    verdicts: list[Verdict] = []
    comparison = redraws.comparison(trial, verdicts.append)
    try:
        call_with(item, comparison)
    except FELL_SHORT as error:
        outcome = failed_trial(verdicts, str(error))
        lacking = (verdict.statement for verdict in verdicts if verdict.ruling is Ruling.CANNOT_JUDGE)
        return outcome, next(lacking, "")
    except pytest.exit.Exception:
        raise
    except Exception as error:  # noqa: BLE001 - the user's code: what is wrong with it is counted and named
        return ERROR, printable(f"{type(error).__name__}: {error}")
    return PASSED, ""
