"""Confidence, and what importing the room costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_llm_migrate.stats import one_sided_confidence, two_sided_confidence
from pytest_llm_migrate.stats.estimate import deviate


def test_a_one_sided_95_is_a_limit_of_the_two_sided_90() -> None:
    """Two limits that hold at 95 % each bound an interval that holds at 90 %, and back."""
    assert two_sided_confidence(0.95) == pytest.approx(0.90)
    assert one_sided_confidence(0.90) == pytest.approx(0.95)


@pytest.mark.parametrize("confidence", [0.5, 1.0, 95.0, -0.1])
def test_a_limit_no_better_than_chance_is_refused(confidence: float) -> None:
    """A one-sided confidence in per cent, or of a coin's toss, is an error that says what is allowed."""
    with pytest.raises(ValueError, match=r"between 0\.5 and 1"):
        two_sided_confidence(confidence)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, 1e-300, float("nan")])
def test_a_confidence_outside_of_0_to_1_is_refused(confidence: float) -> None:
    """A confidence of 95 is an error, not a very wide interval."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        deviate(confidence)


def test_the_deviate_of_95_per_cent_is_the_famous_one() -> None:
    """Two-sided 95 % reaches 1.96 standard errors."""
    assert deviate(0.95) == pytest.approx(1.959963984540054, abs=1e-12)


def test_importing_the_room_loads_no_numpy() -> None:
    """The room can be imported at start-up: numpy and scipy load with the first calculation."""
    code = "import sys, pytest_llm_migrate.stats; sys.exit('numpy' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
