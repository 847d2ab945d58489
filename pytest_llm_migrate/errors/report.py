"""Reports that cannot be written."""

from __future__ import annotations

from pytest_llm_migrate.errors.root import MigrateError


class ReportFileError(MigrateError):
    """Raised when a file that a run leaves cannot be written."""

    def __init__(self, path: object, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"cannot write {path}: {reason}. Name another place, or make room and the folder writable.")


class ReportSectionError(MigrateError):
    """Raised when a section that a plugin adds to the report cannot be shown."""

    def __init__(self, title: str, fault: str) -> None:
        self.title, self.fault = title, fault
        super().__init__(
            f"report section {title!r} cannot be shown: {fault}. A section is {{'title': ..., 'text': ...}} or "
            "{'title': ..., 'columns': [...], 'rows': [[...], ...]}; its cells are texts, numbers, true, false or None."
        )
