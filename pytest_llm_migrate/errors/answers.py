"""Answers that are missing, and files of answers that cannot be used."""

from __future__ import annotations

from pytest_llm_migrate.errors.root import MigrateError


class SideFailedError(MigrateError):
    """Raised when a test reads a side whose call gave no answer."""

    def __init__(self, side: str, sample_id: str, kind: str, message: str) -> None:
        self.side, self.sample_id, self.kind, self.message = side, sample_id, kind, message
        super().__init__(f"no {side} answer for row {sample_id!r}: {kind}: {message}")


class ScoreFailedError(MigrateError):
    """Raised when a test reads a score that the metric could not give."""

    def __init__(self, metric: str, side: str, sample_id: str, reason: str) -> None:
        self.metric, self.side, self.sample_id, self.reason = metric, side, sample_id, reason
        super().__init__(f"{metric} could not score the {side} answer of row {sample_id!r}: {reason}")


class CallFailedError(MigrateError):
    """Raised by a model whose call gave no answer.

    ``kind`` is the fault's name; ``fatal`` says that every further call would fail alike, so that a run
    stops after the first; ``way_out`` is what the user can do about it; ``retry_after`` is how many seconds
    the service asks to wait, where it says so; ``said`` is the message with the way out.
    """

    def __init__(
        self, kind: str, message: str, *, fatal: bool = False, way_out: str = "", retry_after: float | None = None
    ) -> None:
        self.kind, self.message, self.fatal, self.way_out = kind, message, fatal, way_out
        self.retry_after = retry_after
        self.said = f"{message.rstrip('.')}. {way_out}" if way_out else message
        super().__init__(f"{kind}: {self.said}")


class StoreError(MigrateError):
    """Raised when the file of kept answers cannot be used."""

    def __init__(
        self, path: object, reason: str, way_out: str = "Move it away, or name another folder with --migration-dir."
    ) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"cannot use {str(path)!r}: {reason}. {way_out}")


class DamagedStoreError(StoreError):
    """Raised when the file of kept answers is damaged; ``aside`` is where it was moved, if it was."""

    def __init__(self, path: object, reason: str, aside: object | None) -> None:
        self.aside = aside
        where = f"It was set aside as {str(aside)!r}" if aside else "It was set aside"
        super().__init__(
            path,
            reason,
            f"{where}, nothing of it is lost. Restore a copy, or give the command again to begin an empty one: "
            f"answers that are not recorded will be asked for, and paid for, again.",
        )


class RecordingError(MigrateError):
    """Raised when a line of a recording is not a recorded answer."""

    def __init__(self, path: object, line: int, reason: object) -> None:
        self.path, self.line, self.reason = path, line, reason
        super().__init__(f"{path}:{line}: not a recorded answer ({reason!r}). Restore the file, or record it anew.")


class MissingRecordingError(MigrateError):
    """Raised when replay needs an answer that is neither recorded nor stored."""

    def __init__(self, model: str, sample_id: str, *, missing: int, why: str, what: str = "row") -> None:
        self.model, self.sample_id, self.missing, self.why = model, sample_id, missing, why
        more = f" and {missing - 1} more" if missing > 1 else ""
        super().__init__(
            f"--migration-answers replay: no recording for {what} {sample_id!r}{more} on {model} ({why}). "
            f"Run once with --migration-answers auto --migration-record."
        )

    @classmethod
    def of_test(cls, model: str, nodeid: str, *, is_known: bool) -> MissingRecordingError:
        """Return the error for what a test itself asks; ``is_known`` where recordings know it to ask other things."""
        why = "what it asks changed since it was recorded" if is_known else "none was ever made"
        return cls(model, nodeid, missing=1, why=why, what="test")


class UnpricedBudgetError(MigrateError):
    """Raised when a budget is set for a model whose price is unknown."""

    def __init__(self, model: str) -> None:
        self.model = model
        super().__init__(
            f"--migration-max-cost needs a price, and {model!r} has none. Give one with --migration-prices FILE, "
            f"or run without a budget."
        )
