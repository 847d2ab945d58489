"""Files that go with a request: what a prompt says of them, and what they are for one row."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pytest_llm_migrate.errors import CallFailedError

if TYPE_CHECKING:
    from pathlib import Path

AttachmentKind = Literal["image", "document"]


@dataclass(frozen=True, slots=True)
class KindLimits:
    """What Bedrock takes of a kind of file.

    Attributes:
        formats: The formats' names.
        size: Bytes of one file.
        count: Files in one request.
    """

    formats: tuple[str, ...]
    size: int
    count: int


LIMITS: dict[AttachmentKind, KindLimits] = {
    "image": KindLimits(formats=("png", "jpeg", "gif", "webp"), size=int(3.75 * 2**20), count=20),
    "document": KindLimits(
        formats=("pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"), size=int(4.5 * 2**20), count=5
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """What a prompt attaches to each row's last user turn.

    Attributes:
        kind: ``image`` or ``document``.
        path: The column that holds the file's path, or a template that gives it; relative to the dataset's folder.
        format: The file's format, where its suffix does not say it.
    """

    kind: AttachmentKind
    path: str
    format: str | None = None

    def to_record(self) -> dict[str, str]:
        """Return the attachment as a prompt file holds it: ``{"image": "photo"}``."""
        record: dict[str, str] = {self.kind: self.path}
        return record | {"format": self.format} if self.format else record


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedFile:
    """A file attached to one request: known by its content, which is read only when the request is sent.

    Attributes:
        kind: ``image`` or ``document``.
        format: One of Bedrock's formats of that kind.
        sha256: Hash of the content; where the file lies says nothing about the answer.
        path: Where the file lies.
    """

    kind: AttachmentKind
    format: str
    sha256: str
    path: Path = field(compare=False)

    def read(self) -> bytes:
        """Return the content; raise `CallFailedError` where it is no longer what it was when it was checked."""
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise _changed(self.path, f"can no longer be read: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise _changed(self.path, "has changed since the run began")
        return content


def _changed(path: Path, how: str) -> CallFailedError:
    return CallFailedError("attachment_changed", f"the file {path.name!r} {how}")
