"""What weakens a verdict, and the appendix for a statistician."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llm_migrate.report.cautions import cautions_of
from pytest_llm_migrate.report.methods import methods_of, run_provenance
from pytest_llm_migrate.report.moved import facts_of
from pytest_llm_migrate.report.signoffs import decisions_of
from tests.report.sample import sample


@pytest.fixture
def migrations() -> list[dict[str, Any]]:
    """The migrations of a believable run."""
    found: list[dict[str, Any]] = sample()[0]["migrations"]
    return found


def test_cautions_follow_the_warnings(migrations: list[dict[str, Any]]) -> None:
    """Too few rows and kept latencies are said once, after what the run warned of; a sound migration has none."""
    triage, policy, summary = migrations
    assert cautions_of(triage) == [
        "latencies of 160 source and 80 target answers are those of earlier calls, not measured side by side"
    ]
    said = cautions_of(policy)
    assert said[: len(policy["warnings"])] == policy["warnings"]
    assert said[-1] == "120 rows are too few for 1 gate; about 310 more would be needed"
    assert cautions_of(summary) == []


def test_kept_latencies_are_not_told_twice(migrations: list[dict[str, Any]]) -> None:
    """Where the run itself warns of them, the figures add nothing to it."""
    triage = migrations[0]
    triage["warnings"] = ["Latencies were kept from earlier calls, not from a latency pass."]
    assert cautions_of(triage) == triage["warnings"]


def test_a_judge_without_people_behind_it_is_named(migrations: list[dict[str, Any]]) -> None:
    """An uncalibrated judge weakens a gate on its metric, and a certificate says its own caution."""
    policy = migrations[1]
    policy["judged"] = ["grounded", "token_f1"]
    assert "grounded is scored by a judge that was not held against people's scores" in cautions_of(policy)
    policy["certificates"] = {"grounded": [{"caution": "its kappa may be below 0.4"}]}
    said = cautions_of(policy)
    assert "grounded: its kappa may be below 0.4" in said
    assert not [text for text in said if "not held" in text]


def test_a_judge_that_compares_answers_is_named_likewise(migrations: list[dict[str, Any]]) -> None:
    """A gate on comparisons of both answers is only as good as its judge, unless people compared them."""
    policy = migrations[1]
    policy["pairwise"] = {"grounded": {"by": "judge", "agreement": []}}
    assert "grounded is scored by a judge that was not held against people's scores" in cautions_of(policy)
    for found in ({"by": "people", "agreement": []}, {"by": "judge", "agreement": [{"statement": "kappa 0.7"}]}):
        policy["pairwise"] = {"grounded": found}
        assert not [text for text in cautions_of(policy) if "not held" in text]


def test_people_need_no_people_behind_them(migrations: list[dict[str, Any]]) -> None:
    """A gate on scores that people gave is not told that a judge gave them."""
    policy = migrations[1]
    policy["judged"] = ["grounded", "token_f1"]
    policy["people"] = {"grounded": None}
    assert not [text for text in cautions_of(policy) if "not held" in text]


def test_a_stale_prompt_and_more_refusals_are_named(migrations: list[dict[str, Any]]) -> None:
    """What the target's prompt was made from has changed; the target refuses more."""
    summary = migrations[2]
    summary["variants"] = [{"strategy": "rules", "filed": True, "stale": True}]
    summary["refusals"] = {"source": 1, "target": 3}
    assert cautions_of(summary) == [
        "the target refused 2 answers more than the source",
        "the target's prompt (rules) was made from a source prompt that has changed since",
    ]


def test_the_appendix_has_its_subjects(migrations: list[dict[str, Any]]) -> None:
    """Unit, tests with their sources, margins, every exclusion, and hashes are there."""
    results = sample()[0]
    found = {method.title: dict(method.facts) for method in methods_of(results, migrations[1])}
    assert list(found) == [
        "Design",
        "Tests and intervals",
        "Margins and their seal",
        "Exclusions",
        "Calls of this run",
        "Provenance",
    ]
    assert found["Design"]["unit of inference"] == "a row of the dataset, answered by both sides"
    assert found["Design"]["looks at the data"] == "one, after the last row"
    assert "intersection-union" in found["Tests and intervals"]["multiplicity"]
    assert found["Tests and intervals"]["source of tango"].startswith("T. Tango, Statistics in Medicine 17 (1998)")
    assert found["Margins and their seal"]["sealed"] == "not sealed"
    assert found["Margins and their seal"]["test_bill_goes_down"] == "skipped"
    lost = policy_errors(migrations[1])
    assert found["Exclusions"]["rows without an answer"] == f"0 of the source, {lost} of the target"
    assert "rows without both scores" in found["Exclusions"]["grounded: answers not scored"]
    assert found["Provenance"]["dataset sha256"] == "9f" * 32


def policy_errors(migration: dict[str, Any]) -> int:
    """Return the target's answers that are missing."""
    return int(migration["errors"]["target"])


def test_clusters_looks_and_seals_are_said(migrations: list[dict[str, Any]]) -> None:
    """What changes the unit, the number of looks or the margins is in the appendix."""
    results, triage = sample()[0], migrations[0]
    triage |= {"cluster": "customer", "weight": "traffic"}
    triage["gates"][0] |= {"look": {"look": 2, "of": 5, "rows": 60, "planned": 160}, "sealed_sha256": "ab" * 32}
    results["run"]["sealed"] = {"at": "2026-11-21T09:30:13+00:00", "sha256": "cd" * 32, "options": {"repeats": 1}}
    found = {method.title: dict(method.facts) for method in methods_of(results, triage)}
    assert found["Design"]["unit of inference"] == "a group of rows with the same customer"
    assert found["Design"]["looks at the data"] == "look 2 of 5"
    margins = found["Margins and their seal"]
    assert margins["sealed"].startswith("2026-11-21T09:30:13+00:00")
    assert margins["options that decide"] == "repeats 1"
    assert margins["test_routing_is_no_worse"].endswith("sealed as abababababab")
    assert "any target would pass" in margins["margins that cannot be lost"]
    for gate in triage["gates"]:
        gate["statements"] = [said for said in gate["statements"] if said["figures"]["kind"] != "non_inferior"]
    found = {method.title: dict(method.facts) for method in methods_of(results, triage)}
    assert "margins that cannot be lost" not in found["Margins and their seal"]


@pytest.mark.parametrize(
    ("key", "holds", "state"),
    [
        (None, False, "recorded, not signed"),
        ("SHA256:x", True, "signed with SHA256:x"),
        ("SHA256:x", False, "the signature with SHA256:x does not hold"),
    ],
)
def test_decisions_of_the_migration_alone(
    migrations: list[dict[str, Any]], key: str | None, state: str, *, holds: bool
) -> None:
    """Who decided what, why, until when, and whether that is signed; those on other migrations are left out."""
    said: dict[str, Any] = {
        "name": "Ada",
        "role": "QA lead",
        "decision": "approve-with-conditions",
        "reason": "fine",
        "key": key,
    }
    said |= {"conditions": "watch it", "signed_at": "2026-11-22", "expires_at": "2027-02-20", "holds": holds}
    results = {"signatures": [{**said, "migration": "triage"}, {**said, "migration": "policy"}]}
    [found] = decisions_of(results, migrations[0])
    assert (found.who, found.what, found.state) == ("Ada, QA lead", "approve with conditions", state)
    assert found.reason == "fine; conditions: watch it"
    assert found.period == "2026-11-22 until 2027-02-20"


def test_throttles_and_retries_of_each_side(migrations: list[dict[str, Any]]) -> None:
    """What a side's calls met is said where the ledger was kept; without it that is unknown, and not none."""
    results, triage = sample()[0], migrations[0]
    results["spending"].pop("traffic", None)

    def said() -> dict[str, str]:
        [found] = [found for found in methods_of(results, triage) if found.title == "Calls of this run"]
        return dict(found.facts)

    assert said() == {"source calls": "unknown", "target calls": "unknown"}
    lane = {"model": triage["target"]["ref"], "purpose": "answer", "calls": 1203, "answers": 1200, "retries": 3}
    results["spending"]["traffic"] = [{**lane, "throttled": 2}, {**lane, "purpose": "judge", "throttled": 9}]
    assert said() == {
        "source calls": "none: no answer was called for",
        "target calls": "1,203 for 1,200 answers; 3 of them retries, 2 throttled",
    }
    triage["source"]["ref"] = triage["target"]["ref"]
    assert said()["calls by side"].startswith("the same model on both sides")


def test_every_exclusion_is_told_from_the_whole_file(migrations: list[dict[str, Any]]) -> None:
    """Rows that no gate saw, what missing values do, and row tests are said: also where there is none."""
    results, triage = sample()[0], migrations[0]
    triage["row_tests"] = dict.fromkeys(triage["row_tests"], 0)
    results["run"]["sealed"] = {"at": "2026-11-21T09:30:13+00:00", "sha256": "cd" * 32}
    results["run"]["sealed"]["options"] = {"error_tolerance": 0.1}

    def said() -> dict[str, str]:
        [found] = [found for found in methods_of(results, triage) if found.title == "Exclusions"]
        return dict(found.facts)

    assert said()["rows of the file not judged"].startswith("40: of another split")
    assert "more than 10.0% of its rows cannot judge" in said()["rows without values"]
    assert said()["row tests"].startswith("none")
    triage["dataset"]["rows_in_file"] = triage["dataset"]["rows"]
    assert said()["rows of the file not judged"] == "0"


@pytest.mark.parametrize(
    ("recorded", "shown"),
    [
        ("https://github.com/acme/shop/actions/runs/12", True),
        ("javascript:alert(1)", False),
        ('https://a.example/"><script>', False),
        ("https://me:secret@a.example/x", False),
        (None, False),
    ],
)
def test_a_ci_run_is_named_where_it_is_a_plain_address(recorded: str | None, *, shown: bool) -> None:
    """What is no plain address becomes no link: neither in the first screen nor in the provenance."""
    results = sample()[0]
    results["run"]["ci"] = recorded
    found = [dict(facts_of(results, results["migrations"][0])), dict(run_provenance(results))]
    assert [facts.get("CI run") for facts in found] == [recorded if shown else None] * 2
