"""Strategies made of others: ``a+b`` in a row, ``best-of:a,b`` against each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from pytest_llm_migrate.domain import Configurable, Demanding, Foreseeing, Rewrite, Settable, Takes
from pytest_llm_migrate.errors import (
    JobExportedError,
    NoRewriteError,
    SameStrategyTwiceError,
    UnknownNameError,
    UnknownStrategySettingError,
    counted,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_llm_migrate.domain import PromptTask, Strategy

BEST_OF = "best-of:"
IN_A_ROW, BESIDE = "+", ","


def named(name: str, known: Mapping[str, Strategy], *, where: str) -> Strategy:
    """Return the strategy of a name such as ``few-shot``, ``metaprompt+few-shot`` or ``best-of:few-shot,shorten``.

    Raises `UnknownNameError`, with ``where`` it was given, for a part that is no known strategy's name, and
    `SameStrategyTwiceError` for one that is to be the best of itself.
    """
    if name in known:
        return known[name]
    if name.startswith(BEST_OF):
        parts = [part.strip() for part in name.removeprefix(BEST_OF).split(BESIDE)]
        found = BestOf(parts=tuple(named(part, known, where=where) for part in parts))
        twice = next((part for place, part in enumerate(parts) if part in parts[:place]), None)
        if twice is not None:
            raise SameStrategyTwiceError(where, name, twice)
        return found
    if IN_A_ROW in name:
        return Chain(parts=tuple(named(part.strip(), known, where=where) for part in name.split(IN_A_ROW)))
    hint = "" if name else "Write several as 'a+b' or 'best-of:a,b'."
    raise UnknownNameError("strategy", name, known, where=where, hint=hint)


def configured(strategy: Strategy, settings: Mapping[str, Any]) -> Strategy:
    """Return a strategy as the user set it; raises `StrategySettingError`."""
    return strategy.configured(settings) if isinstance(strategy, Configurable) else strategy


def check_names(strategy: Strategy, names: Iterable[str], shared: frozenset[str]) -> None:
    """Raise `UnknownStrategySettingError` for a setting that a strategy does not take.

    ``shared`` are settings that every strategy takes. A strategy that does not say what it takes may take anything.
    """
    own = _settings(strategy)
    for name in names:
        if own is not None and name not in own | shared:
            raise UnknownStrategySettingError(name, strategy.name, own, shared)


def check_needs(strategy: Strategy, target: str, settings: Mapping[str, Any], optimizer: str | None) -> None:
    """Raise a `MigrateError` for what a strategy cannot do without, so that no part ahead of it is paid for first."""
    if isinstance(strategy, Demanding):
        strategy.check(target, settings, optimizer)


def foresee(strategy: Strategy, task: PromptTask) -> None:
    """Raise a `MigrateError` for a task that a strategy can tell will fail, so that nothing is asked for it."""
    if isinstance(strategy, Foreseeing):
        strategy.foresee(task)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Combined:
    """What strategies made of others have in common: each part gets what all of them are given.

    Attributes:
        parts: The strategies.
    """

    parts: tuple[Strategy, ...]

    @property
    def settings(self) -> frozenset[str] | None:
        """The settings of all parts, ``None`` where those of a part are not known."""
        return _together(self.parts)

    def configured(self, settings: Mapping[str, Any]) -> Self:
        """Return the same with every part as the user set it."""
        return replace(self, parts=tuple(configured(part, settings) for part in self.parts))

    def check(self, target: str, settings: Mapping[str, Any], optimizer: str | None) -> None:
        """Raise what a part raises that cannot do without something."""
        for part in self.parts:
            check_needs(part, target, settings, optimizer)

    def foresee(self, task: PromptTask) -> None:
        """Raise what a part raises that can tell that it will fail."""
        for part in self.parts:
            foresee(part, task)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain(_Combined):
    """Strategies in a row, in the order of the parts, each of which rewrites what the one before made."""

    @property
    def name(self) -> str:
        """The names of the parts, joined by plus signs."""
        return IN_A_ROW.join(part.name for part in self.parts)

    @property
    def learns(self) -> bool:
        """Whether one of them learns from dev rows."""
        return any(part.learns for part in self.parts)

    @property
    def tool(self) -> str:
        """What is behind each of them."""
        return IN_A_ROW.join(part.tool for part in self.parts)

    def takes(self, rows: int) -> Takes:
        """Return what all parts take together."""
        return _sum(part.takes(rows) for part in self.parts)

    def rewrite(self, task: PromptTask) -> Rewrite:
        """Return what the last part made; raises what a part raises.

        Rows that one part has put into the prompt as examples are not shown to the next: they would score too well.
        """
        done = Rewrite(prompt=task.prompt)
        for part in self.parts:
            left = [row for row in task.rows if row.sample_id not in done.examples_from]
            task.say(f"{part.name}:")
            new = part.rewrite(replace(task, prompt=done.prompt, rows=left))
            done = Rewrite(
                prompt=new.prompt,
                trials=done.trials + new.trials,
                notes=done.notes + _signed(part, new),
                examples_from=done.examples_from + new.examples_from,
            )
        return done


@dataclass(frozen=True, slots=True, kw_only=True)
class BestOf(_Combined):
    """Strategies against each other: each rewrites the same prompt; the best dev score wins, of equals the first."""

    @property
    def name(self) -> str:
        """The names of the parts, joined by commas."""
        return f"{BEST_OF}{BESIDE.join(part.name for part in self.parts)}"

    @property
    def learns(self) -> bool:
        """Always: dev rows choose the winner."""
        return True

    @property
    def tool(self) -> str:
        """What is behind each of them."""
        return BESIDE.join(part.tool for part in self.parts)

    def takes(self, rows: int) -> Takes:
        """Return what all parts take together, and the answers that choose the winner."""
        together = _sum(part.takes(rows) for part in self.parts)
        return replace(together, answers=together.answers + rows * (1 + len(self.parts)))

    def rewrite(self, task: PromptTask) -> Rewrite:
        """Return the rewriting that scores best on the dev rows which none of them has as examples.

        The prompt as it is takes part, and stays where every rewriting scores worse. A strategy without a prompt is
        noted and left out.

        Raises:
            NoRewriteError: No strategy has a prompt, or their examples take up all dev rows.
            CallFailedError: A model did not answer.
        """
        found, failed = self._rewrites(task)
        taken = {name for _, rewrite in found for name in rewrite.examples_from}
        rows = [row for row in task.rows if row.sample_id not in taken]
        if not found or not rows:
            problem = " ".join(failed) or "examples take up all dev rows"
            raise NoRewriteError(self.name, task.target, problem, "Take another strategy, or give more dev rows.")
        entries = [*found, ("the prompt as it is", Rewrite(prompt=task.prompt))]
        trials = [task.try_out(rewrite.prompt, rows) for _, rewrite in entries]
        best = max(range(len(entries)), key=lambda place: trials[place].mean)
        scores = ", ".join(f"{name} {trial.mean:.3f}" for (name, _), trial in zip(entries, trials, strict=True))
        winner, rewrite = entries[best]
        return replace(
            rewrite,
            trials=tuple(trials),
            notes=(f"Best on {counted(len(rows), 'dev row')}: {winner} ({scores}).", *failed, *rewrite.notes),
        )

    def _rewrites(self, task: PromptTask) -> tuple[list[tuple[str, Rewrite]], list[str]]:
        found: list[tuple[str, Rewrite]] = []
        failed: list[str] = []
        for part in self.parts:
            task.say(f"{part.name}:")
            try:
                found.append((part.name, part.rewrite(task)))
            except (NoRewriteError, JobExportedError) as error:
                failed.append(f"{error}")
        return found, failed


def _signed(part: Strategy, rewrite: Rewrite) -> tuple[str, ...]:
    return tuple(f"{part.name}: {note}" for note in rewrite.notes)


def _settings(strategy: Strategy) -> frozenset[str] | None:
    return strategy.settings if isinstance(strategy, Settable) else None


def _together(parts: Iterable[Strategy]) -> frozenset[str] | None:
    known = [_settings(part) for part in parts]
    return None if None in known else frozenset().union(*filter(None, known))


def _sum(takes: Iterator[Takes]) -> Takes:
    found: Sequence[Takes] = list(takes)
    return Takes(
        texts=sum(item.texts for item in found),
        answers=sum(item.answers for item in found),
        services=sum(item.services for item in found),
    )
