"""The summary in Markdown."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_llm_migrate.report import summary_markdown, write_markdown
from tests.report.hostile import HOSTILE, hostile_run
from tests.report.sample import run_of, sample

GOLDEN = Path(__file__).parent / "golden" / "summary.md"
FOLD = "[fold] "


def unfolded(text: str) -> str:
    """Return a summary whose own markup stands as words."""
    return re.sub(r"(?m)^<details><summary>([A-Za-z ]+)</summary>$", rf"{FOLD}\1", text).replace("\n</details>\n", "\n")


def test_one_migration_reads_like_this() -> None:
    """Verdict first, then warnings, gates, figures and the worst rows."""
    results, rows = sample()
    assert summary_markdown(run_of(results["migrations"][:1]), rows) == GOLDEN.read_text(encoding="utf-8")


def test_several_migrations_share_their_tables() -> None:
    """Each line names its migration, the worst verdicts stand first, and five rows are the most."""
    text = summary_markdown(*sample())
    assert text.startswith("## ❌ NO-GO: 3 migrations\n")
    gates = [line for line in text.splitlines() if " | ❌" in line or " | ⚠️" in line or " | ✅" in line]
    assert [line.split(" | ")[0] for line in gates][:2] == ["| ticket_triage", "| policy_answers"]
    assert "✅" in gates[-1]
    assert text.count("(below its bar)") == 5


def test_several_migrations_fit_one_screen() -> None:
    """Warnings are said once with whose they are, gates that are a GO are folded away, and the CI run is linked."""
    results, rows = sample()
    results["warnings"] = []
    results["run"]["ci"] = "https://github.com/acme/shop/actions/runs/12"
    for migration in results["migrations"]:
        migration["warnings"] = ["Latencies were replayed.", *(f"{migration['name']} {place}" for place in range(4))]
    first, *folded = unfolded(summary_markdown(results, rows)).split(FOLD)
    warned = [line for line in first.splitlines() if line.startswith("- ⚠️")]
    assert warned[0] == "- ⚠️ 3 migrations: Latencies were replayed."
    assert len(warned) == 6
    assert "more warnings" in warned[-1]
    assert " | ✅ GO | " not in first
    assert "ticket_triage_migrated" not in first
    assert "(below its bar)" in first
    assert "[this CI run](https://github.com/acme/shop/actions/runs/12)" in first
    assert len(first.splitlines()) < 45
    assert [part.split("\n", 1)[0] for part in folded][:3] == ["Every migration", "Every gate", "Figures"]
    assert " | ✅ GO | " in folded[1]


def test_many_gates_are_cut_short() -> None:
    """The summary stays one screen; what is left out is counted."""
    results = run_of(sample()[0]["migrations"][:1])
    migration = results["migrations"][0]
    migration["gates"] = migration["gates"] * 15
    assert "\n... and 10 more gates.\n" in summary_markdown(results)


def test_hostile_text_stays_text() -> None:
    """No tag, no table cell and no line comes out of a text; nothing links anywhere."""
    results, rows = hostile_run()
    text = summary_markdown(results, rows)
    plain = summary_markdown(*sample(sizes=(len(HOSTILE), 1, 1)))
    assert "<" not in unfolded(text)
    assert "://" not in text.replace("\\://", "")
    assert text.isprintable() or all(character.isprintable() or character == "\n" for character in text)
    widths = {line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("|")}
    assert widths == {line.count("|") for line in plain.splitlines() if line.startswith("|")}


def test_the_summary_is_written_to_a_file(tmp_path: Path) -> None:
    """The file holds what the function returns."""
    results, rows = sample(sizes=(3, 1, 1))
    write_markdown(tmp_path / "summary.md", results, rows)
    assert (tmp_path / "summary.md").read_text(encoding="utf-8") == summary_markdown(results, rows)


def test_a_plain_assertion_says_what_became_of_it() -> None:
    """A gate that states no figures has a reason in its line all the same."""
    results, rows = sample(sizes=(20, 1, 1))
    one = run_of(results["migrations"][:1])
    one["migrations"][0]["gates"][0] |= {"doc": "Plain.", "statement": "", "statements": [], "outcome": "passed"}
    [line] = [line for line in summary_markdown(one, rows).splitlines() if "| Plain. |" in line]
    assert line.endswith("| Plain. | a plain assertion, without an interval: passed |")
