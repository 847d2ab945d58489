"""Images and documents that a row's columns name."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import Attachment, Row
from pytest_llm_migrate.domain.attachment import LIMITS
from pytest_llm_migrate.errors import (
    AttachmentError,
    HiddenColumnError,
    MissingValueError,
    PromptOptionError,
    TemplateFaultError,
    UnknownNameError,
    UnknownVariableError,
)
from pytest_llm_migrate.prompts import Prompt
from pytest_llm_migrate.prompts.attachments import checked_attachments

if TYPE_CHECKING:
    from pathlib import Path

PHOTO = Attachment(kind="image", path="photo")
CONTRACT = Attachment(kind="document", path="{{ contract }}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a dataset's folder with files in it, and one file beside it."""
    inside = tmp_path / "data"
    (inside / "img").mkdir(parents=True)
    (inside / "img" / "cat-1.JPG").write_bytes(b"image")
    (inside / "contract.pdf").write_bytes(b"document")
    (inside / "empty.png").touch()
    (tmp_path / "secret.png").write_bytes(b"secret")
    (inside / "link.png").symlink_to(tmp_path / "secret.png")
    return inside


def row(**values: Any) -> Row:
    """Return a row with these columns."""
    return Row(sample_id="T-1", place="tickets.csv:2", values={"sample_id": "T-1", **values})


def prompt(folder: Path, *attachments: Attachment) -> Prompt:
    """Return a prompt that attaches files of the folder."""
    return Prompt(name="p", user="What is it?", attachments=attachments, dataset_folder=folder)


def test_a_rows_files_go_with_its_request(folder: Path) -> None:
    """A column's name and a template name files, whose suffix gives the format and whose content the hash."""
    files = (
        prompt(folder, PHOTO, CONTRACT).render(row(photo="img/cat-1.JPG", contract="img/../contract.pdf")).attachments
    )
    assert [(file.kind, file.format, file.read()) for file in files] == [
        ("image", "jpeg", b"image"),
        ("document", "pdf", b"document"),
    ]
    assert files[0].sha256 == hashlib.sha256(b"image").hexdigest()


def test_a_format_may_be_given_where_the_suffix_does_not_say_it(folder: Path) -> None:
    """A prompt can say what a file without a known suffix is."""
    (folder / "notes").write_text("Hi")
    notes = Attachment(kind="document", path="notes", format="txt")
    assert prompt(folder, notes).render(row(notes="notes")).attachments[0].format == "txt"


def test_a_columns_name_may_be_any_text(folder: Path) -> None:
    """A column that no template could name can still be attached."""
    photo = Attachment(kind="image", path="photo of it")
    assert prompt(folder, photo).variables == {"photo of it"}
    assert len(prompt(folder, photo).render({"photo of it": "img/cat-1.JPG"}).attachments) == 1


def test_a_template_that_comes_out_empty_attaches_nothing(folder: Path) -> None:
    """Where a row may have no file, the prompt says so."""
    photo = Attachment(kind="image", path="{{ photo or '' }}")
    assert prompt(folder, photo).render(row(photo=None)).attachments == ()


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("img/cat-1.jpg", "there is no such file in the dataset's folder. Did you mean 'cat-1.JPG'?"),
        ("pictures/a.jpg", "there is no such file in the dataset's folder."),
        ("img", "it is a folder"),
        ("../secret.png", "it lies outside of the dataset's folder"),
        ("img/../../secret.png", "it lies outside of the dataset's folder"),
        ("link.png", "it lies outside of the dataset's folder"),
        ("/etc/passwd", "it lies outside of the dataset's folder"),
        ("contract.pdf", "its suffix names no format of images that Bedrock takes: png, jpeg, gif, webp"),
        ("empty.png", "it is empty"),
        ("a\0.png", "embedded null byte"),
        ("a" * 300, "File name too long"),
    ],
)
def test_a_file_that_cannot_be_attached_is_named_with_its_row_and_column(folder: Path, path: str, problem: str) -> None:
    """One line says which row, which column, which file, and what is wrong with it."""
    with pytest.raises(AttachmentError) as caught:
        prompt(folder, PHOTO).render(row(photo=path))
    assert str(caught.value) == (
        f"prompt 'p': attachments[0]: row 'T-1' (tickets.csv:2), column 'photo': cannot attach {path!r}: {problem}"
    )


def test_a_template_is_named_where_a_file_comes_from_one(folder: Path) -> None:
    """The message shows the template that gave the path."""
    with pytest.raises(
        AttachmentError, match=r"\(tickets.csv:2\), \{\{ contract \}\}: cannot attach 'x.pdf': there is"
    ):
        prompt(folder, CONTRACT).render(row(contract="x.pdf"))


@pytest.mark.parametrize(("attachment", "name", "most"), [(PHOTO, "b.png", "3.75"), (CONTRACT, "b.pdf", "4.5")])
def test_a_file_above_the_limit_is_refused_before_it_is_read(
    folder: Path, attachment: Attachment, name: str, most: str
) -> None:
    """A file of exactly the limit passes, and one byte more does not."""
    values = row(photo=name, contract=name)
    with (folder / name).open("wb") as file:
        file.truncate(LIMITS[attachment.kind].size)
    assert len(prompt(folder, attachment).render(values).attachments) == 1
    with (folder / name).open("wb") as file:
        file.truncate(LIMITS[attachment.kind].size + 1)
    with pytest.raises(AttachmentError, match=rf"and Bedrock takes {attachment.kind}s up to {most} MB"):
        prompt(folder, attachment).render(values)


@pytest.mark.parametrize("value", [None, " "])
def test_a_row_without_its_file_is_named(folder: Path, value: str | None) -> None:
    """A cell that names no file is an error with the way to allow it."""
    with pytest.raises(MissingValueError, match=r"no value for 'photo', .* Fill it in, or write \{\{ photo or '' \}\}"):
        prompt(folder, PHOTO).render(row(photo=value))


def test_columns_are_checked_like_those_of_a_text(folder: Path) -> None:
    """A column that the dataset lacks is named with the nearest, and hidden ones stay hidden."""
    photo = Attachment(kind="image", path="foto")
    with pytest.raises(UnknownVariableError, match=r"'foto' is no column of d\.csv\. Did you mean 'photo'\?"):
        prompt(folder, photo).check_columns(["photo"], "d.csv")
    with pytest.raises(UnknownVariableError, match="'foto' is no column of row 'T-1'"):
        prompt(folder, photo).render(row(photo="img/cat-1.JPG"))
    with pytest.raises(UnknownVariableError, match="'contract'"):
        prompt(folder, CONTRACT).check_columns(["photo"], "d.csv")
    with pytest.raises(HiddenColumnError, match="answer_ground_truth"):
        prompt(folder, Attachment(kind="image", path="answer_ground_truth")).render(
            row(answer_ground_truth="img/cat-1.JPG")
        )


def test_a_templates_fault_names_the_attachment(folder: Path) -> None:
    """Wrong Jinja2 in a path is found before any row is rendered."""
    with pytest.raises(TemplateFaultError, match=r"prompt 'p': attachments\[0\], line 1: "):
        _ = prompt(folder, Attachment(kind="image", path="{{ photo")).variables


def test_mappings_are_read_as_a_prompt_file_holds_them() -> None:
    """The list of a prompt file becomes attachments, in order."""
    given_ = [{"image": "photo"}, {"document": "{{ contract }}", "format": "pdf"}]
    assert [item.to_record() for item in checked_attachments(given_, "here")] == given_


@pytest.mark.parametrize(
    ("attachments", "message"),
    [
        ({"image": "photo"}, "here: attachments must be a list of images and documents, not {'image': 'photo'}."),
        (["photo"], "here: attachments[0] must be a mapping with 'image' or 'document', not 'photo'."),
        (
            [{"format": "png"}],
            "here: attachments[0] must be a mapping with either 'image' or 'document', not {'format'",
        ),
        ([{"image": "a", "document": "b"}], "attachments[0] must be a mapping with either 'image' or 'document', not"),
        ([{"image": 1}], "here: attachments[0].image must be a column's name or a template, not 1."),
        ([{"image": " "}], "here: attachments[0].image must be a column's name or a template, not ' '."),
        ([{"document": "d"}] * 6, "here: attachments must be 5 documents or fewer, not 6."),
        ([{"image": "i"}] * 21, "here: attachments must be 20 images or fewer, not 21."),
    ],
)
def test_what_is_no_attachment_is_named(attachments: Any, message: str) -> None:
    """The message gives the place, the attachment, what is allowed and what was given."""
    with pytest.raises(PromptOptionError) as caught:
        checked_attachments(attachments, "here")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("attachment", "message"),
    [
        ({"imge": "photo"}, "here: attachments[0]: unknown key 'imge'. Did you mean 'image'?"),
        ({"image": "photo", "format": "jpg"}, "attachments[0]: unknown format 'jpg'. Did you mean 'jpeg'? Known: gif,"),
        ({"image": "photo", "format": "pdf"}, "attachments[0]: unknown format 'pdf'. Known: gif, jpeg, png, webp."),
    ],
)
def test_a_wrong_key_or_format_shows_the_nearest(attachment: Any, message: str) -> None:
    """A key or format that there is none of is named with the one that was meant."""
    with pytest.raises(UnknownNameError) as caught:
        checked_attachments([attachment], "here")
    assert message in str(caught.value)


@given(path=st.text(min_size=1) | st.text(st.sampled_from("./\\~a\0é"), min_size=1))
def test_whatever_a_cell_holds_no_other_file_is_read(tmp_path_factory: pytest.TempPathFactory, path: str) -> None:
    """Any text of a cell is a file of the folder or one clear error."""
    folder = tmp_path_factory.getbasetemp() / "empty"
    folder.mkdir(exist_ok=True)
    with pytest.raises((AttachmentError, MissingValueError)):
        prompt(folder, PHOTO).render(row(photo=path))
