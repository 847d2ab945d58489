"""``sme-rules``: the rules that the target breaks most are said to it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import Rewrite, Takes
from pytest_llm_migrate.errors import counted
from pytest_llm_migrate.strategies.instructions import instructed
from pytest_llm_migrate.strategies.settings import whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llm_migrate.domain import PromptTask, Row, Trial

_SAID = re.compile(r"(?:^|; )\w+ -?[\d.]+(?:e[+-]?\d+)?(?:: |(?=;|$))")
"""What `Trial.feedback` has ahead of each metric's reason: its name and score."""
_BROKE = "broke: "
_DETAIL = re.compile(r" \([^()]*\)$")
"""What a metric says behind a rule of how one answer breaks it: it may tell that row's golden answer."""
_COMMON = 2
"""Rows of which a metric must say the same to make it a rule: what it says of one row may be that row's answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmeRules:
    """Tries the prompt out, reads which rules the answers break, and adds those as instructions, most frequent first.

    Rules are what reasons of metrics list behind ``broke:``, each without what stands in parentheses behind it, and
    asked for by the sentence that the metric has for it. Any other reason becomes a fault to avoid where it is said of
    several rows in the same words and tells none of their golden answers. It takes the setting ``rules`` (how many at
    most).
    """

    rules: int = 8
    name: str = "sme-rules"
    learns: bool = True
    settings: frozenset[str] = frozenset({"rules"})
    tool: str = "sme-rules 1"

    def configured(self, settings: Mapping[str, Any]) -> SmeRules:
        """Return the strategy as the user set it."""
        return replace(self, rules=whole(settings, "rules", self.rules))

    def takes(self, rows: int) -> Takes:
        """Return the answers to the prompt before and after."""
        return Takes(texts=0, answers=2 * rows)

    def rewrite(self, task: PromptTask) -> Rewrite:
        """Return the prompt with the broken rules, or as it was where the dev score falls by them or none is broken.

        Raises `CallFailedError` where the target does not answer.
        """
        before = task.try_out(task.prompt, task.rows)
        lines = _lines(before.feedback, task.rows, task.instructions)[: self.rules]
        if not lines:
            note = f"Metrics name no rule that answers to {counted(before.rows, 'dev row')} break: the prompt stays."
            return Rewrite(prompt=task.prompt, trials=(before,), notes=(note,))
        prompt = instructed(task, "\n".join(["Keep to these rules:", *(f"- {line}" for line in lines)]))
        after = task.try_out(prompt, task.rows)
        is_better = after.mean >= before.mean
        return Rewrite(
            prompt=prompt if is_better else task.prompt,
            trials=(before, after),
            notes=(_note(before, after, lines, is_kept=is_better),),
        )


def _lines(feedback: Mapping[str, str], rows: Sequence[Row], instructions: Mapping[str, str]) -> list[str]:
    """Return the instructions that feedback on rows asks for, the most frequent first; a rule without one is named."""
    rules: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for said in feedback.values():
        reasons = [reason.strip() for reason in _SAID.split(said) if reason.strip()]
        broken = [reason.removeprefix(_BROKE) for reason in reasons if reason.startswith(_BROKE)]
        named = (_DETAIL.sub("", rule.strip()) for reason in broken for rule in reason.split("; "))
        rules.update(dict.fromkeys(filter(None, named)).keys())
        faults.update(dict.fromkeys(reason for reason in reasons if not reason.startswith(_BROKE)).keys())
    golden = {text for row in rows if row.sample_id in feedback for text in _texts(row.reference)}
    common = {
        f"Avoid this fault: {fault}": times
        for fault, times in faults.items()
        if times >= _COMMON and not any(text in fault for text in golden)
    }
    found = Counter(common) + rules
    return list(dict.fromkeys(instructions.get(line, line) for line, _ in found.most_common()))


def _texts(golden: Any) -> Iterator[str]:
    """Yield the texts and figures that a golden answer is made of."""
    if isinstance(golden, dict):
        golden = list(golden.values())
    if isinstance(golden, (list, tuple)):
        for item in golden:
            yield from _texts(item)
    elif golden is not None and str(golden).strip():
        yield str(golden).strip()


def _note(before: Trial, after: Trial, lines: Sequence[str], *, is_kept: bool) -> str:
    scores = f"{before.mean:.3f} -> {after.mean:.3f} over {counted(after.rows, 'dev row')}"
    if is_kept:
        return f"{counted(len(lines), 'rule')} added, score {scores}."
    return f"{counted(len(lines), 'rule')} made the score fall ({scores}): the prompt stays."
