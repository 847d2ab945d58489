"""The rules that subject-matter experts hold answers to."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics.factual import FactualCorrectness
from pytest_llm_migrate.metrics.functions import function_metric
from pytest_llm_migrate.metrics.grounding import passages_of
from pytest_llm_migrate.metrics.material import is_nothing, told
from pytest_llm_migrate.metrics.normalisation import comparable
from pytest_llm_migrate.metrics.numeric import NumericMatch
from pytest_llm_migrate.metrics.periods import dates, fiscal_years, quarters, years
from pytest_llm_migrate.metrics.quantities import quantities, scale_in
from pytest_llm_migrate.metrics.reasons import quoted
from pytest_llm_migrate.metrics.rules import judged_rule, rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_llm_migrate.domain import Answer, Row
    from pytest_llm_migrate.metrics.rules import Applies, JudgedRule, Rule

    Found = tuple[bool, str]

VERSION = "1"
"""Raised whenever a rule of this file finds something else in the same texts."""
_LISTING = re.compile(r"\b(?:list|enumerate|itemi[sz]e|bullets?|bullet points?)\b", re.IGNORECASE)
_EXCERPTS = re.compile(r"\b(?:excerpts?|quotes?|quotations?|verbatim|word for word)\b", re.IGNORECASE)
_BULLET = re.compile(r"^[ \t]*(?:[-*+\u2022\u2023\u25aa\u2013]|\d{1,3}[.)])[ \t]+\S", re.MULTILINE)
_QUOTED = re.compile(r'"([^"\n]{1,5000})"|\u201c([^\u201d\n]{1,5000})\u201d|^[ \t]*>[ \t]?(\S.*)$', re.MULTILINE)
_SOURCE_WORDS = (
    r"(?:context|documents?|passages?|excerpts?|texts?|information|articles?|reports?|sources?|filings?|content|data)"
)
_NAMES_CONTEXT = re.compile(
    r"\W{0,20}(?:(?:according to|based (?:up)?on|as (?:stated|mentioned|described|shown|noted|given|per)(?: in| by)?|"
    r"per|from|in|given|as per)\s)?"
    r"(?:the|this|these|your)\s(?:(?:given|provided|above|supplied|retrieved)\s){0,2}"
    rf"{_SOURCE_WORDS}\b(?:\s(?:provided|given|above|you))?"
    r"(?:\s?,|\s(?:states?|says?|mentions?|shows?|indicates?|provides?|does|do|notes?)\b)",
    re.IGNORECASE,
)
_EXCERPT_WORDS = 3
_SHOWN = 5


def numbers_match(*, scale: str | None = None, scale_column: str | None = None, weight: float = 1.0) -> Rule:
    """Return the rule that every number of the ground truth stands in the answer, read as `NumericMatch` reads it."""
    plain = NumericMatch(scale=scale)

    def check(answer: Answer, row: Row) -> Found:
        implied = scale_in(str(row.get(scale_column) or "")) if scale_column else scale
        match, found = NumericMatch(scale=implied), quantities(answer.text)
        missing = [truth.text for truth in quantities(_truth(row)) if not match.is_given(truth, found)]
        return not missing, f"without {_listed(map(quoted, dict.fromkeys(missing)))}"

    settings = f"scale_column={scale_column!r}, {plain.version}"
    asks = "Give every figure that is asked for, with its exact value, unit and scale such as million."
    if scale:
        asks = f"Give every figure that is asked for, with its exact value and unit; one without a scale means {scale}."
    return _rule("numbers match", check, asks, settings, when=_truth_holds_numbers, weight=weight)


def claims_present(*, judge: str | None = None, weight: float = 1.0) -> Rule:
    """Return the rule that the answer has every claim of the ground truth: three calls, shared with `answer_recall`."""
    recall = FactualCorrectness(name="answer_recall", part="recall", judge=judge)
    asks = "Give every fact that a complete answer needs, and leave none out."
    return rule("every claim present", recall, when=_has_truth, weight=weight, instruction=asks)


def nothing_irrelevant(*, weight: float = 1.0) -> JudgedRule:
    """Return the rule that every sentence bears on the question, which a judge decides."""
    question = "Does every sentence of the answer bear on the question, with none that could be left out as irrelevant?"
    asks = "Leave out every sentence that does not bear on the question."
    return judged_rule("no irrelevant sentence", question, weight=weight, instruction=asks)


def professional_tone(*, weight: float = 1.0) -> JudgedRule:
    """Return the rule that the answer's tone suits a business setting, which a judge decides."""
    question = (
        "Is the tone professional throughout: sober, clear and polite, with no slang, no exclamation, no familiarity?"
    )
    asks = "Keep a professional tone: sober, clear and polite, with no slang, no exclamation and no familiarity."
    return judged_rule("professional tone", question, weight=weight, instruction=asks)


def fiscal_year_named(*, weight: float = 1.0) -> Rule:
    """Return the rule that the answer names the fiscal years that the ground truth, else the question, names."""

    def check(answer: Answer, row: Row) -> Found:
        named = set(years(answer.text))
        missing = [f"FY{year}" for year in _asked_for(row, fiscal_years) if year not in named]
        return not missing, f"without {_listed(missing)}"

    asks = "Name the fiscal year of every figure, such as FY2024."
    return _rule("fiscal year named", check, asks, when=lambda row: bool(_asked_for(row, fiscal_years)), weight=weight)


def quarters_named(*, weight: float = 1.0) -> Rule:
    """Return the rule that the answer names the quarters that the ground truth, else the question, names."""

    def check(answer: Answer, row: Row) -> Found:
        named = {quarter.number for quarter in quarters(answer.text)}
        wanted = dict.fromkeys(quarter.number for quarter in _asked_for(row, quarters))
        missing = [f"Q{number}" for number in wanted if number not in named]
        return not missing, f"without {_listed(missing)}"

    asks = "Name the quarter of every figure, such as Q2 FY2024."
    return _rule("quarters named", check, asks, when=lambda row: bool(_asked_for(row, quarters)), weight=weight)


def quarters_in_order(*, newest_first: bool = False, weight: float = 1.0) -> Rule:
    """Return the rule that quarters are first named in the order of time, or against it.

    Where some are named with their years, only those are looked at; else their numbers alone.
    """

    def check(answer: Answer, _row: Row) -> Found:
        named = quarters(answer.text)
        dated = [(quarter.year, quarter.number) for quarter in named if quarter.year]
        order = dated or [(0, quarter.number) for quarter in named]
        pairs = pairwise(reversed(order) if newest_first else order)
        return all(one <= other for one, other in pairs), ", ".join(map(str, named[:_SHOWN]))

    asks = f"Name quarters in the order of time, the {'newest' if newest_first else 'oldest'} first."
    return _rule("quarters in order", check, asks, f"newest_first={newest_first}", weight=weight)


def word_count(least: int = 30, most: int = 150, *, when: Applies | None = None, weight: float = 1.0) -> Rule:
    """Return the rule that an answer has so many words, those between blanks; ``when`` tells which rows' answers."""
    if not 0 <= least <= most:
        raise MetricDefinitionError("word_count", f"no answer has {least} to {most} words", "The least stands first.")

    def check(answer: Answer, _row: Row) -> Found:
        count = len(answer.text.split())
        return least <= count <= most, f"{count} of {least}-{most} words"

    asks = f"Write {least} to {most} words."
    if least in (most, 0):
        asks = f"Write {'exactly' if least else 'at most'} {most} words."
    return _rule("word count", check, asks, f"{least}-{most}", when=when, weight=weight)


def bullets_for_lists(*, when: Applies | None = None, weight: float = 1.0) -> Rule:
    """Return the rule of at least two bullets, or numbers, where a list is asked for; ``when`` tells where that is.

    Left out, it is where the question holds a word such as *list*, *enumerate* or *bullet*.
    """

    def check(answer: Answer, _row: Row) -> Found:
        count = len(_BULLET.findall(answer.text))
        return count > 1, f"{count} bullets"

    asks = 'Where a list is asked for, write each item on a line of its own that starts with "- ".'
    return _rule("bullets for a list", check, asks, when=when or _asks_for_list, weight=weight)


def excerpts_verbatim(*, when: Applies | None = None, weight: float = 1.0) -> Rule:
    """Return the rule that excerpts stand in quotation marks or behind ``>``, and in the context word for word.

    Quotations of fewer than three words are none. It holds where ``when`` tells, or else where the question asks for
    excerpts or quotes; a row without a context is not searched for them.
    """

    def check(answer: Answer, row: Row) -> Found:
        found = ["".join(filter(None, match.groups())) for match in _QUOTED.finditer(answer.text)]
        excerpts = [text for text in found if len(text.split()) >= _EXCERPT_WORDS]
        if not excerpts:
            return False, "no excerpt in quotation marks"
        context = "" if is_nothing(row.context) else comparable(" ".join(passages_of(row.context)))
        strange = [text for text in excerpts if context and comparable(text).rstrip(".,") not in context]
        return not strange, f"not in the context: {_listed(map(quoted, strange))}"

    asks = "Where excerpts are asked for, copy them word for word from the given text, in quotation marks."
    return _rule("excerpts as quotations", check, asks, when=when or _asks_for_excerpts, weight=weight)


def not_naming_context(*, weight: float = 1.0) -> Rule:
    """Return the rule that an answer does not begin with ``According to the context`` or the like."""

    def check(answer: Answer, _row: Row) -> Found:
        return _NAMES_CONTEXT.match(answer.text) is None, answer.text[:60]

    asks = 'Start with the answer itself, not with words such as "According to the context".'
    return _rule("does not start by naming the context", check, asks, weight=weight)


def publication_date_given(*, column: str = "publication_date", weight: float = 1.0) -> Rule:
    """Return the rule that an answer gives the date in a column, in any usual form; no rule for rows without one.

    A column whose text is no full date must stand in the answer as it is.
    """

    def check(answer: Answer, row: Row) -> Found:
        text = told(row[column])
        wanted = dates(text)
        given = wanted <= dates(answer.text) if wanted else comparable(text) in comparable(answer.text)
        return given, f"without {quoted(text)}"

    return _rule(
        "publication date given",
        check,
        f"Give the {column.replace('_', ' ')} of what the answer rests on.",
        f"column={column!r}",
        when=lambda row: not is_nothing(row.get(column)),
        weight=weight,
    )


def sme_rules() -> tuple[Rule | JudgedRule, ...]:
    """Return every rule of this kind with its default settings, in the order in which findings are told."""
    facts = (numbers_match(), claims_present(), nothing_irrelevant())
    periods = (fiscal_year_named(), quarters_named(), quarters_in_order())
    form = (word_count(), bullets_for_lists(), excerpts_verbatim(), not_naming_context())
    return (*facts, *periods, *form, professional_tone(), publication_date_given())


def _rule(
    name: str,
    check: Callable[[Answer, Row], Found],
    asks: str,
    settings: str = "",
    *,
    when: Applies | None = None,
    weight: float,
) -> Rule:
    metric = function_metric(check, name=name, version=f"{VERSION} {settings}", kept=False)
    return rule(name, metric, when=when, weight=weight, instruction=asks)


def _truth(row: Row) -> str:
    return "" if row.reference is None else told(row.reference)


def _has_truth(row: Row) -> bool:
    return bool(_truth(row).strip())


def _truth_holds_numbers(row: Row) -> bool:
    return bool(quantities(_truth(row)))


def _asked_for(row: Row, find: Callable[[str], list[Any]]) -> list[Any]:
    return find(_truth(row)) or find(told(row.get("question") or ""))


def _asks_for_list(row: Row) -> bool:
    return _LISTING.search(told(row.get("question") or "")) is not None


def _asks_for_excerpts(row: Row) -> bool:
    return _EXCERPTS.search(told(row.get("question") or "")) is not None


def _listed(items: Iterable[str]) -> str:
    found = list(items)
    return ", ".join(found[:_SHOWN]) + (f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
