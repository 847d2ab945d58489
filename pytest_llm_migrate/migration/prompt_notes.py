"""What a user is told of a prompt that was rewritten, beside its scores: what looks wrong, and what it costs more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llm_migrate.datasets import unread_words, words_said
from pytest_llm_migrate.errors import counted
from pytest_llm_migrate.strategies.texts import mentions

if TYPE_CHECKING:
    from pytest_llm_migrate.datasets import Split
    from pytest_llm_migrate.domain import PromptText, Trial

MUCH_GROWTH = 1.5
"""Growth of a row's tokens or cost from which it is warned of."""
_COUNTS, _COUNT = "has no score, and counts", "have no score, and count"


def drawn_notes(split: Split | None) -> list[str]:
    """Return that rows were drawn where the column ``split`` says something, and no word for dev or holdout."""
    if not split or not (words := unread_words(split)):
        return []
    said = ", ".join(map(repr, words))
    drawn = f"the column split says {said}, which name neither dev nor holdout rows: dev rows were drawn from all rows"
    return [f"warning: {drawn}. {words_said()}"]


def mention_notes(source: PromptText, written: PromptText) -> list[str]:
    """Return a warning for what looks like a variable in a written prompt, is none, and was not in the source."""
    known = mentions(source)
    new = [name for name in mentions(written) if name not in known]
    said = f"{', '.join(new)} {'is' if len(new) == 1 else 'are'}"
    return [f"warning: {said} no variable of the prompt, and sent as text"] if new else []


def unscored_notes(before: Trial, after: Trial) -> list[str]:
    """Return a warning for each side whose dev score counts rows as 0 that have none: no answer, or no score."""
    sides = (("source prompt", before), ("new prompt", after))
    return [
        f"warning: {counted(lacking, 'row')} of the {name} {_COUNTS if lacking == 1 else _COUNT} 0"
        for name, trial in sides
        if (lacking := trial.rows - len(trial.scores))
    ]


def growth_notes(before: Trial, after: Trial) -> list[str]:
    """Return a warning for all that a row takes half as much more of than it did: tokens, and money."""
    measured = (
        ("tokens read a row", before.input_tokens, after.input_tokens),
        ("tokens written a row", before.output_tokens, after.output_tokens),
        ("cost", before.cost, after.cost),
    )
    return [
        f"warning: {name}: {now / was:.1f} times what the source prompt takes"
        for name, was, now in measured
        if was and now and now >= MUCH_GROWTH * was
    ]
