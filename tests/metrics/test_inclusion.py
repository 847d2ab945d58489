"""Whether an answer is, or holds, the expected text."""

from __future__ import annotations

import pytest

from pytest_llm_migrate.metrics import Contains, QuasiMatch
from tests.metrics.scored import failed, scored


@pytest.mark.parametrize(
    ("answer", "truth"),
    [
        ("The Eiffel Tower!", "eiffel tower"),
        (" a   cat,\nand an apple ", "cat and apple"),
        ("", "The."),
        ("no", ["yes", "No."]),
        ("40", 40),
    ],
)
def test_case_punctuation_articles_and_blanks_do_not_matter(answer: str, truth: object) -> None:
    """What HELM's normalisation makes equal scores 1."""
    assert scored(QuasiMatch(), answer, truth) == 1.0


@pytest.mark.parametrize(("answer", "truth"), [("tower", "eiffel tower"), ("", "cat"), ("cafe", "café")])
def test_other_words_do(answer: str, truth: str) -> None:
    """A word more, less or other scores 0 and shows both."""
    score = scored(QuasiMatch(), answer, truth)
    assert (float(score), score.reason) == (0.0, f"expected {truth!r}, got {answer!r}")


@pytest.mark.parametrize(
    ("answer", "truth", "value"),
    [
        ("It goes to BILLING.", "billing", 1),
        ("I know", "no", 0),
        ("No, I know", "no", 1),
        ("I know: no", "no", 1),
        ("route 42", "4", 0),
        ("他在中国工作", "中国", 1),
        ("C++ and C#", "C#", 1),
        ("snake_case", "snake", 0),
        ("two\n words", "two words", 1),
        ("red or blue", ["green", "blue"], 1),
    ],
)
def test_an_accepted_text_is_found_as_whole_words(answer: str, truth: object, value: float) -> None:
    """A text within another word does not count; where words are not set apart any place does."""
    assert scored(Contains(), answer, truth) == value


def test_every_text_of_a_list_can_belong_into_the_answer() -> None:
    """The score is the share that is there, and the reason names what is not."""
    score = scored(Contains(every=True), "net income rose in Q3", ["Net income", "Q3", "2018", "euro"])
    assert float(score) == 0.5
    assert score.reason == "missing '2018', 'euro'; got 'net income rose in Q3'"


@pytest.mark.parametrize(("metric", "truth"), [(Contains(), ""), (Contains(every=True), ["a", " "])])
def test_an_empty_text_is_not_looked_for(metric: Contains, truth: object) -> None:
    """It is in every answer, so that no answer could fail."""
    assert failed(metric, "a", truth) == "the ground truth holds an empty text, which is in every answer"


def test_case_can_matter() -> None:
    """With case=True another case is another text."""
    assert scored(Contains(case=True), "us", "US") == 0.0
