"""Strategies that cannot write a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.errors.root import MigrateError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable


class NoRewriteError(MigrateError):
    """Raised when a strategy has no prompt for a target; ``problem`` says why, ``way_out`` what to do instead."""

    def __init__(self, strategy: str, target: str, problem: str, way_out: str) -> None:
        self.strategy, self.target, self.problem, self.way_out = strategy, target, problem, way_out
        super().__init__(f"{strategy} has no prompt for {target!r}: {problem.rstrip('.')}. {way_out}")


class StrategySettingError(MigrateError):
    """Raised when a ``--strategy-option`` has a value that its strategy does not take."""

    def __init__(self, option: str, allowed: str, value: object) -> None:
        self.option, self.allowed, self.value = option, allowed, value
        super().__init__(f"--strategy-option {option} must be {allowed}, not {value!r}.")


class UnknownStrategySettingError(MigrateError):
    """Raised when a ``--strategy-option`` names what a strategy does not take; ``shared`` is what all of them take."""

    def __init__(self, option: str, strategy: str, own: Iterable[str], shared: Iterable[str]) -> None:
        self.option, self.strategy, self.own, self.shared = option, strategy, sorted(own), sorted(shared)
        meant = nearest(option, [*self.own, *self.shared])
        takes = f"Its settings are {', '.join(self.own)}" if self.own else "It has no settings of its own"
        super().__init__(
            f"--strategy-option {option}: {strategy} takes no such setting.{meant} {takes}; every strategy takes "
            f"{', '.join(self.shared)}."
        )


class StrategyIsPathError(MigrateError):
    """Raised when ``--migrate-prompts`` took the path behind it as a name; ``default`` is a name to give."""

    def __init__(self, path: str, default: str) -> None:
        self.path, self.default = path, default
        super().__init__(
            f"--migrate-prompts took {path!r}, a path, as the strategy's name. Write --migrate-prompts=NAME ahead of "
            f"it: --migrate-prompts={default} {path}"
        )


class MetricNotExportableError(MigrateError):
    """Raised when a metric cannot be written down as a Lambda; ``problem`` says why."""

    def __init__(self, metric: str, problem: str) -> None:
        self.metric, self.problem = metric, problem
        super().__init__(
            f"--strategy-option metric: {metric!r} cannot be exported as a Lambda: {problem}. Name another metric, or "
            "have the service's own judge score, by --strategy-option criteria='...' if you like."
        )


class JobExportedError(MigrateError):
    """Raised when a job was written to files as asked, so that there is no prompt: nothing is wrong.

    ``way_on`` says how to come by the prompt.
    """

    def __init__(self, strategy: str, folder: object, files: Iterable[str], way_on: str) -> None:
        self.strategy, self.folder, self.files, self.way_on = strategy, str(folder), list(files), way_on
        *first, last = self.files
        written = f"{', '.join(first)} and {last}" if first else last
        super().__init__(
            f"{strategy} wrote the job's {written} to {folder}; no job was started, and no prompt is filed. {way_on}"
        )


class SameStrategyTwiceError(MigrateError):
    """Raised when strategies are to compete and one of them is named twice."""

    def __init__(self, where: str, given: str, strategy: str) -> None:
        self.where, self.given, self.strategy = where, given, strategy
        super().__init__(
            f"{where}: {given!r} names {strategy!r} twice, and it cannot do better than itself. Name it once."
        )
