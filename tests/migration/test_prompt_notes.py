"""What is told of a rewritten prompt beside its scores."""

from __future__ import annotations

from pytest_llm_migrate.domain import PromptText, Trial
from pytest_llm_migrate.migration.prompt_notes import mention_notes, unscored_notes

PROMPT = PromptText(name="triage", user="Sort {{ ticket }}.")


def trial(scored: int) -> Trial:
    """Return a trial of ten rows, of which so many have a score."""
    return Trial(prompt=PROMPT, scores={f"r{number}": 1.0 for number in range(scored)}, rows=10)


def test_rows_that_count_zero_without_a_score_are_told() -> None:
    """A dev score of rows that failed is not read as one of rows that were wrong."""
    assert unscored_notes(trial(10), trial(10)) == []
    assert unscored_notes(trial(9), trial(7)) == [
        "warning: 1 row of the source prompt has no score, and counts 0",
        "warning: 3 rows of the new prompt have no score, and count 0",
    ]


def test_what_looked_like_a_variable_before_is_not_told() -> None:
    """Only what is new in the written text may be the model's invention; the prompt's own variables never are."""
    written = PromptText(name="triage", user='Sort {{ ticket }} as {{ "{" }}{tone}} or {{ "{" }}{kind}}.')
    source = PromptText(name="triage", user='Sort {{ ticket }} as {{ "{" }}{tone}}.')
    assert mention_notes(source, written) == ["warning: {{kind}} is no variable of the prompt, and sent as text"]
