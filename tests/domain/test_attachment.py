"""Files that go with a request."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.domain import AttachedFile, Attachment
from pytest_llm_migrate.domain.attachment import LIMITS
from pytest_llm_migrate.errors import CallFailedError
from tests.models.endpoint.shapes import service

if TYPE_CHECKING:
    from pathlib import Path


def attached(path: Path) -> AttachedFile:
    """Return a file as it is when a run begins."""
    return AttachedFile(kind="image", format="png", sha256=hashlib.sha256(path.read_bytes()).hexdigest(), path=path)


def test_formats_are_those_that_the_service_takes() -> None:
    """The formats are the ones of the service's own model, no more and no fewer."""
    assert list(LIMITS["image"].formats) == service().shape_for("ImageFormat").metadata["enum"]
    assert list(LIMITS["document"].formats) == service().shape_for("DocumentFormat").metadata["enum"]


def test_a_record_is_what_a_prompt_file_holds() -> None:
    """A format that the suffix says is not written."""
    assert Attachment(kind="image", path="photo").to_record() == {"image": "photo"}
    contract = Attachment(kind="document", path="{{ contract }}", format="txt")
    assert contract.to_record() == {"document": "{{ contract }}", "format": "txt"}


def test_content_is_read_when_it_is_wanted(tmp_path: Path) -> None:
    """A file holds its path and hash until its content is asked for."""
    path = tmp_path / "a.png"
    path.write_bytes(b"content")
    assert attached(path).read() == b"content"


def test_a_file_that_changed_is_no_longer_the_one_that_was_asked_about(tmp_path: Path) -> None:
    """An answer is never kept under another content's hash."""
    path = tmp_path / "a.png"
    path.write_bytes(b"content")
    file = attached(path)
    path.write_bytes(b"another")
    with pytest.raises(CallFailedError, match=r"attachment_changed: the file 'a\.png' has changed since the run began"):
        file.read()
    path.unlink()
    with pytest.raises(CallFailedError, match=r"attachment_changed: the file 'a\.png' can no longer be read: No such"):
        file.read()
