"""Strategies that cannot write a prompt."""

from __future__ import annotations

from pytest_llm_migrate.errors.root import MigrateError


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
