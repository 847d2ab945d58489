"""What became of each migration test, gathered where reports arrive: in the one process that reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.answers import printable
from pytest_llm_migrate.domain import Ruling, worst
from pytest_llm_migrate.errors import MigrateError, ScoreFailedError
from pytest_llm_migrate.migration.results import gate_record
from pytest_llm_migrate.plugin.collection import is_gate, migration_of, place_in, row_of
from pytest_llm_migrate.plugin.keys import RUN, SEEN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ATTRIBUTE = "llm_migrate"
"""On a test report: what the test saw, as builtins, so that it crosses processes."""
PROPERTY = "llm_migrate_"
"""What the names of a test's properties begin with."""
_LONGEST_MESSAGE = 2000
_LEFT_OUT = "left out, because --migration-redact was given: rows.jsonl and results.json in the run folder have it"
_BELOW_BAR = (AssertionError, pytest.fail.Exception)


def prepare(item: pytest.Item) -> None:
    """Begin to note what a migration test sees; of reruns the last counts."""
    migration = migration_of(item, item.config.stash[RUN])
    if migration is None:
        return
    row = row_of(item)
    item.stash[SEEN] = {
        "migration": migration.terms.id,
        "sample_id": row.sample_id if row else None,
        "gate": is_gate(item),
        "doc": _first_line(getattr(getattr(item, "obj", None), "__doc__", None)),
        "checks": [],
        "statements": [],
        "row_failures": migration.terms.row_failures,
    }
    item.user_properties[:] = [pair for pair in item.user_properties if not pair[0].startswith(PROPERTY)]


def annotate(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Put on a report what its test saw, and make an outcome say what it is."""
    seen = item.stash.get(SEEN, None)
    if seen is None or (report.when == "teardown" and report.passed):
        return
    if call.excinfo and _says_nothing(call.excinfo.value, call.when):
        from pytest_llm_migrate.report import visible

        seen["error"] = True
        is_score = isinstance(call.excinfo.value, ScoreFailedError)
        place = "" if is_score else place_in(report.nodeid, call.excinfo)
        report.longrepr = visible(f"{place}{call.excinfo.value}")
    elif report.failed and seen["gate"] and not _fell_short(call):
        seen["error"] = True  # a mistake in a gate is no verdict on the target; its traceback tells where
    elif report.failed and seen["row_failures"] == "report" and not seen["gate"] and _fell_short(call):
        report.outcome = "skipped"
        report.wasxfail = "reported, not failed: the gates decide"
        seen["reported"] = True
    elif report.failed and seen["gate"] and _is_undecided(call, seen["statements"]) and _warns(item):
        seen["undecided"] = True
        report.outcome = "skipped"
        report.wasxfail = "undecided: warned, not failed"
    if report.when == "call" and seen["statements"] and report.failed:
        text = "\n".join(f"{said['verdict']}: {said['statement']}\n  {said['detail']}" for said in seen["statements"])
        report.sections.append(("llm-migrate verdicts", text))
    if report.when != "setup" or not report.passed:
        _note_properties(item, report, seen)
    setattr(report, ATTRIBUTE, {**seen, "message": _message(report)})
    if item.config.stash[RUN].settings.redact and _may_quote(report, seen["statements"]):
        report.longrepr = _LEFT_OUT


def _says_nothing(error: BaseException, when: str) -> bool:
    # A metric that broke, a misspelt name or a bar that means nothing is an error, as when a call gave no answer.
    return isinstance(error, ScoreFailedError) or (when == "call" and isinstance(error, MigrateError))


def _note_properties(item: pytest.Item, report: pytest.TestReport, seen: Mapping[str, Any]) -> None:
    """Put what a test says of its migration on its properties, which a JUnit file shows; a row's is its name."""
    test = {**seen, "nodeid": report.nodeid, "outcome": _outcome(report, seen), "message": _message(report)}
    found = _properties(gate_record(test)) if seen["gate"] else {"sample_id": seen["sample_id"]}
    if item.config.stash[RUN].settings.redact and not seen["statements"]:
        found.pop("statement", None)
    known = [pair for pair in item.user_properties if not pair[0].startswith(PROPERTY)]
    item.user_properties[:] = [*known, *((f"{PROPERTY}{name}", value) for name, value in found.items())]
    # A report has its own list, which was made before.
    report.user_properties = list(item.user_properties)


def _properties(gate: Mapping[str, Any]) -> dict[str, Any]:
    said: Mapping[str, Any] = next((item for item in gate["statements"] if item["verdict"] == gate["verdict"]), {})
    figures = {name: said.get("figures", {}).get(name) for name in ("estimate", "low", "high", "margin")}
    found = {"verdict": gate["verdict"], "statement": gate["statement"], **figures}
    return {name: value for name, value in found.items() if value not in {None, ""}}


def _may_quote(report: pytest.TestReport, statements: Sequence[Mapping[str, Any]]) -> bool:
    """Whether what pytest would print of a test may hold inputs or answers; what our gates state are figures."""
    return bool(report.longrepr) and not statements and not isinstance(report.longrepr, tuple)


def _fell_short(call: pytest.CallInfo[None]) -> bool:
    # Anything else, such as a misspelt name, is a mistake in the test and says nothing about the row.
    return call.when == "call" and call.excinfo is not None and call.excinfo.errisinstance(_BELOW_BAR)


def _is_undecided(call: pytest.CallInfo[None], statements: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a gate fell short of nothing but evidence: it says so, and no verdict that it evaluated is worse."""
    ruling = worst(Ruling(said["verdict"]) for said in statements)
    # What failed must be the verdict itself: a gate may hold other assertions, which the ruling says nothing of.
    said = str(call.excinfo.value) if call.excinfo else ""
    return ruling is Ruling.NOT_ENOUGH_EVIDENCE and ruling in said and _fell_short(call)


def _warns(item: pytest.Item) -> bool:
    return item.config.stash[RUN].settings.undecided == "warn"


class Outcomes:
    """The tests of every migration by node id, from the reports as they arrive; a plugin of its own."""

    def __init__(self) -> None:
        self._tests: dict[str, dict[str, Any]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take one phase's report; what it carried for us is taken off it, since reporters keep reports."""
        seen = report.__dict__.pop(ATTRIBUTE, None)
        if seen is None:
            return
        if seen.get("error"):
            report.__dict__["llm_migrate_error"] = True
        if report.when == "setup":
            # Until its call is reported a test has not ended: the process that runs it may die.
            begun = {"nodeid": report.nodeid, "outcome": "error", "message": "the test did not end"}
            self._tests[report.nodeid] = {**seen, **begun}
        test = self._tests[report.nodeid]
        outcome = _outcome(report, seen)
        if outcome != "passed" or report.when == "call":
            test.update(seen, outcome=outcome)

    def of(self, migration: str) -> list[dict[str, Any]]:
        """Return the tests of one migration."""
        return [test for test in self._tests.values() if test["migration"] == migration]

    def has_unjudged(self) -> bool:
        """Whether a row was not run, or a gate gave no verdict."""
        return any(test["outcome"] == "not_run" for test in self._tests.values())

    def __bool__(self) -> bool:
        return bool(self._tests)


def _outcome(report: pytest.TestReport, seen: Mapping[str, Any]) -> str:
    if seen.get("not_run"):
        return "not_run"
    if report.failed:
        return "failed" if report.when == "call" and not seen.get("error") else "error"
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "xpassed"
    return "skipped" if report.skipped else "passed"


def _message(report: pytest.TestReport) -> str:
    if report.longrepr is None:
        return ""
    if isinstance(report.longrepr, tuple):
        return printable(str(report.longrepr[2]))[:_LONGEST_MESSAGE]
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash else str(report.longrepr)
    return printable(text)[:_LONGEST_MESSAGE]


def _first_line(text: str | None) -> str:
    return text.strip().splitlines()[0] if text and text.strip() else ""
