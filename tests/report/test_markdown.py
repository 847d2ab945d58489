"""The summary in Markdown."""

from __future__ import annotations

from pathlib import Path

from pytest_llm_migrate.report import summary_markdown, write_markdown
from tests.report.hostile import HOSTILE, hostile_run
from tests.report.sample import run_of, sample

GOLDEN = Path(__file__).parent / "golden" / "summary.md"


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
    assert "<" not in text
    assert "://" not in text.replace("\\://", "")
    assert text.isprintable() or all(character.isprintable() or character == "\n" for character in text)
    widths = {line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("|")}
    assert widths == {line.count("|") for line in plain.splitlines() if line.startswith("|")}


def test_the_summary_is_written_to_a_file(tmp_path: Path) -> None:
    """The file holds what the function returns."""
    results, rows = sample(sizes=(3, 1, 1))
    write_markdown(tmp_path / "summary.md", results, rows)
    assert (tmp_path / "summary.md").read_text(encoding="utf-8") == summary_markdown(results, rows)
