"""The section of verdicts at the end of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llm_migrate.report import Line, terminal_lines
from pytest_llm_migrate.report.cautions import cautions_of
from pytest_llm_migrate.report.text import columns
from tests.report.hostile import hostile_run
from tests.report.sample import run_of, sample

GOLDEN = Path(__file__).parent / "golden" / "terminal.txt"


def test_one_migration_reads_like_this() -> None:
    """Verdict, route, rows, gates, figures, worst rows, money and paths, in 80 columns."""
    results, rows = sample()
    one = run_of(results["migrations"][:1])
    lines = terminal_lines(one, rows=rows, report="out/report.html", folder="out")
    assert "".join(f"{line.text}\n" for line in lines) == GOLDEN.read_text(encoding="utf-8")


def test_several_migrations_begin_with_an_index() -> None:
    """Each has one line with its verdict in words, its gates and its rows below their bar."""
    lines = terminal_lines(sample()[0])
    assert [line.text.split()[0] for line in lines[:4]] == ["verdict", "NO-GO", "NOT", "GO"]
    assert lines[1] == Line("NO-GO               ticket_triage -> us.amazon.nova-l…  1 of 2 GO             55", "red")
    assert lines[4].text == ""


def test_every_colour_has_its_word() -> None:
    """A line is green, red, yellow or purple only where the verdict or a warning stands in words."""
    results, rows = sample()
    results["migrations"][1]["verdict"] = "CANNOT JUDGE"
    words: dict[str, str | tuple[str, ...]] = {
        "green": "GO",
        "red": "NO-GO",
        "yellow": ("NOT ENOUGH EVIDENCE", "warning", "  "),
        "purple": "CANNOT JUDGE",
    }
    coloured = [line for line in terminal_lines(results, rows=rows) if line.style not in {None, "bold"}]
    assert {line.style for line in coloured} == {"green", "red", "yellow", "purple"}
    assert all(line.text.strip().startswith(words[str(line.style)]) or line.text[0] == " " for line in coloured)


@pytest.mark.parametrize("width", [20, 80, 300])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """Whatever a text holds, a line fits, down to a least width and up to a readable one."""
    results, rows = hostile_run()
    lines = terminal_lines(results, width, rows=rows)
    assert max(columns(line.text) for line in lines) <= min(max(width, 60), 110)


def test_hostile_text_cannot_move_the_cursor() -> None:
    """Controls and marks that turn text arrive as escapes, and no text adds a line."""
    results, rows = hostile_run()
    text = "\n".join(line.text for line in terminal_lines(results, rows=rows, report="a\x1b[2Jb"))
    assert all(character.isprintable() or character == "\n" for character in text)
    assert r"\x1b[31mred" in text
    assert r"a\x1b[2Jb" in text


def test_what_the_page_warns_of_is_warned_of() -> None:
    """Cautions that only the figures tell stand behind the run's own warnings, in lines that fit."""
    results, _ = sample()
    migration = results["migrations"][0]
    migration["refusals"] = {"source": 0, "target": 3}
    lines = terminal_lines(run_of([migration]) | {"warnings": []})
    said = " ".join(line.text.strip() for line in lines if line.style == "yellow")
    assert said == " ".join(f"warning: {caution}" for caution in cautions_of(migration))
    assert said.endswith("warning: the target refused 3 answers more than the source")


def test_of_many_warnings_a_handful_is_shown() -> None:
    """Six are all said; of more the first five, and how many the report has beside them."""
    results, _ = sample()
    migration = results["migrations"][0]
    migration["warnings"] = [f"warning {number}" for number in range(9)]
    lines = [line.text for line in terminal_lines(run_of([migration])) if line.style == "yellow"][:6]
    more = len(cautions_of(migration)) - 5
    assert lines == [
        *(f"  warning: warning {place}" for place in range(5)),
        f"  ... and {more} more warnings in the report",
    ]


def test_at_most_three_rows_are_named() -> None:
    """The worst rows come with an id and a reason; the report has the others."""
    results, rows = sample()
    lines = [line.text for line in terminal_lines(run_of(results["migrations"][:1]), rows=rows)]
    after = lines[lines.index("  worst rows") + 1 :]
    assert len([line for line in after if line.startswith("  T-")]) == 3


def test_a_gate_without_a_verdict_says_why() -> None:
    """A skipped gate is no GO."""
    lines = terminal_lines(sample()[0])
    assert Line("  NO VERDICT: test_bill_goes_down (skipped)") in lines


def test_a_run_that_judged_nothing_has_little_to_say() -> None:
    """Without migrations there are no tables, and no money is made up."""
    results = {**run_of([], verdict=None), "warnings": []}
    assert terminal_lines({**results, "spending": None}) == [Line("paid for in this run: unknown")]
