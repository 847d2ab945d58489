"""Style guides: what each rule finds, and what is made of the findings."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytest_llm_migrate
from pytest_llm_migrate.domain import Answer, InstructingMetric, Score, ScoreFailure
from pytest_llm_migrate.errors import MetricDefinitionError
from pytest_llm_migrate.metrics import (
    CitationsPresent,
    JudgedStyleGuide,
    Pairwise,
    Rule,
    StyleGuide,
    bullets_for_lists,
    claims_present,
    excerpts_verbatim,
    fiscal_year_named,
    judged_rule,
    not_naming_context,
    numbers_match,
    publication_date_given,
    quarters_in_order,
    quarters_named,
    rule,
    sme_rules,
    style_guide,
    violations,
    word_count,
)
from pytest_llm_migrate.metrics.style_guide import broken_in_repeats
from tests.metrics.judges import ScriptedJudge, judge, row, verdict
from tests.metrics.test_any_text import ANY_TEXT, HOSTILE, MEGABYTE, TEXTS

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Metric, Row
    from pytest_llm_migrate.metrics import JudgedRule


DETERMINISTIC = [each for each in sme_rules() if isinstance(each, Rule) and each.name != "every claim present"]
BROKEN_TWICE = style_guide(
    rule("mentions the ISIN", lambda answer, _row: "ISIN" in answer.text),
    rule("short", lambda answer, _row: (len(answer.text) < 5, f"{len(answer.text)} (of 5); long")),
    rule("an answer", lambda answer, _row: bool(answer.text), weight=2),
)


def outcome(metric: Metric, text: str, **values: Any) -> Score | ScoreFailure:
    """Score an answer."""
    return metric.score(Answer(text=text), row(**values))


def found(of: Rule, text: str, **values: Any) -> str | None:
    """Return what breaks a rule, ``None`` where it is kept, ``no rule applies ...`` where it does not apply."""
    score = outcome(style_guide(of), text, **values)
    if isinstance(score, ScoreFailure):
        return score.reason
    return None if float(score) == 1 else violations(score)[of.name]


NONE_APPLIES = "no rule applies to this row"


@pytest.mark.parametrize(
    ("of", "text", "values", "says"),
    [
        (numbers_match(scale="million"), "It was $1,577 million.", {"answer_ground_truth": "$1577.00"}, None),
        (
            numbers_match(scale_column="unit"),
            "It was 1.577bn.",
            {"answer_ground_truth": "1577", "unit": "USD millions"},
            None,
        ),
        (numbers_match(), "Up 3%.", {"answer_ground_truth": "Up 3%, to 7 and 8."}, "without '7', '8'"),
        (numbers_match(), "Up.", {"answer_ground_truth": "It rose."}, NONE_APPLIES),
        (fiscal_year_named(), "In FY18 it rose.", {"answer_ground_truth": "fiscal year 2018"}, None),
        (fiscal_year_named(), "In 2018 it rose.", {"question": "What of FY2018?"}, None),
        (fiscal_year_named(), "It rose.", {"question": "What of FY2018 and FY'19?"}, "without FY2018, FY2019"),
        (fiscal_year_named(), "It rose.", {"question": "What now?"}, NONE_APPLIES),
        (quarters_named(), "In the third quarter, and 4Q18.", {"question": "Q3 and Q4?"}, None),
        (quarters_named(), "In Q3.", {"question": "Q3 and Q4?"}, "without Q4"),
        (quarters_in_order(), "Q3 2022, then Q4 2022, then Q1 2023.", {}, None),
        (quarters_in_order(), "Q2, Q1, then Q2 again.", {}, "Q2, Q1"),
        (quarters_in_order(newest_first=True), "Q1 FY23, then Q4 FY22.", {}, None),
        (quarters_in_order(), "Q1 FY23, then 2022 Q4.", {}, "Q1 2023, Q4 2022"),
        (quarters_in_order(), "In Q3 15 shops, in Q4 12.", {}, None),
        (word_count(), "word " * 30, {}, None),
        (word_count(), "word " * 12, {}, "12 of 30-150 words"),
        (word_count(), "word " * 151, {}, "151 of 30-150 words"),
        (word_count(when=lambda row: row["kind"] != "fact"), "word", {"kind": "fact"}, NONE_APPLIES),
        (bullets_for_lists(), "- one\n- two", {"question": "List the risks."}, None),
        (bullets_for_lists(), "1. one\n2) two", {"question": "Give me bullet points."}, None),
        (bullets_for_lists(), "one and two", {"question": "List the risks."}, "0 bullets"),
        (bullets_for_lists(), "one and two", {"question": "What was listed?"}, NONE_APPLIES),
        (
            excerpts_verbatim(),
            "\u201cSales rose a lot\u201d and\n> fell again later.",
            {"question": "Any excerpts?", "content": ["Sales ROSE\na lot.", "They fell again later."]},
            None,
        ),
        (excerpts_verbatim(), "Sales rose.", {"question": "Quote it."}, "no excerpt in quotation marks"),
        (
            excerpts_verbatim(),
            '"Sales fell a lot"',
            {"question": "Quote it.", "content": "Sales rose a lot."},
            "not in the context  'Sales fell a lot'".replace("  ", " "),
        ),
        (excerpts_verbatim(), '"Sales rose a lot"', {"question": "Quote it."}, None),
        (not_naming_context(), "Sales rose, according to the context.", {}, None),
        (not_naming_context(), "The report season begins.", {}, None),
        (publication_date_given(), "Published on January 5, 2024.", {"publication_date": "2024-01-05"}, None),
        (publication_date_given(), "Published 5th Jan. 2024", {"publication_date": "5 January 2024"}, None),
        (publication_date_given(), "In 2024.", {"publication_date": "2024-01-05"}, "without '2024-01-05'"),
        (publication_date_given(), "Of spring 2024.", {"publication_date": "Spring 2024"}, None),
        (publication_date_given(), "Soon.", {}, NONE_APPLIES),
        (publication_date_given(column="day"), "Soon.", {"day": "2024-13-45"}, "without '2024-13-45'"),
    ],
)
def test_what_a_rule_finds(of: Rule, text: str, values: dict[str, Any], says: str | None) -> None:
    """Each rule keeps to its rows, and says in a few words what breaks it."""
    assert found(of, text, **values) == says


@pytest.mark.parametrize(
    "text",
    [
        "According to the context, sales rose.",
        "**Based on the provided documents**, sales rose.".replace("**,", ","),
        "The context states that sales rose.",
        "As stated in the report, sales rose.",
        "From the information provided, sales rose.",
    ],
)
def test_answers_that_name_the_context_first(text: str) -> None:
    """Common beginnings of the kind are told."""
    assert found(not_naming_context(), text) is not None


def test_the_score_is_the_weighted_share_and_the_reason_can_be_read() -> None:
    """Details lose the marks that part findings, so that the names can be told apart again."""
    score = outcome(BROKEN_TWICE, "a long answer")
    assert isinstance(score, Score)
    assert (score, score.reason) == (0.5, "broke: mentions the ISIN; short (13 of 5 long)")
    assert violations(score) == {"mentions the ISIN": "", "short": "13 of 5 long"}
    kept = outcome(BROKEN_TWICE, "ISIN")
    assert isinstance(kept, Score)
    assert (float(kept), violations(kept)) == (1, {})


def test_a_metric_can_be_a_rule() -> None:
    """It is kept where the metric gives 1."""
    assert found(rule("cites", CitationsPresent()), "It rose [1].") is None
    assert found(rule("cites", CitationsPresent()), "It rose.") == "0 of at least 1 citations"


def test_a_guide_without_judged_rules_needs_no_judge() -> None:
    """With one it does; without rules of its own it has the experts'."""
    assert isinstance(BROKEN_TWICE, StyleGuide)
    whole = style_guide()
    assert isinstance(whole, JudgedStyleGuide)
    assert len(whole.rules) == 12
    assert whole.calls == 4
    assert pytest_llm_migrate.style_guide is style_guide
    assert (pytest_llm_migrate.rule, pytest_llm_migrate.judged_rule) == (rule, judged_rule)


def guided(by: ScriptedJudge, *rules: Any, **values: Any) -> Score | ScoreFailure:
    """Score an answer by a judged guide."""
    made = style_guide(*rules)
    assert isinstance(made, JudgedStyleGuide)
    return outcome(made.judged_by(lambda _: by), "a fine answer", **values)


def on(*words: str) -> dict[str, Any]:
    """Return verdicts on rules."""
    return {"rules": [{"number": n, "reason": f"so; it (is) {n}", "verdict": w} for n, w in enumerate(words, 1)]}


POLITE = judged_rule("is polite", "Would a customer find this polite?")
BRIEF = judged_rule("is brief", "Could no word be left out?", weight=2)
NAMED = rule("names it", lambda answer, _row: "it" in answer.text)


def test_judged_rules_share_one_call() -> None:
    """All of an answer's are asked at once, and told in the order of the guide."""
    by = judge(verdict(**on("broken", "kept")))
    score = guided(by, POLITE, NAMED, BRIEF, question="why?", content="because", answer_ground_truth="so")
    assert isinstance(score, Score)
    assert (score, score.reason) == (0.5, "broke: is polite (so it is 1); names it")
    assert len(by.asked) == 1
    said = str(by.asked[0].system)
    assert "1. is polite: Would a customer find this polite?\n2. is brief: Could no word be left out?" in said
    assert "a fine answer" in by.texts[0]


def test_judged_rules_that_do_not_apply_are_not_asked() -> None:
    """Where none of them applies, nobody is."""
    by = judge(verdict(**on("kept")))
    rare = judged_rule("is rare", "Is it rare?", when=lambda row: row.get("rare"))
    alone: object = guided(by, rare, rule("an answer", lambda answer, _row: bool(answer.text)))
    assert (alone, by.asked) == (1, [])
    both: object = guided(by, rare, POLITE)
    assert both == 1
    assert "rare" not in str(by.asked[0].system)


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (verdict(rules=[]), "rules must have one verdict for each number from 1 to 1, and has 0"),
        (verdict(**on("kept", "kept")), "and has 2"),
        (verdict(**on("yes")), "verdict is 'yes', not 'kept' or 'broken'"),
    ],
)
def test_a_judge_that_says_too_little_gives_no_score(reply: Answer, fault: str) -> None:
    """An odd verdict fails the score, and is neither kept nor broken."""
    failure = guided(judge(reply), POLITE)
    assert isinstance(failure, ScoreFailure)
    assert fault in failure.reason


def test_a_rule_of_claims_takes_three_calls() -> None:
    """And names the claims that are missing."""
    claims = verdict(claims=["a"])
    item = {"number": 1, "reason": ""}
    missing = verdict(
        answer_claims=[{**item, "verdict": "supported"}], reference_claims=[{**item, "verdict": "missing"}]
    )
    by = judge(claims, claims, missing)
    score = guided(by, claims_present(), answer_ground_truth="A.")
    assert score.reason == "broke: every claim present (0 of 1 claims of the ground truth covered missing 'a')"
    assert len(by.asked) == 3


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (rule("odd", lambda _answer, row: row["nothing"]), "rule 'odd': KeyError: 'nothing'"),
        (rule("odd", lambda _answer, _row: None), "rule 'odd': odd returned None, not a number"),
        (
            rule("odd", lambda _answer, _row: True, when=lambda row: row["nothing"]),
            "rule 'odd': whether it applies cannot be told: KeyError: 'nothing'",
        ),
    ],
)
def test_a_rule_that_breaks_gives_no_score(broken: Rule, reason: str) -> None:
    """A bug in a rule is a failure with its name, not an answer's fault."""
    assert outcome(style_guide(broken), "a") == ScoreFailure(reason=reason)


def test_a_guide_s_judge_is_its_rules_judge() -> None:
    """Unless a rule names its own."""
    wanted: list[str | None] = []

    def judge_of(ref: str | None) -> ScriptedJudge:
        wanted.append(ref)
        return ScriptedJudge([])

    for own in (None, "mine:own"):
        guide = style_guide(claims_present(judge=own), POLITE, judge="mine:model")
        assert isinstance(guide, JudgedStyleGuide)
        guide.judged_by(judge_of)
    assert wanted == ["mine:model", "mine:model", "mine:own", "mine:model"]


def test_the_version_knows_every_rule() -> None:
    """Another limit, question, predicate, weight or order is another version; the same rules are the same."""

    def always(_row: Row) -> bool:
        return True

    guides = [
        style_guide(word_count()),
        style_guide(word_count(10)),
        style_guide(word_count(weight=2)),
        style_guide(word_count(when=always)),
        style_guide(POLITE),
        style_guide(judged_rule("is polite", "Is it?")),
        style_guide(numbers_match()),
        style_guide(numbers_match(scale="million")),
    ]
    assert len({guide.version for guide in guides}) == len(guides)
    assert style_guide().version == style_guide().version


@pytest.mark.parametrize(
    ("of", "asks"),
    [
        (word_count(), "Write 30 to 150 words."),
        (word_count(0, 9), "Write at most 9 words."),
        (word_count(9, 9), "Write exactly 9 words."),
        (quarters_in_order(newest_first=True), "Name quarters in the order of time, the newest first."),
        (publication_date_given(column="date_of_issue"), "Give the date of issue of what the answer rests on."),
        (rule("ends politely", CitationsPresent(), instruction="End with a greeting."), "End with a greeting."),
        (rule("ends politely", CitationsPresent()), "ends politely"),
        (judged_rule("polite", "Is it\npolite?"), "Write so that the answer to this is yes: Is it polite?"),
        (judged_rule("polite", "Is it polite?", instruction="Be polite."), "Be polite."),
    ],
)
def test_a_rule_can_be_asked_for_in_a_prompt(of: Rule | JudgedRule, asks: str) -> None:
    """By its own sentence with its own settings, else by its name or its question; the version is the same."""
    guide = style_guide(of)
    assert isinstance(guide, InstructingMetric)
    assert guide.instructions == {of.name: asks}
    assert str(replace(of, instruction="")) == str(of)


def test_every_rule_of_experts_is_asked_for_in_a_sentence() -> None:
    """None is left to its name."""
    assert all(each.asks == each.instruction and each.asks.endswith(".") for each in sme_rules())


def test_rules_that_cannot_be_are_refused() -> None:
    """Names that would break the reason, weights of nothing, no questions, and what is no rule."""
    for name in ("", "a; b", "a (b)", "a: b"):
        with pytest.raises(MetricDefinitionError, match="its name is empty or holds"):
            rule(name, CitationsPresent())
    for weight in (0, -1, float("nan"), float("inf")):
        with pytest.raises(MetricDefinitionError, match="is not a number above 0"):
            judged_rule("a", "b?", weight=weight)
    with pytest.raises(MetricDefinitionError, match="its question to the judge is empty"):
        judged_rule("a", " ")
    with pytest.raises(MetricDefinitionError, match="pairwise compares two answers, and a rule looks at one"):
        rule("a", Pairwise())
    with pytest.raises(MetricDefinitionError, match=r"is no rule. Make one of it: rule\("):
        style_guide(print)  # type: ignore[arg-type]
    with pytest.raises(MetricDefinitionError, match="it has 2 rules 'word count'"):
        style_guide(word_count(), word_count(5))
    with pytest.raises(MetricDefinitionError, match=r"no answer has 150 to 30 words. The least stands first."):
        word_count(150, 30)


@given(TEXTS, ANY_TEXT | st.lists(ANY_TEXT), ANY_TEXT)
def test_every_text_gets_a_share_or_a_failure(text: str, truth: object, question: str) -> None:
    """No answer, ground truth or question makes a rule raise, or gives a reason that cannot be read."""
    values = {"answer_ground_truth": truth, "question": f"list FY20 Q3 excerpts {question}", "content": truth}
    score = outcome(style_guide(*DETERMINISTIC), text, publication_date=question, **values)
    assert isinstance(score, Score), score
    assert 0 <= score <= 1
    assert set(violations(score)) <= {each.name for each in DETERMINISTIC}
    assert (float(score) == 1) == (not violations(score))
    assert score.reason.isprintable()


@pytest.mark.parametrize("each", DETERMINISTIC, ids=lambda each: each.name)
def test_no_repetition_takes_more_than_linear_time(each: Rule) -> None:
    """A megabyte of anything is looked at once."""
    for pattern in [*HOSTILE, '"a b c ', "> ", "Q1 ", "FY18 ", "2018 Q3", "May 5, 2018 ", "- a\n", "the ", "q1 of "]:
        started = time.perf_counter()
        text = pattern * (MEGABYTE // 10 // len(pattern))
        values = {"question": "list FY20 Q3 excerpts", "publication_date": "2018-05-06", "content": "a b"}
        outcome(style_guide(each), text, answer_ground_truth="Q1 of FY18 was 7", **values)
        assert time.perf_counter() - started < 5, f"{pattern!r} is slow"


def test_what_any_repeat_breaks_is_kept() -> None:
    """Of several answers to a row every broken rule is named once, with its first detail and how often it is broken."""
    reasons = ["broke: short (13 of 5 long)", "", "broke: mentions the ISIN; short (9 of 5 long)"]
    said = broken_in_repeats(reasons)
    assert said == ("broke: short (13 of 5 long, in 2 of 3 repeats); mentions the ISIN (in 1 of 3 repeats)")
    assert violations(Score(0.5, said)) == {
        "short": "13 of 5 long, in 2 of 3 repeats",
        "mentions the ISIN": "in 1 of 3 repeats",
    }
    assert broken_in_repeats(["", "4 on 1 to 5: it is right"]) == ""
