"""Collection: rows become parameters, targets become parameters, faults become collection errors."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.errors import MarkerError, MigrateError, masked
from pytest_llm_migrate.plugin.keys import MARKER, MIGRATION, RUN, SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.domain import Row
    from pytest_llm_migrate.migration.migration import Migration
    from pytest_llm_migrate.plugin.run import Run

TARGET = "migration_target"
NO_TARGET = "no --target-model: give one to judge this migration"
_LONGEST_ID = 100


@contextmanager
def collection_errors() -> Iterator[None]:
    """Turn a domain error into a collection error: one line for the file, no traceback."""
    try:
        yield
    except MigrateError as error:
        raise pytest.Collector.CollectError(str(error)) from None


def say_plainly(report: pytest.CollectReport) -> None:
    """Put one line in place of the traceback of a domain error that a test file raised as it was imported."""
    call: pytest.CallInfo[Any] | None = getattr(report, "call", None)
    if call and call.excinfo and isinstance(call.excinfo.value, MigrateError):
        report.longrepr = f"{place_in(report.nodeid, call.excinfo)}{call.excinfo.value}"


def place_in(nodeid: str, excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    """Return ``file:line: `` of the last line of a test file that led to an error, nothing where none did."""
    file = nodeid.partition("::")[0]
    lines = [entry.lineno + 1 for entry in excinfo.traceback if str(entry.path).endswith(file)]
    return f"{file}:{lines[-1]}: " if lines else ""


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Give a test its target models, and a row test its rows."""
    mark = metafunc.definition.get_closest_marker(MARKER)
    if mark:
        with collection_errors():
            _refuse_own_case(metafunc.definition)
    if TARGET not in metafunc.fixturenames:
        return
    targets = metafunc.config.stash[SETTINGS].target_models
    if not targets:
        skipped = pytest.param(None, marks=pytest.mark.skip(reason=NO_TARGET), id=pytest.HIDDEN_PARAM)
        metafunc.parametrize(TARGET, [skipped], indirect=True, scope="session")
        return
    ids: list[Any] = [pytest.HIDDEN_PARAM] if len(targets) == 1 else list(map(masked, targets))
    metafunc.parametrize(TARGET, targets, ids=ids, indirect=True, scope="session")
    if mark:
        with collection_errors():
            _refuse_toothless(metafunc)
            _parametrize_rows(metafunc, mark, targets)


def _parametrize_rows(metafunc: pytest.Metafunc, mark: pytest.Mark, targets: tuple[str, ...]) -> None:
    definition = metafunc.definition
    run = metafunc.config.stash[RUN]
    nodeid = definition.nodeid.split("::")[0]
    spec = run.spec(mark, definition.path, nodeid)
    migrations = [run.migration(spec, target) for target in targets]
    if "case" in metafunc.fixturenames:
        rows = migrations[0].rows
        metafunc.parametrize("case", rows, ids=[short_id(row.sample_id) for row in rows], indirect=True)


def _refuse_own_case(definition: Any) -> None:
    for own in definition.iter_markers("parametrize"):
        names = own.args[0] if own.args else own.kwargs.get("argnames", "")
        listed = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
        if "case" in listed:
            raise MarkerError(definition.nodeid, "gives 'case' its rows; the test cannot parametrize 'case' itself")


def _refuse_toothless(metafunc: pytest.Metafunc) -> None:
    from pytest_llm_migrate.plugin.gate_texts import refuse_toothless

    if "comparison" in metafunc.fixturenames:
        refuse_toothless(metafunc.definition.nodeid.partition("::")[0], metafunc.function)


def short_id(sample_id: str) -> str:
    """Return a test id for a row: its own id, or, where that is long, its start and a hash of the whole."""
    if len(sample_id) <= _LONGEST_ID:
        return sample_id
    import hashlib

    digest = hashlib.sha256(sample_id.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{sample_id[: _LONGEST_ID - 9]}-{digest}"


def migration_of(item: Any, run: Run) -> Migration | None:
    """Return the migration that a collected test belongs to, or ``None``."""
    if MIGRATION not in item.stash:
        item.stash[MIGRATION] = _find_migration(item, run)
    found: Migration | None = item.stash[MIGRATION]
    return found


def _find_migration(item: Any, run: Run) -> Migration | None:
    target = getattr(item, "callspec", None) and item.callspec.params.get(TARGET)
    mark = item.get_closest_marker(MARKER)
    if target is None or mark is None:
        return None
    spec = run.spec(mark, item.path, item.nodeid.split("::")[0])
    return run.migration(spec, target)


def row_of(item: Any) -> Row | None:
    """Return the row of a row test, or ``None``."""
    row: Row | None = item.callspec.params.get("case") if hasattr(item, "callspec") else None
    return row


def is_gate(item: Any) -> bool:
    """Whether a test asks for the comparison."""
    return "comparison" in getattr(item, "fixturenames", ())


def is_skipped(item: Any) -> bool:
    """Whether a mark skips the test for certain, so that nothing need be fetched for it."""
    if next(item.iter_markers("skip"), None):
        return True
    return any(condition for mark in item.iter_markers("skipif") for condition in _known_conditions(mark))


def _known_conditions(mark: pytest.Mark) -> list[Any]:
    # A text is evaluated by pytest when the test is about to run, not before.
    given = [mark.kwargs["condition"]] if "condition" in mark.kwargs else mark.args
    return [condition for condition in given if not isinstance(condition, str)]
