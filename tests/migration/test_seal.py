"""What is sealed before a run, and margins beside those that were accepted before."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from pytest_llm_migrate.migration.margins import loosened
from pytest_llm_migrate.migration.seal import SealedGate, content_sha256, gate_hashes, seal_of, seal_warnings

ACCOUNT = "918273645546"
GATE = SealedGate(
    nodeid="test_a.py::test_gate[x]",
    migration="m",
    parameters="x",
    text="def test_gate(comparison):\n    assert comparison\n",
    module="test_a.py",
    module_sha256="1" * 64,
)
GO = "GO"


def seal(*gates: SealedGate, at: str = "2026-11-21T08:12:03.000+00:00", undecided: str = "fail") -> dict[str, Any]:
    """Return the seal of a run with one migration."""
    return seal_of("run", at, [{"id": "m"}], gates, {"undecided": undecided})


def warned(*gates: SealedGate, now: str | None = "1" * 64) -> list[str]:
    """Return the warnings of a seal whose modules all have one hash now."""
    return list(seal_warnings(seal(*gates), lambda _: now))


def test_a_gate_is_sealed_by_the_hash_of_its_text() -> None:
    """The hash is of the very text that the seal shows."""
    record = GATE.to_record()
    assert record["sha256"] == sha256(record["text"].encode()).hexdigest()
    assert gate_hashes(seal(GATE)) == {GATE.nodeid: record["sha256"]}


def test_a_secret_in_a_gate_is_not_shown_and_still_sealed() -> None:
    """An account in a gate's text is masked; another account makes another hash."""
    gates = [replace(GATE, text=f"arn:aws:bedrock:us-east-1:{account}:x") for account in (ACCOUNT, "827364554691")]
    one, other = (gate.to_record() for gate in gates)
    assert ACCOUNT not in json.dumps(one)
    assert one["text"] == other["text"]
    assert one["sha256"] != other["sha256"]


def test_neither_time_nor_order_changes_what_a_seal_says() -> None:
    """Processes that collect in different orders at different times agree; another text does not."""
    other = replace(GATE, nodeid="test_a.py::test_other")
    same = content_sha256(seal(other, GATE, at="2026-11-21T09:00:00.000+00:00"))
    assert content_sha256(seal(GATE, other)) == same
    assert content_sha256(seal(replace(GATE, text="pass"), other)) != same
    assert content_sha256(seal(GATE, other, undecided="warn")) != same


def test_nothing_is_said_of_gates_that_stayed() -> None:
    """A seal that still holds needs no word."""
    assert warned(GATE) == []


@pytest.mark.parametrize("now", ["2" * 64, None])
def test_a_changed_or_lost_module_names_its_gates_once(now: str | None) -> None:
    """Tests of one function share a sentence."""
    (sentence,) = warned(GATE, replace(GATE, nodeid="test_a.py::test_gate[y]"), now=now)
    assert sentence.startswith("test_a.py::test_gate changed after it was sealed: test_a.py is not the file")


def test_a_gate_without_a_text_is_named() -> None:
    """A function that was made without a file has no text to seal."""
    assert warned(replace(GATE, text=None)) == [
        "the text of test_a.py::test_gate is not to be had, and was not sealed",
    ]


def said(gate: str, kind: str, **figures: float | None) -> dict[str, Any]:
    """Return a statement's record."""
    return {"gate": gate, "figures": {"kind": kind, **figures}}


def results(*statements: dict[str, Any], run: str = "now", verdict: str | None = GO) -> dict[str, Any]:
    """Return the results of a run with one gate."""
    gate = {"nodeid": "test_a.py::test_gate", "verdict": verdict, "statements": list(statements)}
    return {"run": {"id": run}, "migrations": [{"verdict": verdict, "gates": [gate]}]}


@pytest.mark.parametrize(
    ("gate", "kind", "name", "tight", "loose"),
    [
        ("exact_match.non_inferior(margin={})", "non_inferior", "margin", 0.03, 0.05),
        ("exact_match.superior(margin={})", "superior", "margin", 0.02, 0.0),
        ("exact_match.at_least({})", "at_least", "floor", 0.9, 0.8),
        ("cost.mean.ratio_at_most({})", "ratio_at_most", "bar", 0.6, 0.9),
        ("latency.p95.at_most({})", "at_most", "bar", 2, 3),
    ],
)
def test_a_looser_margin_is_named_with_both_values(gate: str, kind: str, name: str, tight: float, loose: float) -> None:
    """What is easier to meet than before is said; what is as hard or harder is not."""
    strict, easy = (
        results(said(gate.format(value), kind, **{name: value}), run=str(value)) for value in (tight, loose)
    )
    judged = gate.partition("(")[0]
    values = f"is {loose:g}, looser than {tight:g} in run {tight}, which was accepted"
    assert list(loosened(easy, [strict])) == [f"test_a.py::test_gate: the {name} of {judged} {values}"]
    assert list(loosened(strict, [easy])) == list(loosened(easy, [easy])) == []


def margin(value: float, run: str = "now", verdict: str | None = GO) -> dict[str, Any]:
    """Return the results of a run whose gate has a margin."""
    return results(said(f"m.non_inferior(margin={value:g})", "non_inferior", margin=value), run=run, verdict=verdict)


def test_the_newest_accepted_run_counts() -> None:
    """Neither a run that was not accepted nor one before the last accepted one is compared with."""
    earlier = [margin(0.01, "failed", "NO-GO"), margin(0.05, "accepted"), margin(0.01, "older")]
    assert list(loosened(margin(0.05), earlier)) == []
    (sentence,) = loosened(margin(0.1), earlier)
    assert "looser than 0.05 in run accepted" in sentence


def sure(confidence: float, look: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the results of a run whose gate was judged at a confidence, before all rows were in where it looked."""
    found = results(said("m.non_inferior(margin=0.05)", "non_inferior", margin=0.05, confidence=confidence), run="r")
    found["migrations"][0]["gates"][0]["look"] = look
    return found


def test_a_lower_confidence_than_the_accepted_one_is_named() -> None:
    """The same margin is easier to meet where less certainty is asked for; looks raise it by themselves."""
    assert list(loosened(sure(0.8), [sure(0.95)])) == [
        "test_a.py::test_gate: the confidence of m.non_inferior is 0.8, looser than 0.95 in run r, which was accepted"
    ]
    assert list(loosened(sure(0.95), [sure(0.8)])) == []
    assert list(loosened(sure(0.95), [sure(0.998, look={"look": 2})])) == []


def test_statements_of_a_kind_are_compared_in_their_order() -> None:
    """A gate may ask the same of a metric twice."""

    def twice(*values: float) -> dict[str, Any]:
        return results(*(said("m.at_least(_)", "at_least", floor=value) for value in values))

    (sentence,) = loosened(twice(0.9, 0.7), [twice(0.9, 0.8)])
    assert "is 0.7, looser than 0.8" in sentence


def under(run: str, **options: Any) -> dict[str, Any]:
    """Return the results of a run whose gate stayed, and that was sealed with these options."""
    record = margin(0.05, run)
    record["run"]["sealed"] = {"options": options}
    return record


def test_looser_options_are_named_with_both_values() -> None:
    """More errors tolerated, and undecided gates that only warn, are easier to meet; stricter ones are not named."""
    strict = under("strict", error_tolerance=0.02, undecided="fail")
    easy = under("easy", error_tolerance=0.1, undecided="warn")
    assert list(loosened(easy, [strict])) == [
        "--migration-error-tolerance is 0.1, looser than 0.02 in run strict, which was accepted",
        "--migration-undecided is 'warn', looser than 'fail' in run strict, which was accepted",
    ]
    assert list(loosened(strict, [easy])) == list(loosened(easy, [easy])) == list(loosened(easy, [margin(0.05)])) == []


@pytest.mark.parametrize(
    "damaged",
    [[], None, {}, {"migrations": 3}, {"migrations": [{"verdict": GO, "gates": [None]}]}, {"migrations": ["x"]}],
)
def test_damaged_records_are_passed_over(damaged: Any) -> None:
    """What is no record of a run neither stops the comparison nor counts."""
    assert len(list(loosened(margin(0.1), [damaged, margin(0.05, "accepted")]))) == 1


def test_no_earlier_run_is_read_for_nothing() -> None:
    """Without a figure to compare, or with all compared, no further record is taken."""
    assert list(loosened(results(said("m", "none")), iter([margin(0.1)]))) == []
    records = iter([margin(0.1), margin(0.1)])
    assert list(loosened(margin(0.1), records)) == []
    assert len(list(records)) == 1
