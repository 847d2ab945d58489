"""Exchange with Bedrock Evaluations that cannot be made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.errors.root import MigrateError

if TYPE_CHECKING:
    from collections.abc import Sequence


class EvaluationFilesError(MigrateError):
    """Raised when a folder of a run or of an export is not what it should be; says how to mend it."""

    def __init__(self, path: object, fault: str, way_out: str = "") -> None:
        self.path, self.fault, self.way_out = str(path), fault, way_out
        super().__init__(f"{path}: {fault}.{way_out and ' '}{way_out}")


class EvaluationRequestError(MigrateError):
    """Raised when a request for an evaluation job does not fit what Bedrock takes; nothing was sent."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__(f"CreateEvaluationJob would be refused: {'; '.join(faults)}. Nothing was sent.")
