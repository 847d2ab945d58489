"""What changed in the rows that broke, and suspect ground truth, as text."""

from __future__ import annotations

from typing import Any

from pytest_llm_migrate.report import summary_markdown, terminal_lines
from pytest_llm_migrate.report.error_groups import broken_rows
from pytest_llm_migrate.report.gold_audits import gold_audit_of
from pytest_llm_migrate.report.redaction import redacted_results, redacted_row
from pytest_llm_migrate.report.text import columns
from tests.report.sample import run_of, sample
from tests.report.test_schemas import validator

HOSTILE = "r|1</td>\x1b[2J@team"


def group(change: str, rows: int, share: float, others: float | None = 0.1, lift: float | None = 2.5) -> dict[str, Any]:
    """Return a group's record."""
    known = {"share": others, "interval": None, "confidence": None}
    return {
        "change": change,
        "kind": "format",
        "rows": rows,
        "main": rows,
        "share": share,
        "interval": [0.1, 0.9],
        "confidence": 0.95,
        "examples": [HOSTILE],
        "others": {"rows": 2, **known},
        "lift": lift,
    }


def verdict(without: str | None, now: str = "NO-GO") -> dict[str, Any]:
    """Return a gate's record of an audit."""
    about = {"nodeid": "t.py::test", "gate": "m.at_least(0.9)", "metric": "m", "rows": "all"}
    return about | {"with": now, "without": without, "statement": "It is 1.000."}


def migrated(groups: list[dict[str, Any]], verdicts: list[dict[str, Any]], suspects: int = 1) -> dict[str, Any]:
    """Return a run of one migration with these groups and verdicts."""
    results, _ = sample(sizes=(3, 1, 1))
    rows = [
        {"sample_id": f"{place}{HOSTILE}", "metrics": ["m"], "reason": "both say 'secret'", "marked_by": []}
        for place in range(suspects)
    ]
    record = results["migrations"][0] | {
        "error_groups": {
            "m": {"broke": 4, "others": 9, "groups": groups},
            "n": {"broke": 0, "others": 9, "groups": []},
        },
        "gold_audit": {"rows": rows, "verdicts": verdicts},
    }
    return run_of([record])


def test_shares_of_both_stand_side_by_side() -> None:
    """A metric in which rows broke has its groups; the sentence names three, each beside the others' share."""
    shares = [(0.1, 2.5), (0.0, None), (None, None), (0.5, 0.5)]
    groups = [group(f"c{place}", 3, 0.75, *found) for place, found in enumerate(shares)]
    [broken] = broken_rows(migrated(groups, [])["migrations"][0])
    assert [(found.others, found.lift) for found in broken.groups] == [
        ("10.0%", "x2.50"),
        ("0.0%", "only in broken rows"),
        ("unknown", "unknown"),
        ("50.0%", "x0.50"),
    ]


def test_a_change_is_said_in_rows_and_not_in_shares() -> None:
    """A reader sees in how many rows that broke something changed, and in how many that did not."""
    groups = [
        group("number changed", 4, 1.0),
        group("other", 1, 0.25),
        group("refused", 3, 0.75),
        group("longer", 1, 1),
    ]
    groups[1]["others"]["rows"], groups[2]["others"]["rows"] = 0, 9
    [broken] = broken_rows(migrated(groups, [])["migrations"][0])
    assert broken.sentence == (
        "m: 4 of 13 rows broke; in all 4: number changed (also in 2 of the 9 rows that did not break); "
        "in 1 of them: something else changed (in none of the 9 rows that did not break); "
        "in 3 of them: refused (also in all the 9 rows that did not break); "
        "in 1 of them: longer (also in 2 of the 9 rows that did not break)"
    )
    [broken] = broken_rows(migrated([*groups, group("shorter", 1, 1)], [])["migrations"][0])
    assert broken.sentence.endswith("rows that did not break); 2 more kinds of change")


def test_one_broken_row_or_no_other_row_reads_as_well() -> None:
    """Nothing is said of other rows where there are none."""
    run = migrated([group("refused", 1, 1.0)], [])["migrations"][0]
    run["error_groups"]["m"] |= {"broke": 1, "others": 0}
    [broken] = broken_rows(run)
    assert broken.sentence == "m: 1 of 1 row broke; in it: refused"


def test_an_audit_says_what_would_change() -> None:
    """Gates whose verdict differs are named; where none does, that is said."""
    [record] = migrated([], [verdict("GO"), verdict(None), verdict("NO-GO")], suspects=5)["migrations"]
    audit = gold_audit_of(record)
    assert audit is not None
    assert audit.sentence.startswith("5 rows with suspect ground truth: 0")
    assert "and 2 more; without them m.at_least(0.9) is GO, not NO-GO, " in audit.sentence
    assert audit.gates[1].without == "no row is left"
    assert audit.sentence.endswith(", no row is left for m.at_least(0.9)")
    same = gold_audit_of(migrated([], [verdict("NO-GO")])["migrations"][0])
    assert same is not None
    assert same.sentence.endswith("; without it every gate on a metric says the same")
    bare = gold_audit_of(migrated([], [])["migrations"][0])
    assert bare is not None
    assert bare.gates == []


def test_nothing_is_said_of_older_records() -> None:
    """Records without an analysis, or without a suspect row, show none."""
    [record, *_] = sample(sizes=(3, 1, 1))[0]["migrations"]
    assert broken_rows(record) == []
    assert gold_audit_of(record) is None
    assert gold_audit_of(migrated([], [], suspects=0)["migrations"][0]) is None


def test_ids_cannot_break_a_table_or_a_screen() -> None:
    """Whatever a row is called, tables keep their columns and lines their width."""
    results = migrated([group("fence gained", 3, 0.75)], [verdict("GO")])
    validator("results").validate(results)
    lines = [line for line in summary_markdown(results).splitlines() if "fence gained" in line]
    assert lines == ["| m | fence gained | 3 | 75.0% \\[10.0%, 90.0%\\] | 10.0% | x2.50 | " + lines[0].split(" | ")[6]]
    assert "</td>" not in lines[0]
    shown = terminal_lines(results, 80)
    assert max(columns(line.text) for line in shown) <= 80
    assert all(line.text.isprintable() for line in shown)


def test_a_redacted_edition_quotes_no_answer() -> None:
    """Details of changes and reasons of suspects may quote answers, and so are replaced."""
    assert "secret" not in str(redacted_results(migrated([], [], suspects=2)))
    row = sample(sizes=(1, 1, 1))[1][0] | {"changes": [{"change": "claim added", "detail": "secret"}]}
    [change] = redacted_row(row)["changes"]
    assert change["change"] == "claim added"
    assert change["detail"].startswith("[6 characters")
