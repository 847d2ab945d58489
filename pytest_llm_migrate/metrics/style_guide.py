"""A style guide as a metric: the share of its rules that an answer keeps."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import JudgedMetric, Score, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics.claims import ClaimsMetric, good, numbered, one_each, verdicts_schema
from pytest_llm_migrate.metrics.material import DATA_RULE, is_nothing, question_of, told
from pytest_llm_migrate.metrics.reference import SettledMetric
from pytest_llm_migrate.metrics.rules import Finding, JudgedRule, Rule, applies
from pytest_llm_migrate.metrics.style_rules import sme_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llm_migrate.domain import Answer, Judge, Meter, Metric, Row
    from pytest_llm_migrate.metrics.shape import Schema

    AnyRule = Rule | JudgedRule

_BROKE = "broke: "
_FINDING = re.compile(r"(?P<rule>[^()]+?)(?: \((?P<detail>[^()]*)\))?")
_JUDGED = verdicts_schema({"rules": ("kept", "broken")})


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleGuide(SettledMetric):
    """The share of the rules that an answer keeps, each by its weight, of those that apply to its row.

    The reason names every broken rule: ``broke: word count (12 of 30-150 words); professional tone (slang)``.
    `violations` reads it.

    Attributes:
        rules: The rules, none of which asks a judge.
    """

    name: str = "style_guide"
    rules: tuple[Rule, ...]

    @property
    def version(self) -> str:
        """The revision, and every rule with its weight and its own version."""
        return "; ".join([str(self.revision), *map(str, self.rules)])

    @property
    def instructions(self) -> Mapping[str, str]:
        """How a prompt asks for each rule, by the rule's name."""
        return {each.name: each.asks for each in self.rules}

    def metered_by(self, meter: Meter) -> StyleGuide:
        """Return the guide whose rules' calls of embedding models go through the meter."""
        return replace(self, rules=tuple(each.metered_by(meter) for each in self.rules))

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return the share; a failure where no rule applies, or one cannot be told."""
        asked = applicable(self.rules, row)
        if isinstance(asked, ScoreFailure):
            return asked
        return graded([each.finding(answer, row) for each in asked if isinstance(each, Rule)])


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedStyleGuide(ClaimsMetric):
    """A style guide of which a judge decides some rules: all judged rules of an answer in one call.

    Attributes:
        rules: The rules, in the order in which they are told.
    """

    name: str = "style_guide"
    rules: tuple[AnyRule, ...]

    @property
    def calls(self) -> int:
        """Calls that an answer takes at most, without repairs."""
        metrics = [each.metric for each in self.rules if isinstance(each, Rule)]
        asking = sum(int(getattr(metric, "calls", 1)) for metric in metrics if isinstance(metric, JudgedMetric))
        return asking + any(isinstance(each, JudgedRule) for each in self.rules)

    @property
    def instructions(self) -> Mapping[str, str]:
        """How a prompt asks for each rule, by the rule's name."""
        return {each.name: each.asks for each in self.rules}

    @property
    def system(self) -> str:
        """How to judge rules; which ones is part of what each question shows."""
        return (
            "You check whether an answer keeps to rules of style. Say 'kept' where you answer the rule's question with "
            "yes, else 'broken', and in a few words why. Each rule stands for itself. Give one verdict for each "
            f"number.\n\n{DATA_RULE}"
        )

    @property
    def schema(self) -> Schema:
        """A verdict for each judged rule."""
        return _JUDGED

    def metered_by(self, meter: Meter) -> JudgedStyleGuide:
        """Return the guide whose rules' calls of embedding models go through the meter."""
        rules = tuple(each.metered_by(meter) if isinstance(each, Rule) else each for each in self.rules)
        return replace(self, rules=rules)

    def judged_by(self, judge_of: Callable[[str | None], Judge]) -> JudgedStyleGuide:
        """Return the guide with its judge, which is also that of its rules that ask one and name none."""

        def of_rule(ref: str | None) -> Judge:
            return judge_of(ref or self.judge)

        rules = tuple(each.judged_by(of_rule) if isinstance(each, Rule) else each for each in self.rules)
        return replace(self, asked=judge_of(self.judge), rules=rules)

    def score(self, answer: Answer, row: Row) -> Score | ScoreFailure:
        """Return the share; a failure where no rule applies, one cannot be told, or the judge gives no verdict."""
        asked = applicable(self.rules, row)
        if isinstance(asked, ScoreFailure):
            return asked
        judged = self._judged(answer, row, [each for each in asked if isinstance(each, JudgedRule)])
        if isinstance(judged, ScoreFailure):
            return judged
        by_judge = iter(judged)
        return graded([each.finding(answer, row) if isinstance(each, Rule) else next(by_judge) for each in asked])

    def _judged(self, answer: Answer, row: Row, rules: Sequence[JudgedRule]) -> Sequence[Finding] | ScoreFailure:
        if not rules:
            return []
        questions = numbered(f"{each.name}: {each.question}" for each in rules)
        texts = {"context": row.get(str(self.context)), "reference": row.get(str(self.reference))}
        shown = {name: told(value) for name, value in texts.items() if not is_nothing(value)}
        material = {"question": question_of(row, self.question), **shown, "answer": answer.text}
        system = f"{self.system}\n\nThe rules:\n{questions}"
        found = self.ask(row, system, material, _JUDGED, one_each({"rules": len(rules)}))
        if isinstance(found, ScoreFailure):
            return found
        items = sorted(found["rules"], key=lambda item: int(item["number"]))
        return [
            Finding(rule=each.name, kept=kept, detail=str(item["reason"]), weight=each.weight)
            for each, item, kept in zip(rules, items, good(items, "kept"), strict=True)
        ]


def style_guide(*rules: AnyRule, name: str = "style_guide", judge: str | None = None, **settings: Any) -> Metric:
    """Return the metric of these rules, or without any of all that `sme_rules` has; judged only where a rule is.

    ``settings`` are those of every metric that asks a judge: ``style``, ``inference``, and the columns ``question``,
    ``context`` and ``reference``.

    Raises:
        MetricDefinitionError: Two rules have one name, or one is no rule.
    """
    given: tuple[object, ...] = rules
    for each in given:
        if not isinstance(each, (Rule, JudgedRule)):
            raise MetricDefinitionError(name, f"{each!r} is no rule", 'Make one of it: rule("name", check).')
    chosen = rules or sme_rules()
    twice, times = Counter(each.name for each in chosen).most_common(1)[0]
    if times > 1:
        raise MetricDefinitionError(name, f"it has {times} rules {twice!r}")
    plain = tuple(each for each in chosen if isinstance(each, Rule) and not isinstance(each.metric, JudgedMetric))
    if len(plain) == len(chosen):
        return StyleGuide(name=name, rules=plain)
    return JudgedStyleGuide(name=name, judge=judge, rules=chosen, **settings)


def applicable(rules: Sequence[AnyRule], row: Row) -> Sequence[AnyRule] | ScoreFailure:
    """Return the rules that apply to a row, at least one."""
    verdicts = [(each, applies(each, row)) for each in rules]
    failure = next((verdict for _, verdict in verdicts if isinstance(verdict, ScoreFailure)), None)
    asked = [each for each, verdict in verdicts if verdict]
    return failure or asked or ScoreFailure(reason="no rule applies to this row")


def graded(findings: Sequence[Finding | ScoreFailure]) -> Score | ScoreFailure:
    """Return the share of the rules that are kept, by weight, and the broken ones in words."""
    failure = next((found for found in findings if isinstance(found, ScoreFailure)), None)
    if failure:
        return failure
    told_of = [found for found in findings if isinstance(found, Finding)]
    broken = [found for found in told_of if not found.kept]
    if not broken:
        return Score(1.0)
    total = sum(found.weight for found in told_of)
    kept = sum(found.weight for found in told_of if found.kept)
    return Score(kept / total, _BROKE + "; ".join(found.words for found in broken))


def violations(score: Score) -> dict[str, str]:
    """Return the broken rules that a style guide's score names, and what broke each; empty where there is none."""
    if not score.reason.startswith(_BROKE):
        return {}
    parts = (_FINDING.fullmatch(part) for part in score.reason.removeprefix(_BROKE).split("; "))
    return {match["rule"]: match["detail"] or "" for match in parts if match}


def broken_in_repeats(reasons: Sequence[str]) -> str:
    """Return a reason with every rule that is broken in any of several repeats, and in how many; empty without one.

    What broke a rule is told of the first repeat that broke it; `violations` reads the whole.
    """
    each = [violations(Score(0.0, reason)) for reason in reasons]
    found = {name: detail for broken in reversed(each) for name, detail in broken.items()}
    times = Counter(name for broken in each for name in broken)
    said = [
        f"{name} ({f'{found[name]}, ' if found[name] else ''}in {number} of {len(each)} repeats)"
        for name, number in times.items()
    ]
    return _BROKE + "; ".join(said) if said else ""
