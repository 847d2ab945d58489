"""Texts taken apart into claims, and claims held against a text: the questions that claim metrics share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import ScoreFailure
from pytest_llm_migrate.metrics.asking import INFERENCE, ask_for, no_fault
from pytest_llm_migrate.metrics.asking_metric import AskingMetric
from pytest_llm_migrate.metrics.material import DATA_RULE, fenced, question_of
from pytest_llm_migrate.metrics.reasons import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_llm_migrate.domain import Row
    from pytest_llm_migrate.metrics.shape import Schema

DECOMPOSE = (
    "You take a text apart into its claims. A claim is the smallest statement that can be true or false by itself: it "
    "names what it is about, without pronouns that point elsewhere, and adds nothing to what the text says. The text "
    "answers the question: a text that is only a number, a name or a phrase is one claim, the whole sentence that it "
    "stands for as an answer. '$1577.00' and 'Customer deposits' are one claim each. Keep numbers, units and dates as "
    "they are written. Give each claim once, in the order of the text. Greetings, offers of help, and saying that one "
    f"cannot or will not answer claim nothing: a text of nothing else has no claims.\n\n{DATA_RULE}"
)
"""How a judge is asked for the claims of a text."""
SAME_FACT = (
    "The same fact in other words, order, units or notation is the same fact. A bare number counts in the unit and "
    "scale that the question or its text gives: where USD millions are asked for, '$1577.00' and '$1,577 million' and "
    "'1.577 billion dollars' are the same number. A number rounded to the places that it shows is the same number."
)
"""What a judge is told so that notation does not decide."""

_CLAIMS: Schema = {
    "type": "object",
    "properties": {"claims": {"type": "array", "items": {"type": "string", "minLength": 1}}},
    "required": ["claims"],
    "additionalProperties": False,
}
_SHOWN = 3


def _longer() -> dict[str, Any]:
    return {**INFERENCE, "max_tokens": 4096}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsMetric(AskingMetric):
    """Asks a judge in steps; steps that are alike in two metrics are one request, which is answered once.

    Attributes:
        inference: The judge's inference settings, the same in metrics that are to share answers.
    """

    inference: Mapping[str, Any] = field(default_factory=_longer)

    def claims(self, row: Row, text: str, *, needed: bool = False) -> Sequence[str] | ScoreFailure:
        """Return a text's claims; none, unasked, of an empty text. Where they are ``needed``, none is a failure."""
        if not text.strip():
            return []
        shown = {"question": question_of(row, self.question), "text": text}
        found = self.ask(row, DECOMPOSE, shown, _CLAIMS, _some_claim if needed else no_fault)
        return found if isinstance(found, ScoreFailure) else [str(claim) for claim in found["claims"]]

    def ask(
        self,
        row: Row,
        system: str,
        shown: Mapping[str, str],
        schema: Schema,
        check: Callable[[Mapping[str, Any]], str | None] = no_fault,
    ) -> Mapping[str, Any] | ScoreFailure:
        """Return the judge's verdict on what it is shown."""
        if self.asked is None:
            return ScoreFailure(reason=f"{self.name} has no judge yet")
        return ask_for(
            self.asked,
            row,
            system=system,
            text=fenced(shown),
            schema=schema,
            check=check,
            style=self.style,
            inference=self.inference,
        )


def _some_claim(verdict: Mapping[str, Any]) -> str | None:
    return None if verdict["claims"] else "claims is empty, and the text has at least one claim: what it answers"


def numbered(items: Iterable[str]) -> str:
    """Return texts under their numbers, one a line."""
    return "\n".join(f"{number}. {' '.join(item.split())}" for number, item in enumerate(items, 1))


def verdicts_schema(lists: Mapping[str, Sequence[str]]) -> Schema:
    """Return the schema of lists of verdicts, each of which is one of the list's two words, the better one first."""
    return {
        "type": "object",
        "properties": {name: _verdicts(words) for name, words in lists.items()},
        "required": list(lists),
        "additionalProperties": False,
    }


def _verdicts(words: Sequence[str]) -> Schema:
    item = {
        "type": "object",
        "properties": {
            "number": {"type": "integer", "description": "The number of what is judged."},
            "reason": {"type": "string", "description": "What decides, in a few words."},
            "verdict": {"type": "string", "enum": list(words)},
        },
        "required": ["number", "reason", "verdict"],
        "additionalProperties": False,
    }
    return {"type": "array", "items": item}


def one_each(counts: Mapping[str, int]) -> Callable[[Mapping[str, Any]], str | None]:
    """Return a check that every list has one verdict for each of the numbers from 1 on."""

    def check(verdict: Mapping[str, Any]) -> str | None:
        for name, count in counts.items():
            numbers = sorted(int(item["number"]) for item in verdict[name])
            if numbers != list(range(1, count + 1)):
                return f"{name} must have one verdict for each number from 1 to {count}, and has {len(numbers)}" + (
                    " with other numbers" if len(numbers) == count else ""
                )
        return None

    return check


def good(verdicts: Sequence[Mapping[str, Any]], word: str) -> list[bool]:
    """Return whether each verdict is the word, in the order of their numbers."""
    ordered = sorted(verdicts, key=lambda item: int(item["number"]))
    return [item["verdict"] == word for item in ordered]


def listed(claims: Sequence[str], held: Sequence[bool]) -> str:
    """Name the first claims that do not hold."""
    lost = [claim for claim, is_held in zip(claims, held, strict=True) if not is_held]
    more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
    return ", ".join(map(quoted, lost[:_SHOWN])) + more
