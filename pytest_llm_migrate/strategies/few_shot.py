"""``few-shot``: golden rows become examples; which ones and in what order is tried out, and no model writes a word."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Example, Rewrite, Takes
from pytest_llm_migrate.errors import NoRewriteError
from pytest_llm_migrate.strategies.dev_rows import dev_rows, example_output
from pytest_llm_migrate.strategies.settings import whole
from pytest_llm_migrate.strategies.similarity import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llm_migrate.domain import PromptTask, PromptText, Row, Trial
    from pytest_llm_migrate.strategies.dev_rows import DevRows

_DRAWS = 20
"""Times that another set is drawn where one was tried out already: small pools have few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FewShot:
    """Chooses dev rows as examples: those nearest to the other dev rows, and sets drawn at random.

    Half of the dev rows may become examples; every set is tried out on the other half. Where the prompt has examples
    of its own, sets stand behind them and in place of them in turn. It takes the settings ``examples`` (how many),
    ``trials`` (how many sets) and ``seed``.
    """

    examples: int = 4
    trials: int = 8
    seed: int = 0
    name: str = "few-shot"
    learns: bool = True
    settings: frozenset[str] = frozenset({"examples", "trials", "seed"})
    tool: str = "few-shot 1"

    def configured(self, settings: Mapping[str, Any]) -> FewShot:
        """Return the strategy as the user set it."""
        return replace(
            self,
            examples=whole(settings, "examples", self.examples),
            trials=whole(settings, "trials", self.trials),
            seed=whole(settings, "seed", self.seed, least=0),
        )

    def takes(self, rows: int) -> Takes:
        """Return the answers to every set of examples, and to the prompt as it is."""
        return Takes(texts=0, answers=rows * (1 + self.trials))

    def rewrite(self, task: PromptTask) -> Rewrite:
        """Return the prompt with the examples that scored best, or as it was where none scored better.

        Raises:
            NoRewriteError: There are too few dev rows, or the prompt has files, which no example can show.
            CallFailedError: The target did not answer.
        """
        if task.prompt.attachments:
            way_out = "Take a strategy that rewrites the text."
            raise NoRewriteError(self.name, task.target, "examples cannot show the files of its prompt", way_out)
        rows = dev_rows(task, self.name, self.seed)
        candidates = [(task.prompt, ()), *self._candidates(task, rows)]
        trials = []
        for prompt, _ in candidates:
            trials.append(task.try_out(prompt, rows.judging))
            task.say(f"{len(trials) - 1} of {len(candidates) - 1} sets: {trials[-1].mean:.3f}")
        best = max(range(len(trials)), key=lambda place: trials[place].mean)
        prompt, names = candidates[best]
        return Rewrite(prompt=prompt, trials=tuple(trials), notes=(_note(trials, best, names),), examples_from=names)

    def _candidates(self, task: PromptTask, rows: DevRows) -> Iterator[tuple[PromptText, tuple[str, ...]]]:
        for number, chosen in enumerate(self._sets(task, rows)):
            own = task.prompt.examples if number % 2 == 0 else ()
            examples = [Example(input=_shown(task, row), output=example_output(row)) for row in chosen]
            yield replace(task.prompt, examples=(*own, *examples)), tuple(row.sample_id for row in chosen)

    def _sets(self, task: PromptTask, rows: DevRows) -> Iterator[Sequence[Row]]:
        """Yield the nearest rows, the nearest last, then sets drawn at random, none twice."""
        texts = [_shown(task, row) for row in rows.pool]
        places = nearest(texts, [_shown(task, row) for row in rows.judging], self.examples)
        chosen: Sequence[Row] = [rows.pool[place] for place in reversed(places)]
        chance = random.Random(self.seed)  # noqa: S311 - no secret
        seen = set()
        for _ in range(self.trials):
            seen.add(tuple(row.sample_id for row in chosen))
            yield chosen
            draws = (self._drawn(rows.pool, chance) for _ in range(_DRAWS))
            unseen = next((new for new in draws if tuple(row.sample_id for row in new) not in seen), None)
            if unseen is None:
                return
            chosen = unseen

    def _drawn(self, pool: Sequence[Row], chance: random.Random) -> Sequence[Row]:
        """Return rows in random order; every golden answer has its turn before one comes again."""
        groups: dict[str, list[Row]] = {}
        for row in chance.sample(pool, len(pool)):
            groups.setdefault(example_output(row), []).append(row)
        drawn = [row for turn in range(len(pool)) for group in groups.values() for row in group[turn : turn + 1]]
        return chance.sample(drawn[: self.examples], min(self.examples, len(pool)))


def _shown(task: PromptTask, row: Row) -> str:
    """Return what the user turn of the prompt says for a row."""
    return task.render(task.prompt, row).turns[-1].text


def _note(trials: Sequence[Trial], best: int, names: Sequence[str]) -> str:
    before, rows = trials[0].mean, trials[0].rows
    if not names:
        return f"No set of examples scored better than the prompt as it is ({before:.3f} on {rows} dev rows): it stays."
    return (
        f"Examples: rows {', '.join(names)}, the best of {len(trials) - 1} sets: {trials[best].mean:.3f} on {rows} "
        f"other dev rows, {before:.3f} without."
    )
