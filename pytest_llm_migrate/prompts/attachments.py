"""Attachments: what a prompt may say of them, and the file that a row's column names."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from pytest_llm_migrate.domain import AttachedFile, Attachment
from pytest_llm_migrate.domain.attachment import LIMITS, AttachmentKind
from pytest_llm_migrate.errors import (
    AttachmentError,
    MissingValueError,
    PromptOptionError,
    UnknownNameError,
    nearest,
)
from pytest_llm_migrate.prompts.inputs import inputs_of, label_of

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Row

KINDS: tuple[AttachmentKind, ...] = get_args(AttachmentKind)

_MEGABYTE = 2**20
_OTHER_NAMES = {"jpg": "jpeg", "htm": "html", "markdown": "md", "text": "txt"}
_MARKS = ("{{", "{%")


def checked_attachments(attachments: object, where: str) -> tuple[Attachment, ...]:
    """Return what is attached, from mappings such as ``{"image": "photo"}`` or `Attachment` values.

    Raises `UnknownNameError` for a key or format that there is none of, and `PromptOptionError` for what else is
    wrong, more files than one request takes included.
    """
    if not isinstance(attachments, (list, tuple)):
        raise PromptOptionError(where, "attachments", "a list of images and documents", attachments)
    checked = tuple(_checked(item, f"attachments[{index}]", where) for index, item in enumerate(attachments))
    for kind, count in Counter(item.kind for item in checked).items():
        if count > LIMITS[kind].count:
            raise PromptOptionError(where, "attachments", f"{LIMITS[kind].count} {kind}s or fewer", count)
    return checked


def is_template(attachment: Attachment) -> bool:
    """Tell whether the attachment's path is a template; otherwise it is the name of a column."""
    return any(mark in attachment.path for mark in _MARKS)


def attached_file(
    attachment: Attachment, row: Row | Mapping[str, Any], folder: Path, place: str
) -> AttachedFile | None:
    """Return the file that a row names, its content hashed, or ``None`` where a template comes out empty.

    Raises `AttachmentError` for a file that is missing, lies outside of the folder, has a format or size that
    Bedrock does not take, or cannot be read; what a template or a column is at fault for is raised as for texts.
    """
    named = _path_text(attachment, row, place)
    if not named.strip():
        return None
    try:
        return _file(attachment, named, folder)
    except (_UnfitError, OSError, ValueError, RuntimeError) as error:  # the last two of paths that no system has
        problem = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        source = attachment.path if is_template(attachment) else f"column {attachment.path!r}"
        raise AttachmentError(label_of(row), source, named, problem, prompt=place) from error


class _UnfitError(Exception):
    """The message is what is wrong with the file."""


def _checked(item: object, name: str, where: str) -> Attachment:
    record = item.to_record() if isinstance(item, Attachment) else item
    if not isinstance(record, Mapping):
        raise PromptOptionError(where, name, "a mapping with 'image' or 'document'", item)
    for key in record:
        if key not in (*KINDS, "format"):
            raise UnknownNameError("key", str(key), (*KINDS, "format"), where=f"{where}: {name}")
    kinds = [kind for kind in KINDS if kind in record]
    if len(kinds) != 1:
        raise PromptOptionError(where, name, "a mapping with either 'image' or 'document'", dict(record))
    path, form = record[kinds[0]], record.get("format")
    if not isinstance(path, str) or not path.strip():
        raise PromptOptionError(where, f"{name}.{kinds[0]}", "a column's name or a template", path)
    if form is not None and form not in LIMITS[kinds[0]].formats:
        raise UnknownNameError("format", str(form), LIMITS[kinds[0]].formats, where=f"{where}: {name}")
    return Attachment(kind=kinds[0], path=path, format=form)


def _path_text(attachment: Attachment, row: Row | Mapping[str, Any], place: str) -> str:
    from pytest_llm_migrate.prompts.render import render, shown, variable_fault  # noqa: PLC0415 - jinja2 loads with it

    label = label_of(row)
    if is_template(attachment):
        return render(attachment.path, shown(row), place=place, row=label)
    column, inputs = attachment.path, inputs_of(row)
    fault = variable_fault(column, inputs, place, label)
    if fault:
        raise fault
    text = "" if inputs[column] is None else str(inputs[column])
    if not text.strip():
        way_out = f"Fill it in, or write {{{{ {column} or '' }}}} where a row may have none."
        raise MissingValueError(column, label, prompt=place, way_out=way_out)
    return text


def _file(attachment: Attachment, named: str, folder: Path) -> AttachedFile:
    limits, path = LIMITS[attachment.kind], (folder / named).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise _UnfitError("it lies outside of the dataset's folder")
    if not path.is_file():
        raise _UnfitError("it is a folder" if path.is_dir() else _missing(path))
    form = attachment.format or _format_of(named)
    if form not in limits.formats:
        known = ", ".join(limits.formats)
        raise _UnfitError(f"its suffix names no format of {attachment.kind}s that Bedrock takes: {known}")
    size = path.stat().st_size
    if size == 0:
        raise _UnfitError("it is empty")
    if size > limits.size:
        most = limits.size / _MEGABYTE
        raise _UnfitError(f"it has {size / _MEGABYTE:.2f} MB, and Bedrock takes {attachment.kind}s up to {most:g} MB")
    with path.open("rb") as file:
        return AttachedFile(
            kind=attachment.kind, format=form, sha256=hashlib.file_digest(file, "sha256").hexdigest(), path=path
        )


def _missing(path: Path) -> str:
    beside = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
    return f"there is no such file in the dataset's folder.{nearest(path.name, beside)}"


def _format_of(named: str) -> str:
    suffix = Path(named).suffix.lower().removeprefix(".")
    return _OTHER_NAMES.get(suffix, suffix)
