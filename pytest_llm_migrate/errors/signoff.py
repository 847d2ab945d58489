"""Evidence, keys and decisions that cannot be used for a sign-off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.errors.root import MigrateError, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_NAMED = 5


class RunFolderError(MigrateError):
    """Raised when a folder is no run's, or lacks a file that a command reads."""

    def __init__(self, path: object, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"cannot use {path}: {reason}. Name a run's folder, such as .llm-migrate/runs/RUN.")


class ChangedEvidenceError(MigrateError):
    """Raised when a run is to be signed whose files are not those that it left."""

    def __init__(self, run: object, changes: Sequence[str]) -> None:
        self.run, self.changes = run, list(changes)
        more = f"; and {counted(len(changes) - _MOST_NAMED, 'more change')}" if len(changes) > _MOST_NAMED else ""
        said = "; ".join(changes[:_MOST_NAMED])
        super().__init__(f"{run} is not signed, since it is not what the run left: {said}{more}. Run the tests again.")


class DecisionError(MigrateError):
    """Raised when a decision does not fit what it decides on."""

    def __init__(self, reason: str, way_out: str) -> None:
        self.reason, self.way_out = reason, way_out
        super().__init__(f"{reason}. {way_out}")


class KeyFileError(MigrateError):
    """Raised when a private key cannot be used; nothing of the file's content is said."""

    def __init__(self, path: object, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(
            f"cannot sign with {path}: {reason}. A key is an Ed25519 private key in OpenSSH or PEM format, such as "
            "ssh-keygen -t ed25519 makes."
        )


class SignersFileError(MigrateError):
    """Raised when a file of trusted keys cannot be read."""

    def __init__(self, path: object, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(
            f"cannot read the keys in {path}: {reason}. It has a line 'NAME ssh-ed25519 AAAA...' for every person, as "
            "in OpenSSH's allowed_signers, or is a public key."
        )


class SignatureFileError(MigrateError):
    """Raised when a file is no sign-off, or is not as it was written."""

    def __init__(self, path: object, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path} is not the sign-off that was written: {reason}. Restore it, or sign again.")
