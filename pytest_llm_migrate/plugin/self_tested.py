"""The end of a self-test: what came of the trials becomes the run's record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import masked
from pytest_llm_migrate.migration.self_test import self_test_record
from pytest_llm_migrate.report import self_test_sections

if TYPE_CHECKING:
    from pytest_llm_migrate.migration.results import Seen
    from pytest_llm_migrate.plugin.outcomes import Outcomes
    from pytest_llm_migrate.plugin.run import Run


def add_self_test(run: Run, seen: Seen, outcomes: Outcomes, results: dict[str, Any]) -> None:
    """Put a self-test on a run's record, and a section for each migration on its report."""
    tested = self_test_record(seen, outcomes.of)
    results["self_test"] = {"trials": run.settings.self_test, "migrations": tested}
    results["sections"] += self_test_sections(results)
    if unused := run.config.getoption("target_model"):
        refs = ", ".join(map(masked, unused))
        results["warnings"].append(f"--target-model {refs} is not used: a self-test has no target")
