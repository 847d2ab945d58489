"""How the text of a file is encoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.errors import DatasetError

if TYPE_CHECKING:
    from tests.datasets.conftest import Reader

TEXT = "id,question\nA,Größe… 日本?\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_files_are_read_with_and_without_a_mark(read: Reader, encoding: str) -> None:
    """UTF-8 needs no mark, UTF-16 has one, and the mark is part of no column's name."""
    dataset = read("rows.csv", TEXT.encode(encoding))
    assert dataset.rows[0]["question"] == "Größe… 日本?"
    assert dataset.columns[0] == "sample_id"
    assert dataset.warnings == ()


def test_big_endian_utf_16_is_read(read: Reader) -> None:
    """The mark says in which order the bytes stand."""
    dataset = read("rows.jsonl", b"\xfe\xff" + '{"id": "Ä"}\n'.encode("utf-16-be"))
    assert dataset.rows[0].sample_id == "Ä"


def test_an_older_windows_file_is_read_with_a_warning(read: Reader) -> None:
    """What is not UTF-8 is read as cp1252, and the warning says where the first such byte stands."""
    dataset = read("rows.csv", "id,question\nA,x\nB,Größe… 5 €\n".encode("cp1252"))
    assert dataset.rows[1]["question"] == "Größe… 5 €"
    assert dataset.warnings == (
        "rows.csv:3: byte 0xf6 at offset 20 is not UTF-8, so the file was read as cp1252. Save the file as UTF-8.",
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"id,q\nA,\x81\n",
            (
                "rows.csv:2: byte 0x81 at offset 7 is not UTF-8, and byte 0x81 at offset 7 not cp1252. "
                "Save the file as UTF-8."
            ),
        ),
        (
            "id,q\nA,Á\nB,\xff".encode() + b"\xe9",
            (
                "rows.csv:3: byte 0xe9 at offset 14 is not UTF-8, and byte 0x81 at offset 8 not cp1252. "
                "Save the file as UTF-8."
            ),
        ),
        (
            b"\xff\xfei\x00d\x00\n\x00\x00\xd8\n\x00",
            "rows.csv:2: byte 0x00 at offset 8 is not UTF-16, as the file's mark says. Save the file as UTF-8.",
        ),
        (
            "id\nA\n".encode("utf-16-le"),
            "rows.csv: this is no text that can be read: its first characters hold NUL. Save the file as UTF-8.",
        ),
        (
            "\ufeffid\nA\n".encode("utf-32-le"),
            "rows.csv: this is no text that can be read: its first characters hold NUL. Save the file as UTF-8.",
        ),
    ],
)
def test_bytes_that_are_no_text_are_told_with_their_position(read: Reader, content: bytes, message: str) -> None:
    """A file that no encoding fits is refused, never guessed at."""
    with pytest.raises(DatasetError) as caught:
        read("rows.csv", content)
    assert str(caught.value) == message


def test_positions_are_right_in_large_files(read: Reader) -> None:
    """A character cut by the end of a chunk is whole, and a fault far into the file keeps its line and offset."""
    head = b"id,q\n"
    filler = b"x" * ((1 << 20) - len(head) - 3) + "é€".encode() + b"\n"
    start = head + b"A," + filler
    dataset = read("rows.csv", start + b"B," + b"\xe9\n")
    assert dataset.warnings[0].startswith(f"rows.csv:3: byte 0xe9 at offset {len(start) + 2} is not UTF-8")


def test_a_nul_inside_a_text_is_kept(read: Reader) -> None:
    """A cell may hold any character."""
    assert read("rows.csv", "id,q\nA,x\0y\n").rows[0]["q"] == "x\0y"
