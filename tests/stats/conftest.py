"""What the tests of statistics share."""

from __future__ import annotations

import pytest

from pytest_llm_migrate.stats import mcnemar_midp, tango


@pytest.fixture(scope="session", autouse=True)
def _scipy() -> None:
    # Else the first example of a property pays for the import and misses its deadline.
    mcnemar_midp(1, 2)
    tango(3, 1, 1, confidence=0.9)
