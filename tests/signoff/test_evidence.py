"""Evidence: what a run left, and what of it changed."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pytest_llm_migrate.errors import ReportFileError, RunFolderError
from pytest_llm_migrate.signoff import read_evidence, verify, write_evidence
from pytest_llm_migrate.signoff.evidence import FILES
from pytest_llm_migrate.signoff.tree import Tree
from tests.signoff.stored import NOW, approve, leave_evidence, person, records

if TYPE_CHECKING:
    from collections.abc import Callable

LEFT = ("results.json", "rows.jsonl", "sealed.json", "latency.jsonl", "report.html", "summary.md")


def validator(name: str) -> Draft202012Validator:
    """Return the validator of a schema of this room."""
    path = resources.files("pytest_llm_migrate.signoff") / "schemas" / f"{name}.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def said_of(run: Path) -> list[str]:
    """Return what a verification says that changed."""
    return [change.sentence for change in verify(run, signers=None, now=NOW).changes]


def merkle(leaves: list[bytes]) -> bytes:
    """Return the root of RFC 6962, section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + merkle(leaves[:k]) + merkle(leaves[k:])).digest()


@given(leaves=st.lists(st.text(st.characters(codec="utf-8")), max_size=40))
def test_the_tree_is_that_of_rfc_6962(leaves: list[str]) -> None:
    """A tree grown leaf by leaf has the root of the standard's definition."""
    tree = Tree()
    for leaf in leaves:
        tree.add(leaf)
    assert tree.root() == merkle([leaf.encode() for leaf in leaves]).hex()


def test_evidence_covers_every_file_and_row_and_fits_its_schema(run: Path) -> None:
    """Each file has its hash, each row its own, and an untouched run has no change."""
    record = json.loads((run / "evidence.json").read_bytes())
    validator("evidence").validate(record)
    evidence = read_evidence(run)
    assert list(evidence.hashes) == list(LEFT)
    assert evidence.hashes == {name: hashlib.sha256((run / name).read_bytes()).hexdigest() for name in LEFT}
    lines = (run / "rows.jsonl").read_bytes().splitlines()
    assert [row.sha256 for row in evidence.rows] == [hashlib.sha256(line).hexdigest() for line in lines]
    assert evidence.root == record["root"] == leave_evidence(run)
    assert said_of(run) == []


def test_the_root_is_made_as_the_schema_says(run: Path) -> None:
    """Anybody can compute both roots from the text of the file."""
    text = (run / "evidence.json").read_text("ascii")
    record = json.loads(text)
    rows, files = (text.partition(f'"{part}": [\n')[2].partition("\n]")[0].split("\n") for part in ("rows", "files"))
    assert record["rows_root"] == merkle([line.rstrip(",").encode() for line in rows]).hex()
    head = text.removeprefix("{\n").partition(',\n"rows"')[0]
    leaves = [head, record["rows_root"], *(line.rstrip(",") for line in files)]
    assert record["root"] == merkle([leaf.encode() for leaf in leaves]).hex()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_flipped_byte_is_named(stored: Path, data: st.DataObject) -> None:
    """Whichever byte of whichever file becomes another one, the file is named, and in the rows the row too."""
    with tempfile.TemporaryDirectory() as name:
        run = Path(name) / "run"
        shutil.copytree(stored, run)
        approve(run, person())
        files = [*LEFT, "evidence.json", "signatures/1.json"]
        file = data.draw(st.sampled_from(files))
        content = bytearray((run / file).read_bytes())
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= data.draw(st.integers(1, 255))
        line = bytes(content[:place]).count(b"\n")
        (run / file).write_bytes(content)
        try:
            found = verify(run, signers=None, now=NOW)
        except RunFolderError as error:
            refusal = str(error)
        else:
            refusal = ""
    if refusal:
        assert file == "evidence.json"
        assert "evidence.json was changed" in refusal
        return
    assert not found.holds
    faults = [standing.sentence for _, standing in found.signoffs if not standing.holds]
    assert any(change.file == file for change in found.changes) or (file == "signatures/1.json" and faults)
    if file == "rows.jsonl":
        named = {change.sample_id for change in found.changes}
        flipped = [row["sample_id"] for row in records()[1]][: line + 1][-1]
        assert flipped in named


SAMPLE_IDS = [row["sample_id"] for row in records()[1]]


def removed(lines: list[bytes]) -> list[bytes]:
    """Return lines without the second."""
    return [lines[0], *lines[2:]]


def added(lines: list[bytes]) -> list[bytes]:
    """Return lines with a row that was not there."""
    return [*lines, lines[0].replace(SAMPLE_IDS[0].encode(), b"NEW-1")]


def edited(lines: list[bytes]) -> list[bytes]:
    """Return lines with another outcome in the third."""
    row = json.loads(lines[2])
    row["target"] = {"error": {"kind": "x", "message": "y"}}
    return [*lines[:2], json.dumps(row).encode(), *lines[3:]]


def swapped(lines: list[bytes]) -> list[bytes]:
    """Return lines of which the first two changed places."""
    return [lines[1], lines[0], *lines[2:]]


def exchanged(lines: list[bytes]) -> list[bytes]:
    """Return lines of which the first two have each other's answers."""
    first, second = json.loads(lines[0]), json.loads(lines[1])
    first["target"], second["target"] = second["target"], {**first["target"], "cached": True}
    return [json.dumps(first).encode(), json.dumps(second).encode(), *lines[2:]]


def repeated(lines: list[bytes]) -> list[bytes]:
    """Return lines with the first one twice."""
    return [lines[0], *lines]


def nonsense(lines: list[bytes]) -> list[bytes]:
    """Return lines with one that is no row."""
    return [*lines, b"\xff{"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (removed, [("missing", SAMPLE_IDS[1])]),
        (added, [("added", "NEW-1")]),
        (edited, [("changed", SAMPLE_IDS[2])]),
        (swapped, [("moved", SAMPLE_IDS[0]), ("moved", SAMPLE_IDS[1])]),
        (exchanged, [("changed", SAMPLE_IDS[0]), ("changed", SAMPLE_IDS[1])]),
        (repeated, [("added", SAMPLE_IDS[0])]),
        (nonsense, [("added", None)]),
    ],
)
def test_rows_that_changed_are_named(
    run: Path, change: Callable[[list[bytes]], list[bytes]], said: list[tuple[str, str | None]]
) -> None:
    """A row that is gone, new, edited or elsewhere is named by its sample id, and no other one is."""
    lines = (run / "rows.jsonl").read_bytes().splitlines()
    (run / "rows.jsonl").write_bytes(b"".join(line + b"\n" for line in change(lines)))
    found = verify(run, signers=None, now=NOW).changes
    assert sorted((each.kind, each.sample_id) for each in found) == sorted(said)
    assert {each.file for each in found} == {"rows.jsonl"}


def test_line_ends_that_changed_are_named(run: Path) -> None:
    """A file of which no row changed is still another one."""
    (run / "rows.jsonl").write_bytes((run / "rows.jsonl").read_bytes().removesuffix(b"\n"))
    assert said_of(run) == ["rows.jsonl was changed or replaced"]


def test_files_that_are_gone_or_new_are_named(run: Path) -> None:
    """A missing file, one that was replaced, and one that the run never left."""
    (run / "summary.md").unlink()
    (run / "report.html").write_text("<p>GO</p>")
    (run / "report.redacted.html").write_text("<p>GO</p>")
    assert sorted(said_of(run)) == [
        "report.html was changed or replaced",
        "report.redacted.html was added: the run left no such file",
        "summary.md is missing",
    ]


def test_evidence_that_contradicts_itself_is_named(run: Path) -> None:
    """A hash that was written over no longer makes the root."""
    text = (run / "evidence.json").read_text()
    root = read_evidence(run).root
    (run / "evidence.json").write_text(text.replace(root, "0" * 64))
    assert said_of(run) == ["evidence.json was changed: its own hashes do not make its root"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: record.pop("files"),
        lambda record: record.update(files=[{"path": "../../secret", "bytes": 1, "sha256": "0" * 64}]),
        lambda record: record.update(rows=[[99, "a", "b"]]),
        lambda record: record.update(rows=[["a"]]),
        lambda record: record.update(migrations=7),
    ],
)
def test_evidence_that_is_none_is_refused(run: Path, spoil: Callable[[dict[str, Any]], object]) -> None:
    """What cannot be read as evidence is said to be changed; no file outside the run is ever looked at."""
    record = json.loads((run / "evidence.json").read_bytes())
    spoil(record)
    (run / "evidence.json").write_text(json.dumps(record))
    with pytest.raises(RunFolderError, match=r"its evidence\.json was changed, and cannot be read"):
        verify(run, signers=None, now=NOW)


def test_a_folder_without_evidence_is_refused(tmp_path: Path) -> None:
    """The sentence names the file that is missing, and what a run's folder looks like."""
    with pytest.raises(RunFolderError, match=r"it has no evidence\.json .*Name a run's folder"):
        read_evidence(tmp_path)


def test_hostile_names_survive(tmp_path: Path) -> None:
    """Ids of any characters, halves of surrogate pairs among them, are kept apart and found again."""
    ids = ["\ud83d", '"],', "a\nb", "\x00\x1b[31m", ""]
    lines = [json.dumps({"migration": "é\ud83d", "sample_id": name}) for name in ids]
    (tmp_path / "rows.jsonl").write_text("".join(f"{line}\n" for line in lines))
    write_evidence(tmp_path, "run", ["é\ud83d"], [("é\ud83d", name) for name in ids])
    assert [row.sample_id for row in read_evidence(tmp_path).rows] == ids
    (tmp_path / "rows.jsonl").write_text("".join(f"{line}\n" for line in lines[1:]))
    (change,) = verify(tmp_path, signers=None, now=NOW).changes
    assert (change.kind, change.sample_id) == ("missing", "\ud83d")


def test_evidence_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """Without rows there is nothing to hash, and nothing is left behind."""
    with pytest.raises(ReportFileError, match=r"cannot write .*evidence\.json"):
        write_evidence(tmp_path, "run", [], [])
    assert list(tmp_path.iterdir()) == []


def test_the_schema_names_the_files() -> None:
    """The schema has the files that count as evidence."""
    schema: Any = validator("evidence").schema
    assert tuple(schema["properties"]["files"]["items"]["properties"]["path"]["enum"]) == FILES
