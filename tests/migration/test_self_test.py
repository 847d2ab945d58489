"""Trials of a gate on one model against itself, and what speaks against the gate."""

from __future__ import annotations

import pytest

from pytest_llm_migrate.domain import Ruling, Verdict
from pytest_llm_migrate.migration.self_test import failed_trial, trials_record


def verdict(ruling: Ruling, **figures: object) -> Verdict:
    """Return a verdict whose sentence names its ruling in other words."""
    return Verdict(ruling=ruling, gate="gate", statement=f"It was {ruling.name.lower()}.", detail="", figures=figures)


@pytest.mark.parametrize(
    ("rulings", "message", "outcome"),
    [
        pytest.param([Ruling.NO_GO], "assert NO-GO: worse", "no_go", id="no-go"),
        pytest.param([Ruling.NOT_ENOUGH_EVIDENCE], "assert NOT ENOUGH EVIDENCE: few", "undecided", id="undecided"),
        pytest.param([Ruling.NOT_ENOUGH_EVIDENCE], "", "undecided", id="no-message"),
        pytest.param([Ruling.NOT_ENOUGH_EVIDENCE], "It was not_enough_evidence.", "undecided", id="own-words"),
        pytest.param([Ruling.GO, Ruling.CANNOT_JUDGE], "assert CANNOT JUDGE: none", "cannot_judge", id="cannot-judge"),
        pytest.param([Ruling.NOT_ENOUGH_EVIDENCE], "assert 3 == 0", "no_go", id="another-assertion"),
        pytest.param([Ruling.GO], "assert 3 == 0", "no_go", id="beside-a-go"),
        pytest.param([], "assert 3 == 0", "no_go", id="no-verdict"),
    ],
)
def test_failed_trials(rulings: list[Ruling], message: str, outcome: str) -> None:
    """A gate that fails for want of evidence raises no alarm; one that fails for anything else does."""
    assert failed_trial([verdict(ruling) for ruling in rulings], message) == outcome


@pytest.mark.parametrize(
    ("figures", "outcome"),
    [
        ({"kind": "superior", "bar": 0.0}, "no_gain"),
        ({"kind": "ratio_at_most", "bar": 0.6}, "no_gain"),
        ({"kind": "ratio_at_most", "bar": 1.0}, "no_go"),
        ({"kind": "non_inferior", "bar": -0.03}, "no_go"),
        ({"kind": "at_most", "bar": 0.5}, "no_go"),
    ],
)
def test_a_gain_that_is_ruled_out(figures: dict[str, object], outcome: str) -> None:
    """Only a gate that asks to be better than the source is rightly refused; beside another alarm it is one."""
    refused = verdict(Ruling.NO_GO, **figures)
    assert failed_trial([verdict(Ruling.GO), refused], "assert NO-GO: x") == outcome
    assert failed_trial([verdict(Ruling.NO_GO, kind="non_inferior"), refused], "assert NO-GO: x") == "no_go"


def test_a_gate_that_asks_for_a_gain_alone() -> None:
    """Trials that all end there are neither alarms nor warnings."""
    record = trials_record(["no_gain"] * 40, {})
    assert (record["false_alarm_rate"], record["flips"], record["warnings"]) == (0, False, [])


def test_a_gate_that_seldom_refuses_has_nothing_against_it() -> None:
    """A rate that may well be 5 % or less is no warning, unless the gate passes in other trials."""
    record = trials_record(["undecided"] * 93 + ["no_go"] * 7, {})
    assert record["outcomes"]["no_go"] == 7
    assert record["interval"] == pytest.approx([0.0343, 0.1375], abs=1e-4)
    assert (record["flips"], record["warnings"]) == (False, [])


def test_a_gate_that_flips() -> None:
    """GO in one trial and NO-GO in another is a warning, however rare."""
    record = trials_record(["passed"] * 199 + ["no_go"], {})
    assert record["warnings"] == ["it flips on identical models: GO in 199 and NO-GO in 1 of 200 trials"]


def test_a_gate_that_refuses_too_often() -> None:
    """A rate that surely lies above 5 % is a warning of its own."""
    (said,) = trials_record(["undecided"] * 80 + ["no_go"] * 20, {})["warnings"]
    assert said == (
        "it refuses 20.0% of identical models, with 95% confidence 13.3% to 28.9%; more than 5% is too often"
    )
