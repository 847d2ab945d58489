"""Prompts that come from elsewhere, or go there, and do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.errors.root import MigrateError

if TYPE_CHECKING:
    from collections.abc import Iterable


class MixedBracesError(MigrateError):
    """Raised when a text names variables in single and in double braces, so that nobody can tell which are meant."""

    def __init__(self, place: str, single: Iterable[str], double: Iterable[str]) -> None:
        self.place, self.single, self.double = place, sorted(single), sorted(double)
        super().__init__(
            f"{place}: {{{self.single[0]}}} and {{{{{self.double[0]}}}}} may both be variables. "
            "Say which are with --braces single or --braces double."
        )


class PromptImportError(MigrateError):
    """Raised when a prompt from elsewhere cannot be taken over whole."""

    def __init__(self, place: object, problem: str) -> None:
        self.place, self.problem = str(place), problem
        super().__init__(f"{place}: {problem}")


class PromptExportError(MigrateError):
    """Raised when a prompt says something that another format has no word for."""

    def __init__(self, place: str, form: str, problem: str) -> None:
        self.place, self.form, self.problem = place, form, problem
        super().__init__(f"{place} cannot be written as {form}: {problem}.")


class ManagedPromptError(MigrateError):
    """Raised when Bedrock Prompt Management refuses a prompt: ``reference`` is its ARN or name."""

    def __init__(self, reference: str, problem: str, way_out: str) -> None:
        self.reference, self.problem, self.way_out = reference, problem, way_out
        super().__init__(f"Bedrock Prompt Management, {reference!r}: {problem.rstrip('.')}. {way_out}")


class PromptExistsError(MigrateError):
    """Raised when a file that would be written is there already."""

    def __init__(self, path: object) -> None:
        self.path = str(path)
        super().__init__(f"{path} exists and is not written over. Give another name with --as or --to, or --force.")
