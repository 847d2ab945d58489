"""The page: what stands in the file."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.errors import ReportFileError
from pytest_llm_migrate.report import write_report
from tests.report.hostile import HOSTILE, LONG_LINE, hostile_run
from tests.report.packed import rows_of
from tests.report.sample import run_of, sample

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_llm_migrate.report.figures import Record


class Parsed(HTMLParser):
    """The elements of a page: their tags, attributes and the text of each."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.elements.append((tag, dict(attrs)))
        self.texts.append(" ")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the base class names it
        """Keep the texts of two elements apart."""
        self.texts.append(" ")

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.texts.append(data)

    def all(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        """Return the attributes of every element of a tag that has these attributes."""
        return [found for name, found in self.elements if name == tag and attributes.items() <= found.items()]

    @property
    def text(self) -> str:
        """All text, its white space single."""
        return " ".join("".join(self.texts).split())


def page(path: Path, results: Record, rows: Iterable[Record]) -> str:
    """Write a page and return what the file holds."""
    write_report(path / "report.html", results, rows)
    return (path / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def believable(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of a believable run."""
    results, rows = sample()
    return page(tmp_path_factory.mktemp("page"), results, iter(rows))


def test_the_verdict_comes_first(believable: str) -> None:
    """Title, warnings, the run's verdict, the index and each migration stand in this order."""
    assert "<title>NO-GO: 3 migrations</title>" in believable
    texts = ["recorded in production", "3 migrations</h1>", '<a href="#m1">ticket_triage</a>', 'id="m1"', 'id="m3"']
    places = [believable.index(text) for text in texts]
    assert places == sorted(places)


def test_a_single_migration_needs_no_index(tmp_path: Path) -> None:
    """Its name is the page's heading."""
    results, rows = sample(sizes=(5, 1, 1))
    html = page(tmp_path, run_of(results["migrations"][:1]), rows)
    assert '<h1 id="m1-name">ticket_triage</h1>' in html
    assert 'class="stack index"' not in html
    assert "call/1" not in html


def test_warnings_stand_above_the_verdict(believable: str) -> None:
    """What weakens a verdict is read before it."""
    second = believable[believable.index('id="m2"') :]
    assert second.index("target rows have no answer") < second.index("NOT ENOUGH EVIDENCE by its gates")


def test_gates_show_statement_detail_and_drawing(believable: str) -> None:
    """A gate says what it found, folds the statistician's sentence, and draws it with words for those who see none."""
    text = Parsed(believable).text
    assert "Routing holds within three points." in text
    assert "these rows neither show nor rule out a loss of 0.02" in text
    assert re.search(r"For the statistician grounded.non_inferior\(margin=0.02\) n=\d+; estimate", text)
    assert re.search(r"Estimate -\d+.\d pp, limits \[.*?\]; to pass it must be above -2.0 pp.", text)


def test_metrics_of_different_scales_have_axes_of_their_own(tmp_path: Path) -> None:
    """Half a star does not squeeze the drawing of a loss of some per cent."""
    results, _ = sample(sizes=(60, 1, 1))
    alone = page(tmp_path, run_of(results["migrations"][:1]), [])
    metrics = results["migrations"][0]["metrics"]
    metrics["stars"] = {**metrics["exact_match"], "delta": 1.5, "interval": [-2.0, 3.0]}
    results["migrations"][0]["bounds"] = {"stars": [1, 5]}
    html = page(tmp_path, run_of(results["migrations"][:1]), [])
    drawings = re.findall(r'<svg class="interval"[^>]*width="150".*?</svg>', html, re.DOTALL)
    assert drawings[0] in alone
    assert "Change +1.5, interval [-2, +3]." in drawings[1]


def test_unknown_figures_are_called_unknown(believable: str) -> None:
    """Costs that nobody knows are neither zero nor missing; no number is NaN."""
    third = Parsed(believable[believable.index('id="m3"') :]).text
    assert "cost of 1,000 rows unknown no row has it on either side" in third
    assert "Not known on either side of any row: cost." in third
    assert "cost unknown" in rows_of(believable)[2][0]["T"]["w"]
    assert not re.search(r"\b(nan|inf|None)\b", third)


def test_rows_are_shown_worst_first(believable: str) -> None:
    """Broken rows lead, then those without an answer, without a score, wrong, fixed, right and held."""
    for rows in rows_of(believable):
        outcomes = [row["c"][0] for row in rows]
        assert outcomes == sorted(outcomes, key="benwfrh".index)
        assert outcomes


def test_a_row_has_both_answers_and_what_they_took(believable: str) -> None:
    """Input, ground truth, answers, scores with reasons, checks, tokens, time, cost and stop reason are there."""
    row = next(row for row in rows_of(believable)[0] if row["id"] == "T-003")
    assert (row["c"], row["b"], row["m"]) == ("bb", True, "exact_match 1 → 0")
    assert [label for label, _ in row["i"]] == ["channel", "ticket"]
    assert row["S"]["t"] == row["r"]
    assert row["S"]["s"] == [["exact_match 1", ""]]
    assert re.fullmatch(
        r"\d+ ms · first token \d+ ms · \d+ in \+ \d out tokens · \$.* · end_turn · kept .*", row["S"]["w"]
    )
    assert row["T"]["s"][0][1].startswith("expected ")
    check = [False, "target exact_match 0 >= 1 (source exact_match)"]
    assert row["t"] == [["test_ticket_is_routed", "failed", row["t"][0][2], [check]]]


def test_a_failed_call_has_its_error(believable: str) -> None:
    """A side without an answer is no empty answer."""
    errors = {row["T"]["e"] for row in rows_of(believable)[1] if row["T"]["t"] is None}
    assert errors == {"throttled: Too many requests, please wait before trying again."}


def test_prompts_and_origin_are_there(believable: str) -> None:
    """Both prompts in full, hashes, versions, the command, the commit and the price list can be read."""
    text = Parsed(believable).text
    for expected in (
        "Answer with exactly one word",
        "9f9f9f",
        "boto3 1.42.7",
        "--target-model",
        "5d1f0a7c9be2",
        "as of 2026-11-03",
    ):
        assert expected in text


def test_sections_of_plugins_are_shown_as_text(tmp_path: Path) -> None:
    """A table and a text of a plugin are there, a missing cell is unknown, and markup is not obeyed."""
    results, _ = sample(sizes=(3, 1, 1))
    table = {"title": "Reviewers", "columns": ["who", "agreed"], "rows": [["M. Okafor", 0.95], ["S. Lindt", None]]}
    results["sections"] = [table, {"title": "Note", "text": "<b>bold</b>"}]
    parsed = Parsed(page(tmp_path, results, []))
    assert "Reviewers who agreed M. Okafor 0.95 S. Lindt unknown Note <b>bold</b>" in parsed.text


def test_the_page_allows_only_its_own_style_and_script(believable: str) -> None:
    """The policy names the hashes of the one style and the one script, and nothing else may load or run."""
    parsed = Parsed(believable)
    [policy] = [
        found["content"] for found in parsed.all("meta") if found.get("http-equiv") == "Content-Security-Policy"
    ]
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        [inside] = re.findall(f"<{tag}>(.*?)</{tag}>", believable, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{rule} 'sha256-{digest}'" in str(policy)
    assert str(policy).startswith("default-src 'none';")
    assert "unsafe" not in str(policy)


def test_nothing_on_the_page_points_outside_it(believable: str) -> None:
    """Every address is a place on the page or empty data, and no attribute runs or styles anything."""
    for tag, found in Parsed(believable).elements:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            assert str(found.get(name, "#")).startswith(("#", "data:,")), (tag, found)
        assert not [name for name in found if name == "style" or name.startswith("on")], (tag, found)


def test_ids_are_unique_and_links_lead_somewhere(believable: str) -> None:
    """Every link and label on the page has its one target."""
    parsed = Parsed(believable)
    ids = [found["id"] for _, found in parsed.elements if "id" in found]
    assert len(ids) == len(set(ids))
    links = {str(found["href"])[1:] for found in parsed.all("a")}
    labels = {found["aria-labelledby"] for _, found in parsed.elements if "aria-labelledby" in found}
    assert links | labels <= set(ids)


def test_hostile_text_is_only_text(tmp_path: Path) -> None:
    """The page of a hostile run has the elements that our templates have, and shows every text."""
    results, rows = hostile_run()
    html = page(tmp_path, results, rows)
    parsed = Parsed(html)
    assert len(parsed.all("script")) == 1 + len(parsed.all("script", type="text/plain"))
    assert len(parsed.all("style")) == 1
    assert not parsed.all("img")
    assert not [
        found for _, found in parsed.elements if any(name.startswith("on") or name == "style" for name in found)
    ]
    answers = [row["T"]["t"] or row["T"]["e"] for row in rows_of(html)[0]]
    assert any(HOSTILE[1] in answer for answer in answers)
    for shown in (
        r"\x00\x1b[31mred\x1b[0m\x07\x9b2J",
        r"safe \u202efdp.exe\u202c",
        r"half \ud83d of a pair",
        "{{ 7 * 7 }}",
    ):
        assert shown in parsed.text
        assert any(shown in answer for answer in answers)
    assert all(character.isprintable() or character in "\n\t" for character in html)


def test_a_very_long_text_is_cut_and_says_so(tmp_path: Path) -> None:
    """The page has the beginning, and sends readers to rows.jsonl for the far end."""
    results, rows = hostile_run()
    html = page(tmp_path, results, rows)
    assert len(html) < len(LONG_LINE)
    answers = [row["T"]["t"] or "" for row in rows_of(html)[0]]
    assert any(answer.endswith("… 980,000 characters more stand in rows.jsonl.") for answer in answers)
    assert max(map(len, answers)) < 21_000


def test_records_without_what_is_optional_make_a_page(tmp_path: Path) -> None:
    """Older or sparser records, with unknown prices, prompts and times, are shown as far as they go."""
    results, rows = sample(sizes=(3, 3, 1))
    migration = results["migrations"][0]
    for name in ("bounds", "row_failures", "ttft", "latency", "cost", "tokens"):
        migration.pop(name)
    for side in ("source", "target"):
        migration[side] = {"ref": "recorded", "prompt": None}
        migration["errors"] = {"source": 0, "target": 0}
    migration["gates"][0]["statements"][0]["figures"] = {"kind": "none"}
    del results["sections"], results["spending"], results["warnings"]
    rows[0]["source"] = {"text": "", "scores": {"exact_match": None}, "failures": {}}
    rows[0] |= {"reference": None, "flips": {}, "tests": []}
    html = page(tmp_path, results, rows)
    assert "no prompt file: each row brought its own prompt, or its answers" in Parsed(html).text
    row = next(row for row in rows_of(html)[0] if row["id"] == rows[0]["sample_id"])
    assert row["m"].startswith("exact_match none → ")
    assert (row["S"]["t"], row["r"]) == ("", None)


def test_a_run_without_migrations_makes_a_page(tmp_path: Path) -> None:
    """It says that nothing was judged."""
    html = page(tmp_path, run_of([], verdict=None), [])
    assert "No verdict: 0 migrations" in html
    assert "No migration was judged in this run." in html


def test_a_migration_without_gates_metrics_and_rows_makes_a_page(tmp_path: Path) -> None:
    """What is not there is said, not left blank."""
    migration = sample(sizes=(3, 1, 1))[0]["migrations"][2]
    empty: dict[str, Any] = {"metrics": {}, "gates": [], "verdict": None, "heading": "No gate judged this migration."}
    unknown = dict.fromkeys(("latency", "ttft", "input_tokens", "output_tokens", "tokens", "cost"))
    text = Parsed(page(tmp_path, run_of([{**migration, **empty, **unknown}], None), [])).text
    for expected in (
        "NO VERDICT",
        "No metric was asked for.",
        "Neither times, tokens nor costs",
        "No row was recorded.",
    ):
        assert expected in text


def test_rows_are_taken_one_by_one(tmp_path: Path) -> None:
    """Rows may come from a generator, in any order of migrations; those of no migration are left out."""
    results, rows = sample(sizes=(4, 4, 4))
    stray: list[dict[str, Any]] = [{**rows[0], "migration": "gone", "sample_id": "stray"}]
    html = page(tmp_path, results, (row for row in [*stray, *reversed(rows)]))
    assert sum(map(len, rows_of(html))) == 12
    assert "stray" not in {row["id"] for found in rows_of(html) for row in found}


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A report that cannot be written is one clear sentence."""
    with pytest.raises(ReportFileError, match=r"cannot write .*report\.html: No such file or directory"):
        write_report(tmp_path / "none" / "report.html", run_of([], None), [])


def test_slices_show_their_adjusted_p_values(tmp_path: Path, believable: str) -> None:
    """A slice that was tested has its p-value, with what it means, and where none was there is no such column."""
    results, rows = sample()
    groups = next(run["slice_metrics"] for run in results["migrations"] if run["slice_metrics"])
    for group, p in zip(groups, [0.0004, None], strict=False):
        for metric in group["metrics"].values():
            metric |= {"p": p, "p_holm": p}
    found = page(tmp_path, results, iter(rows))
    assert '<td data-label="p (Holm)">&lt; 0.001</td>' in found
    assert '<td data-label="p (Holm)">-</td>' in found
    assert "adjusted by Holm" in found
    assert "(Holm)" not in believable
